"""Release 0.0: the first tutorial, objects and nothing else."""

import sys

from PyQt5.QtWidgets import QApplication

from kiwoom import *


class Signal:
    def __init__(self, api):
        self.api = api

    def login(self):
        pass


class Slot:
    def __init__(self, api):
        self.api = api

    def login(self):
        pass


class Bot:
    def __init__(self):
        self.api = Kiwoom()
        self.signal = Signal(self.api)
        self.slot = Slot(self.api)
        event = "on_event_connect"
        self.api.connect(event, signal=self.signal.login, slot=self.slot.login)

    def run(self):
        self.signal.login()


if __name__ == "__main__":
    app = QApplication(sys.argv)
    bot = Bot()
    bot.run()
    print("made", bot.api.get_connect_state())
    app.exec()
