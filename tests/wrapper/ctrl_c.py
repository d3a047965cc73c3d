"""A program that is interrupted while it waits under Qt; says how its wait ended. Arguments: URL, way of waiting."""

from __future__ import annotations

import sys
import threading
import time

from PyQt5.QtWidgets import QApplication
from tests.conftest import press_ctrl_c

from kiwoom import Kiwoom, config
from kiwoom.control import Control, open_control


def register(control: Control, api: Kiwoom | None) -> None:
    """Have real-time data come all the time."""
    if api is not None:
        api.login()
        api.set_real_reg("0150", "005930;000660", "10", "0")
        return
    connected: list[int] = []
    control.subscribe("OnEventConnect", connected.append)
    control.call("CommConnect")
    while not connected:
        control.pump(1.0)
    control.call("SetRealReg", "0150", "005930;000660", "10", "0")


def press_when_events_come(control: Control) -> None:
    """Press Ctrl-C a little after an event: while Qt waits, so that the next Python code is what Qt calls."""
    came = threading.Event()
    control.subscribe("OnReceiveRealData", lambda *_: came.set())
    threading.Thread(target=lambda: (came.wait(), time.sleep(0.05), press_ctrl_c()), daemon=True).start()


def wait(control: Control, api: Kiwoom | None, way: str, application: QApplication) -> str:
    try:
        if api is not None and way == "run":
            return f"returned {api.run()}"
        if api is not None and way == "loop":
            return f"returned {api.loop(timeout=60)}"
        if way == "pump":
            end = time.monotonic() + 60
            while time.monotonic() < end:
                control.pump(5.0)
            return "was not interrupted"
        return f"returned {application.exec_()}"
    except KeyboardInterrupt:
        return "raised KeyboardInterrupt"


def main(url: str, way: str) -> None:
    application = QApplication([])
    config.MUTE = True
    with open_control(url) as control:
        api = None if way in ("pump", "bare exec") else Kiwoom(control)
        register(control, api)
        press_when_events_come(control)
        print("the wait", wait(control, api, way, application))


if __name__ == "__main__":
    main(*sys.argv[1:])
