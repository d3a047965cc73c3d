"""Release 1.0: a download, then the same in a process of its own that is begun again; ExitCode, config.mute."""

import sys
import time
from multiprocessing import Manager, Process

from PyQt5.QtWidgets import QApplication

from kiwoom import *
from kiwoom.config.history import ExitCode
from kiwoom.utils import clock


class Bot(Bot):
    def run(self, kwargs=None):
        self.login()
        kwargs = (
            {
                "market": "0",
                "period": "day",
                "start": "20260101",
                "slice": (0, 2),
                "path": "market/KOSPI/day",
                "merge": True,
                "warning": False,
            }
            if kwargs is None
            else kwargs
        )
        result = self.histories(**kwargs)
        print(f"result = {result}")
        return result


def run_24(kwargs, share):
    config.mute = True
    app = QApplication(sys.argv)
    bot = Bot()
    bot.login()
    result = bot.histories(**kwargs)
    share["result"] = result
    share["complete"] = True
    bot.exit()


if __name__ == "__main__":
    app = QApplication(sys.argv)
    bot = Bot()
    result = bot.run()
    assert result == ExitCode.success, result
    bot.exit(0)

    kwargs = {
        "market": "10",
        "period": "day",
        "start": "20260105",
        "end": "20260110",
        "slice": (0, 1),
        "merge": True,
        "warning": False,
        "path": "market/KOSDAQ/day",
    }
    ntry, maxtry = 0, 2
    share = Manager().dict()
    share["error"] = False
    share["complete"] = False
    share["impossible"] = False
    while True:
        print(f"[{clock()}] new loop")
        share["error"] = False
        share["complete"] = False
        p = Process(target=run_24, args=(kwargs, share), daemon=True)
        p.start()
        p.join()
        if share["result"] == ExitCode.success:
            print(f"done for {config.markets[kwargs['market']]}")
            break
        elif share["result"] == ExitCode.failure:
            if ntry == maxtry:
                break
            ntry += 1
            time.sleep(1)
        elif not share["complete"]:
            time.sleep(10 * 60)
        else:
            raise RuntimeError("download fails")
    print("all finished")
