"""
Programs that wait, and act after the wait; `test_ctrl_c.py` interrupts them there. Arguments: loop, way, clock.

Each prints "ready" when it waits, by a thread that looks whether it does, and "acted" if it goes on after the wait.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from kiwoom import Kiwoom, config

LOST = 3_600_000.0
BUSY_S = 60.0


def ready_when(waits: Callable[[], object]) -> None:
    """Print "ready" from a thread of its own once `waits()` is true."""

    def look() -> None:
        while not waits():
            time.sleep(0.002)
        time.sleep(0.05)  # the wait has begun and is settled
        print("ready", flush=True)

    threading.Thread(target=look, daemon=True).start()


def busy() -> None:
    """Keep the thread in Python code."""
    print("ready", flush=True)
    end = time.monotonic() + BUSY_S
    while time.monotonic() < end:
        pass


def ask(api: Kiwoom, name: str) -> None:
    api.set_input_value("종목코드", "005930")
    api.comm_rq_data(name, "opt10001", 0, "0101")


class Program:
    def __init__(self, api: Kiwoom) -> None:
        self.api = api
        self.waits: list[Any] = api._eventloop.waits

    def login(self) -> None:
        ready_when(lambda: self.waits)
        self.api.login(timeout=60)

    def run(self) -> None:
        self.api.login()
        self.api.set_real_reg("0150", "005930;000660", "10", "0")
        ready_when(lambda: self.waits)
        self.api.run()

    def loop(self) -> None:
        self.api.login()
        self.api.set_real_reg("0150", "005930;000660", "10", "0")
        ready_when(lambda: self.waits)
        self.api.loop(timeout=LOST)

    def slot(self) -> None:
        """The slot of an answer is running."""
        self.api.login()
        self.api.connect("on_receive_tr_data", slot=lambda *_: busy(), key="slow")
        ask(self.api, "slow")
        self.api.loop(timeout=60)

    def nested(self) -> None:
        """A slot waits for an answer of its own, which never comes."""
        self.api.login()

        def slot(*_: object) -> None:
            with self.api.control.faults.lost("OnReceiveTrData"):  # type: ignore[attr-defined]
                ask(self.api, "inner")
                ready_when(lambda: len(self.waits) == 2)
                self.api.loop(timeout=LOST)
            print("acted", flush=True)

        self.api.connect("on_receive_tr_data", slot=slot, key="outer")
        ask(self.api, "outer")
        self.api.loop(timeout=LOST)

    def exec(self) -> None:
        """The program sits in Qt's own loop, and nothing happens."""
        self.api.login()
        ready_when(lambda: True)
        if QApplication.instance().exec_() != 130:  # type: ignore[name-defined]
            print("acted", flush=True)
        self.api.get_connect_state()  # the next line of a program that does not look at the code

    def button(self) -> None:
        """A function of the program that Qt calls is running."""
        from PyQt5.QtCore import QTimer

        self.api.login()
        QTimer.singleShot(0, busy)
        self.api.run()

    def button_exec(self) -> None:
        """The same under the program's own `exec_`."""
        from PyQt5.QtCore import QTimer

        self.api.login()
        QTimer.singleShot(0, busy)
        QApplication.instance().exec_()  # type: ignore[name-defined]
        self.api.get_connect_state()

    async def awaited(self) -> None:
        await self.api.login_async()
        ready_when(lambda: self.waits)
        await self.api.loop_async(timeout=LOST)

    async def awaited_run(self) -> None:
        await self.api.login_async()
        ready_when(lambda: self.waits)
        await self.api.run_async()


def main(loop: str, way: str, clock: str) -> None:
    config.MUTE = True
    login_ms = "&login_ms=60000" if way == "login" else ""
    url = f"sim:?{'clock=virtual' if clock == 'virtual' else ''}&at=2026-02-06 10:00{login_ms}".replace("?&", "?")
    if loop == "qt":
        global QApplication
        from PyQt5.QtWidgets import QApplication

        application = QApplication([])  # type: ignore[name-defined]
        program = Program(Kiwoom(url))
        getattr(program, way)()
        del application
    elif loop == "asyncio":
        program = Program(Kiwoom(url))

        async def inside() -> None:
            done = getattr(program, way)()
            if done is not None:
                await done
            print("acted", flush=True)

        asyncio.run(inside())
    else:
        getattr(Program(Kiwoom(url)), way)()
    print("acted", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
