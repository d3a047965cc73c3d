"""
The server of the load test, in a process of its own: `python -m tests.service.load.server SEED SPEED`.

Says its address on the first line. Then a line in gives a line of JSON out: `stats`, `ledger`; `stop` ends it.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from kiwoom.control.base import Control, open_control
from kiwoom.service.base.settings import Settings
from kiwoom.service.metrics import BUCKETS_S
from kiwoom.service.server import Server

FIDS = {"주문번호": 9203, "주문상태": 913, "미체결수량": 902, "체결번호": 909, "단위체결량": 915, "보유수량": 930}
"""What tells one notice from another, by the names under which clients see it."""


def resident_kb() -> int:
    """Memory of this process that is in use."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") // 1024


class Kept:
    """The control, with a record of all notices and of when they were given."""

    def __init__(self, seed: int, speed: float) -> None:
        self.url = f"sim:?seed={seed}&clock=real&speed={speed}&at=2026-02-06 09:00:10&cash=900000000000&density=3"
        self.notices: list[list[str]] = []
        self.times: list[float] = []
        self.control: Any = None

    def open(self) -> Control:
        control = self.control = open_control(self.url)
        control.subscribe("OnReceiveChejanData", self.note)
        return control

    def note(self, gubun: str, count: int, fids: str) -> None:
        get = self.control.call
        held = set(fids.split(";"))
        self.notices.append(
            [gubun, *(get("GetChejanData", fid).strip() if str(fid) in held else "" for fid in FIDS.values())]
        )
        self.times.append(time.monotonic())

    def ledger(self) -> list[dict[str, Any]]:
        """Every order that the broker knows, as it stands. Owner thread."""
        control = self.control
        names = ("number", "account_no", "code", "order_type", "quantity", "filled", "left", "cancelled", "moved")
        return [
            {name: getattr(order, name) for name in names} | {"state": order.state.name, "original": order.original}
            for account in control.broker.desk.accounts_of(control.url.options.get("user", "simuser"))
            for order in account.orders.values()
        ]


class Pace:
    """
    How far behind the server is, looked at four times a second: how long work waits for the owner thread and for the
    event loop, how far the market lies behind its clock, and how much waits to be sent.
    """

    def __init__(self, server: Server) -> None:
        self._server = server
        self.owner_s: list[float] = []
        self.loop_s: list[float] = []
        self.market_s: list[float] = []
        self.queued: list[int] = []
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        owner = self._server.core.owner
        while not owner.control.closed:
            started = time.monotonic()
            owner.tell(lambda started=started: self._on_owner(started))  # type: ignore[misc]
            owner.loop.call_soon_threadsafe(lambda started=started: self.loop_s.append(time.monotonic() - started))  # type: ignore[misc]
            self.queued.append(self._server.core.streams.queued())
            time.sleep(0.25)

    def _on_owner(self, started: float) -> None:
        self.owner_s.append(time.monotonic() - started)
        control: Any = self._server.core.owner.control
        next_us = control.engine.next_us()
        if next_us is not None:
            self.market_s.append(max(0.0, (control.clock.now_us() - next_us) / 1e6))

    def threads(self) -> dict[str, float]:
        """CPU seconds by thread; those of gRPC are in the rest."""
        names = {t.native_id: t.name for t in threading.enumerate()}
        seconds: dict[str, float] = {}
        for task in Path("/proc/self/task").iterdir():
            try:
                fields = (task / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            name = names.get(int(task.name), "gRPC")
            seconds[name] = seconds.get(name, 0.0) + (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return seconds


def main() -> None:
    kept = Kept(int(sys.argv[1]), float(sys.argv[2]))
    # One who acknowledges each notice may lie far behind a market at this speed, and is to lose none of them; readers
    # of data are let go by the bytes that they leave lying.
    settings = Settings(listen="127.0.0.1:0", session_grace_s=2.0, acknowledge_timeout_s=60.0, queue_events=1 << 16)
    with Server(settings, kept.open) as server:
        server.log_in()
        print(server.address, flush=True)
        owner = server.core.owner
        pace = Pace(server)
        for line in sys.stdin:
            word = line.strip()
            if word == "stats":
                answer: Any = {
                    "rss_kb": resident_kb(),
                    "cpu_s": time.process_time(),
                    "now_us": owner.control.clock.now_us(),
                    "notices": len(kept.notices),
                    "events": sum(server.core.hub.events.values()),
                    "late": server.core.streams.late_readers,
                    "clients": len(server.clients.with_streams()),
                    "ended": {f"{m} {s}": n for (m, s), n in server.measured.ended.items()},
                    "left": server.core.left_over(),
                }
            elif word == "pace":
                answer = {
                    "owner_s": pace.owner_s,
                    "loop_s": pace.loop_s,
                    "market_s": pace.market_s,
                    "queued": pace.queued,
                    "threads": pace.threads(),
                    "calls": dict(zip([*BUCKETS_S, 99.0], server.measured.buckets["Call"], strict=True)),
                }
            elif word == "collect":
                answer = gc.collect()
            elif word == "ledger":
                done: list[Any] = []
                owner.tell(lambda done=done: done.append(kept.ledger()))  # type: ignore[misc]
                while not done:
                    time.sleep(0.01)
                answer = {"orders": done[0], "notices": kept.notices, "times": kept.times}
            else:
                break
            print(json.dumps(answer, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
