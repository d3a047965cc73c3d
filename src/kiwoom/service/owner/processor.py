"""
The processor that the service keeps to.

Python's lock lets one of its threads work at a time, and gRPC passes every message from thread to thread. To wake one
on the same processor takes a few microseconds; on another one it takes up to a hundred where the machine is a virtual
one whose processors sleep when they are idle. There the service is faster on one than on all of them. Linux only.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import perf_counter

from kiwoom.service.base.settings import RefusedToStart

__all__ = ["LOOK_S", "Seat", "busy_s", "choose", "keep_to", "take_seat", "wake_s"]

log = logging.getLogger("kiwoom.service")

LOOK_S = 2.0
"""How often to look whether other processes are busy on the processor."""
# To wake a thread elsewhere must cost that much more than here, in seconds. Without a hypervisor it is 3 to 8 µs.
_COSTLY_S = 10e-6
_ROUNDS = 60
# Of its time, a processor that others take more of is left for one that they take that much less of.
_TOO_MUCH = 0.25
# By thread: sched_setaffinity moves one thread and not the process.
_STAT, _TASKS = Path("/proc/stat"), Path("/proc/self/task")


def keep_to(cpu: int) -> None:
    """Have all threads of this process, and those that they start, work on one processor. Raises RefusedToStart."""
    if sys.platform != "linux":
        raise RefusedToStart("--cpu works on Linux alone")
    allowed = os.sched_getaffinity(0)
    if cpu not in allowed:
        raise RefusedToStart(f"there is no processor {cpu} for this process; there are {sorted(allowed)}")
    _move({cpu})


def _move(cpus: Collection[int]) -> None:
    for thread in _TASKS.iterdir():
        with suppress(ProcessLookupError):  # it ended meanwhile
            os.sched_setaffinity(int(thread.name), cpus)


def wake_s(first: int, second: int, rounds: int = _ROUNDS, now: Callable[[], float] = perf_counter) -> float:
    """The time to wake a thread on processor `second` from one on `first` and the other way, in seconds."""
    before = os.sched_getaffinity(0)
    (to_read, to_write), (fro_read, fro_write) = os.pipe(), os.pipe()

    def answer() -> None:
        while asked := os.read(to_read, 1):
            os.write(fro_write, asked)

    other = threading.Thread(target=answer, name="kiwoom-processor", daemon=True)
    other.start()
    taken = []
    try:
        assert other.native_id is not None, "it was started"
        os.sched_setaffinity(other.native_id, {second})
        os.sched_setaffinity(0, {first})
        for _ in range(rounds):
            started = now()
            os.write(to_write, b".")
            os.read(fro_read, 1)
            taken.append(now() - started)
    finally:
        os.sched_setaffinity(0, before)
        # The other one comes to the end of its input.
        os.close(to_write)
        other.join()
        for end in (to_read, fro_read, fro_write):
            os.close(end)
    # The median: one interruption by the kernel would make the mean worthless. Half, since each round has two wake-ups.
    return median(taken) / 2


def busy_s(stat: str, ticks: int) -> dict[int, float]:
    """Seconds that each processor was not idle since the machine started, from /proc/stat."""
    busy = {}
    for line in stat.splitlines():
        name, *numbers = line.split()
        if name.startswith("cpu") and name[3:].isdecimal():
            # user, nice, system, idle, iowait, irq, softirq, steal; what guests take is in the first two.
            spent = [int(number) for number in numbers[:8]]
            busy[int(name[3:])] = (sum(spent) - sum(spent[3:5])) / ticks
    return busy


def choose(current: int, others: Mapping[int, float]) -> int:
    """
    The processor to be on, from what others take of each (0 to 1).

    It stays where it is unless others are busy there and another one is clearly less busy: the kernel moves what may
    be moved by itself, so a busy neighbour mostly keeps to this one as well.
    """
    if others.get(current, 1.0) <= _TOO_MUCH:
        return current
    best = min(others, key=lambda cpu: (others[cpu], cpu), default=current)
    return best if others.get(current, 1.0) - others.get(best, 1.0) > _TOO_MUCH else current


class Seat:
    """The processor on which the service sits, and a look now and then whether another one would be better."""

    def __init__(
        self,
        cpu: int,
        allowed: Collection[int],
        busy: Callable[[], Mapping[int, float]],
        own_s: Callable[[], float],
        now: Callable[[], float] = perf_counter,
        move: Callable[[Collection[int]], None] = _move,
    ) -> None:
        self.cpu = cpu
        self._allowed = frozenset(allowed)
        self._busy, self._own_s, self._now, self._move = busy, own_s, now, move
        self._seen = (now(), busy(), own_s())
        move({cpu})

    def look(self) -> None:
        """Change the processor if other processes need this one. Any thread."""
        before, busy_before, own_before = self._seen
        at, busy, own = self._seen = (self._now(), self._busy(), self._own_s())
        took = at - before
        if took <= 0:
            return
        others = {cpu: (busy[cpu] - busy_before.get(cpu, 0.0)) / took for cpu in busy if cpu in self._allowed}
        if self.cpu in others:
            # Its own share is no reason to leave.
            others[self.cpu] -= (own - own_before) / took
        cpu = choose(self.cpu, others)
        if cpu != self.cpu:
            log.info(
                "processor %d is busy with others (%.0f %% of it): the service moves to %d",
                self.cpu,
                100 * others.get(self.cpu, 1.0),
                cpu,
            )
            self.cpu = cpu
            self._move({cpu})


def take_seat() -> Seat | None:
    """
    Keep to the processor on which this thread is, if it costs much to wake one on another; else None.

    Takes some milliseconds, in which it is tried out.
    """
    if sys.platform != "linux":
        return None
    allowed = os.sched_getaffinity(0)
    try:
        here = int(Path("/proc/thread-self/stat").read_text().rpartition(")")[2].split()[36])
        ticks = os.sysconf("SC_CLK_TCK")
        others = sorted(allowed - {here})
        if here not in allowed or not others:
            return None
        near, far = wake_s(here, here), wake_s(here, others[0])
        if far - near < _COSTLY_S:
            return None
        log.info(
            "to wake a thread takes %.0f µs here and %.0f µs on another processor: the service keeps to processor %d",
            near * 1e6,
            far * 1e6,
            here,
        )
        return Seat(here, allowed, lambda: busy_s(_STAT.read_text(), ticks), lambda: sum(os.times()[:2]))
    except OSError as error:
        log.info("whether the service is better on one processor cannot be found out: %s", error)
        return None
