"""Release 1.5: the download of a market by capitals, ExitType, the application ended by the program."""

import sys

from PyQt5.QtWidgets import QApplication

from kiwoom import Bot, config
from kiwoom.config.types import ExitType
from kiwoom.utils import clock


class MyBot(Bot):
    def run(self, kwargs=None):
        config.MUTE = True
        self.login()
        kwargs = {
            'market': '0',
            'period': 'tick',
            'start': '20260205',
            'slice': (0, 1),
            'path': 'market/KOSPI/tick',
            'merge': True,
            'warning': False
        } if kwargs is None else kwargs
        result = self.histories(**kwargs)
        print(f'result = {result}')
        return result


if __name__ == '__main__':
    app = QApplication(sys.argv)
    bot = MyBot()
    result = bot.run()
    if result == ExitType.SUCCESS:
        print(f"[{clock()}] done for {config.MARKETS['0']}")
    elif result in (ExitType.FAILURE, ExitType.IMPOSSIBLE):
        raise RuntimeError('download failed')
    assert bot.signal.connected() and bot.slot is bot.server
    bot.histories(sector='2', period='day', start='20260201', slice=(0, 1), path='market/sectors')
    print('sector done')
    app.exit(0)
