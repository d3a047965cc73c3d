"""
An hour of the market with many clients that come, go, stall and die, orders among them.

No client that stayed lost a notice, memory is flat at the end, and the broker's ledger says what the clients saw. The
clients are processes; some are killed now and then. `pytest -m soak -s tests/service/test_service_load.py` runs the
hour with 200 clients and prints its figures.
"""

from __future__ import annotations

import json
import os
import queue
import random
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.service.conftest import until

ROOT = Path(__file__).resolve().parents[2]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is read from /proc")


class Process:
    """A process that says lines of JSON and is told words."""

    def __init__(self, module: str, *arguments: object) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", f"tests.service.load.{module}", *map(str, arguments)],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PYTHONIOENCODING": "utf-8"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self.complaints: list[str] = []
        self._readers = [
            threading.Thread(target=self._read, args=(self._process.stdout, self.lines.put), daemon=True),
            threading.Thread(target=self._read, args=(self._process.stderr, self.complaints.append), daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(stream: Any, take: Any) -> None:
        with stream:
            for line in stream:
                take(line)

    def line(self, timeout_s: float = 60.0) -> str:
        try:
            return self.lines.get(timeout=timeout_s)
        except queue.Empty:
            raise AssertionError(f"nothing came; it complained: {''.join(self.complaints)[-2000:]}") from None

    def tell(self, word: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()

    def ask(self, word: str) -> Any:
        self.tell(word)
        return json.loads(self.line())

    def said(self) -> list[dict[str, Any]]:
        """What it said since the last time; a line that was cut off by its end is left out."""
        said = []
        while not self.lines.empty():
            line = self.lines.get()
            if line.endswith("\n"):
                said.append(json.loads(line))
        return said

    def kill(self) -> None:
        self._process.kill()
        self.end()

    def end(self) -> None:
        """Wait for its end, and for the last of what it said."""
        try:
            self._process.wait(60)
        finally:
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join()
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()


class Load:
    """The run, and what came of it."""

    def __init__(self, seed: int, speed: float, staying: int, going: int, processes: int) -> None:
        self.seed, self.going, self.processes = seed, going, processes
        self._chance = random.Random(seed)
        self.server = Process("server", seed, speed)
        self.address = self.server.line().strip()
        self.stats: list[dict[str, Any]] = []
        self.orders: list[dict[str, Any]] = []
        self.errors: list[str] = []
        self.counts: list[list[int]] = [[], []]
        self.stayed: list[dict[str, Any]] = []
        self.latencies: list[float] = []
        self.pace: dict[str, Any] = {}
        self.killed = 0
        self.others: list[Process] = []
        until(lambda: self.server.ask("stats")["left"]["tasks"] == 0, "the login", 30)
        self.staying = [
            Process("clients", "stayers", self.address, seed, staying - 1),
            # Each event waits for this one: it is not to wait for the others' work.
            Process("clients", "holders", self.address, seed, 1),
        ]
        # Those of grpc:// take their time to open.
        self._hear_until(lambda: all(self.counts))

    def _hear_until(self, done: Any) -> None:
        def look() -> Any:
            self.hear()
            return done()

        until(look, lambda: f"what was waited for (counts {self.counts})", 120)

    def hear(self) -> None:
        for number, process in enumerate(self.staying):
            for said in process.said():
                self.counts[number] = said.get("counts", self.counts[number])
                self.errors += said.get("errors", [])
                if "notices" in said:
                    self.stayed.append(said)
                self.latencies += said.get("latencies", [])
        for process in self.others:
            self._take(process)

    def _take(self, process: Process) -> None:
        for said in process.said():
            if "order" in said:
                self.orders.append(said["order"])
            elif "error" in said:
                self.errors.append(said["error"])

    def run(self, seconds: float, every_s: float, kind: str = "others") -> None:
        """Let the clients come and go for so long; a process of them is killed every `every_s` or so."""
        share = self.going // self.processes
        self.others = [self._start(kind, i, share) for i in range(self.processes)]
        started, kills = time.monotonic(), self.processes
        next_kill, next_look = started + every_s, started
        while (now := time.monotonic()) < started + seconds:
            self.hear()
            if now >= next_look:
                self.stats.append({**self.server.ask("stats"), "at": now - started})
                next_look = now + max(1.0, seconds / 60)
            if now >= next_kill:
                victim = self._chance.randrange(self.processes)
                self.others[victim].kill()
                self._take(self.others[victim])
                self.others[victim] = self._start(kind, kills, share)
                self.killed += 1
                kills += 1
                next_kill = now + self._chance.uniform(0.5, 1.5) * every_s
            time.sleep(0.05)
        for process in self.others:
            process.tell("stop")
        for process in self.others:
            process.end()
            self._take(process)
        self.others = []

    def _start(self, kind: str, number: int, clients: int) -> Process:
        return Process("clients", kind, self.address, f"{self.seed}{number}", clients)

    def finish(self, staying: int) -> dict[str, Any]:
        """Let what is under way come to its end; the ledger at that time."""
        notices, counts, moved_at = -1, [[0]], time.monotonic()
        while True:
            self.hear()
            before = notices, counts
            notices, counts = self.server.ask("stats")["notices"], self.counts
            if before == (notices, counts) and all(count >= notices for some in counts for count in some):
                break
            if before != (notices, counts):
                # Who is slow may be far behind: as long as it hears anything it is waited for.
                moved_at = time.monotonic()
            text = f"the last notices did not come ({notices}; heard {counts}; {self.errors[-5:]})"
            assert time.monotonic() < moved_at + 60, text
            time.sleep(0.5)
        self.pace = self.server.ask("pace")
        self.server.ask("collect")
        self.stats.append({**self.server.ask("stats"), "at": -1.0})
        ledger: dict[str, Any] = self.server.ask("ledger")
        for process in self.staying:
            process.tell("stop")
        self._hear_until(lambda: self.latencies and len(self.stayed) == staying)
        for process in self.staying:
            process.end()
        left: dict[str, Any] = {}

        def nothing_left() -> bool:
            left.clear()
            left.update(self.server.ask("stats"))
            return not any(count for kind, count in left["left"].items() if kind != "listeners") and not left["clients"]

        until(nothing_left, lambda: f"the cleaning up of {left}", 30)
        assert left["left"]["listeners"] == 1
        return ledger

    def close(self) -> None:
        for process in (*self.others, *self.staying):
            process.kill()
        with suppress(BrokenPipeError):
            self.server.tell("stop")
        self.server.end()


def check(load: Load, ledger: dict[str, Any], staying: int) -> None:
    """What was promised, held against what came."""
    notices = ledger["notices"]
    assert notices
    hearing = [s for s in load.stayed if not s["name"].startswith("real")]
    reading = [s for s in load.stayed if s["name"].startswith("real")]
    assert len(hearing) + len(reading) == staying
    for stayer in load.stayed:
        assert not stayer["error"], (stayer["name"], stayer["error"])
    for stayer in hearing:
        # All came up before the first order.
        if stayer["name"].startswith("hold"):
            # It reads one value of each, while the event waits for it: 보유수량 of a balance, else 미체결수량.
            wanted = [[n[0], n[6] if n[0] == "1" else n[3]] for n in notices]
        else:
            wanted = notices
        assert stayer["notices"] == wanted, stayer["name"]
    for stayer in reading:
        assert stayer["ticks"] > 0
        assert not stayer["gaps"], stayer["name"]

    orders = {order["number"]: order for order in ledger["orders"]}
    filled: dict[str, int] = {}
    for _, number, status, _, _, quantity, _ in notices:
        if status == "체결":
            filled[number] = filled.get(number, 0) + int(quantity)
    for number, order in orders.items():
        assert filled.pop(number, 0) == order["filled"], order
    assert not filled
    for saw in load.orders:
        fields, number = saw["fields"], saw["number"]
        if not number:
            # Refused, one too many, unknown and said so, or its client left before the answer: nothing is claimed.
            assert saw["ended"] in ("FAILED_PRECONDITION", "RESOURCE_EXHAUSTED", "UNKNOWN", "left"), saw
            continue
        order = orders[number]
        asked = (fields["code"], fields["order_type"], fields["account_no"])
        assert (order["code"], order["order_type"], order["account_no"]) == asked
        if saw["ended"] == "OK" and fields["order_type"] == 1 and not order["cancelled"] and not order["moved"]:
            assert saw["filled"] == order["filled"] == fields["quantity"], (saw, order)
        assert saw["filled"] <= order["filled"]
    complaints = [line for line in load.server.complaints if "Traceback" in line or "ERROR" in line or "raised" in line]
    assert not complaints, "".join(load.server.complaints)[-5000:]


def figures(load: Load, ledger: dict[str, Any]) -> str:
    """A report."""
    stats, last = load.stats[:-1], load.stats[-1]
    step = max(1, len(stats) // 10)
    memory = ", ".join(f"{s['at']:.0f} s {s['rss_kb'] / 1024:.0f} MB" for s in stats[::step])
    delays: dict[str, list[float]] = {}
    for stayer in load.stayed:
        if stayer["notices"]:
            kind = delays.setdefault(stayer["name"].partition(" ")[0], [])
            kind += [heard - given for heard, given in zip(stayer["times"], ledger["times"], strict=True)]
    ended: dict[str, int] = {}
    for saw in load.orders:
        how = saw["ended"] if saw["ended"] != "UNKNOWN" else f"UNKNOWN ({saw['details'].rpartition(': ')[2]})"
        ended[how] = ended.get(how, 0) + 1
    pace = load.pace

    def parts(values: list[float]) -> str:
        values = sorted(values)
        at = [values[min(len(values) - 1, int(len(values) * share))] * 1000 for share in (0.5, 0.99)]
        return f"p50 {at[0]:.1f} ms, p99 {at[1]:.1f} ms, most {values[-1] * 1000:.0f} ms"

    return "\n".join(
        (
            f"market time {(last['now_us'] - stats[0]['now_us']) / 60e6:.1f} min, server CPU {last['cpu_s']:.0f} s",
            f"memory {memory}; at the end {last['rss_kb'] / 1024:.0f} MB",
            f"most clients with streams {max(s['clients'] for s in stats)}, processes killed {load.killed}",
            f"events {last['events']}, notices {last['notices']} to {len(load.stayed)} that stayed",
            f"streams ended for falling behind {last['late']}",
            *(f"notice to its client, {kind}: {parts(some)}" for kind, some in delays.items()),
            f"Call: {parts(load.latencies)} of {len(load.latencies)}",
            f"Call at the server, by seconds up to: {pace['calls']}",
            f"work waits for the owner: {parts(pace['owner_s'])}; for the event loop: {parts(pace['loop_s'])}",
            f"the market behind its clock (market time): {parts(pace['market_s'])}",
            f"most events that wait to be sent {max(pace['queued'])}; CPU seconds by thread {pace['threads']}",
            f"orders in the ledger {len(ledger['orders'])}, seen to an end by their clients: {ended}",
            f"calls ended: {last['ended']}",
            f"errors that clients were told of: {sorted(set(load.errors))[:20]}",
        )
    )


def run(
    seconds: float, speed: float, staying: int, going: int, processes: int, kill_s: float, reading_s: float = 0.0
) -> tuple[Load, list[int]]:
    """The run, and the memory of the server in the last `reading_s` of it, in which no client ordered, in kB."""
    load = Load(20260206, speed, staying, going, processes)
    try:
        load.run(seconds - reading_s, kill_s)
        mark = len(load.stats)
        if reading_s:
            load.run(reading_s, kill_s, "readers")
        memory = [stats["rss_kb"] for stats in load.stats[mark:]]
        ledger = load.finish(staying)
    except BaseException:
        complaints = ["".join(process.complaints)[-5000:] for process in (load.server, *load.staying)]
        print(sorted(set(load.errors)), *complaints)
        raise
    finally:
        load.close()
    print("\n" + figures(load, ledger))
    check(load, ledger, staying)
    assert load.killed
    return load, memory


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_some_minutes_of_the_market_with_clients_that_come_go_stall_and_die() -> None:
    run(seconds=15, speed=20, staying=10, going=30, processes=2, kill_s=4)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_an_hour_of_the_market_with_200_clients_that_come_go_stall_and_die() -> None:
    """Each order is kept by the broker for the day: memory is flat while none comes, however many come and go."""
    _, memory = run(seconds=480, speed=7.5, staying=20, going=180, processes=4, kill_s=15, reading_s=160)
    third = len(memory) // 3
    assert max(memory[-third:]) < max(memory[:third]) + 4_000, memory
