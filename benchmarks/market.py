"""
How fast the simulated market makes its events: ``python -m benchmarks.market [codes]``.

A virtual trading day with so many codes (100) registered for 주식체결, 주식우선호가 and 주식호가잔량, full payloads:

- *engine alone*: tape, state, both sides of the book and the schedule, without texts; one event for each of the three
  messages that a trade makes;
- *bare handler*: the same day through the control, every payload written, to a handler that counts;
- *slot*: through `Kiwoom` to a slot that reads one FID of each message.

Then the cost of an event in listings of different size, with the same number of codes registered.

Everything is CPU time of one process (other work on the machine costs less that way); the wall time of a whole day is
told beside. The loop of plain additions at the beginning tells how fast this Python runs here.
"""

from __future__ import annotations

import dataclasses
import resource
import sys
import time
from datetime import datetime

from kiwoom import Kiwoom, config
from kiwoom.clock import VirtualClock, from_us, to_us
from kiwoom.control.url import ControlUrl
from kiwoom.sim.assembly import assemble
from kiwoom.sim.base.engine import Engine
from kiwoom.sim.broker import Broker
from kiwoom.sim.market.live import Live
from kiwoom.sim.options import Options
from kiwoom.sim.prices.listing import Listing, builtin_listing
from kiwoom.sim.session.control import SimControl

DAY = "2026-02-06"
OPTIONS = Options(seed=1, clock="virtual", at=datetime.fromisoformat(f"{DAY} 08:55"), limits=False, login_ms=1)
FIDS = "10;27;41"
TYPES = ("주식체결", "주식우선호가", "주식호가잔량")


def loop_ms() -> float:
    """Milliseconds of a million rounds of a simple loop: about 45 to 60 on an idle machine of 2020."""
    started = time.process_time()
    value = 0
    for i in range(300_000):
        value = (value * 31 + i) & 0xFFFF
    return (time.process_time() - started) / 0.3 * 1000


def enlarged(size: int) -> Listing:
    """The package's listing, with copies of its stocks under made-up codes until there are `size` of them."""
    listing = builtin_listing(small=True)
    stocks = [i for i in listing.instruments.values() if i.is_stock]
    missing = max(0, size - len(stocks))
    copies = [dataclasses.replace(stocks[n % len(stocks)], code=f"{990_000 - n:06d}") for n in range(missing)]
    listing.add(copies)
    return listing


def opened(listing: Listing) -> SimControl:
    """A control on a listing, logged in."""
    control = assemble(ControlUrl.parse("sim:?clock=virtual"), Broker(OPTIONS, listing))
    control.call("CommConnect")
    control.pump(5)
    return control


def codes_of(listing: Listing, count: int) -> list[str]:
    """The first stocks of KOSPI."""
    return [i.code for i in listing.instruments.values() if i.market == "KOSPI"][:count]


def engine_alone(listing: Listing, count: int) -> tuple[int, float]:
    """Market events of a day, and the CPU seconds that they took."""
    broker = Broker(OPTIONS, listing)
    market = broker.market
    found = [market.find(code) for code in codes_of(listing, count)]
    states = [market.replay(instrument, market.today) for instrument in found if instrument is not None]
    engine = Engine(VirtualClock(0))
    events = 0

    def trade(live: Live, best: tuple[int, int]) -> None:
        nonlocal events
        live.take()
        ladders = live.ladders()
        ladders.refresh(live.count)
        now = (ladders.ask, ladders.bid)
        events += 2 if now == best else 3
        following = live.peek()
        if following is not None:
            engine.at(following.us, trade, live, now)

    started = time.process_time()
    for live in states:
        first = live.peek()
        if first is not None:
            engine.at(first.us, trade, live, (0, 0))
    while engine.run_next(1 << 62):
        pass
    return events, time.process_time() - started


def bare_handler(listing: Listing, count: int, until: str = "18:05") -> tuple[int, float, float]:
    """Events through the control to a handler that counts, CPU seconds, and wall seconds."""
    control = opened(listing)
    seen = 0

    def handler(code: str, real_type: str, text: str) -> None:
        nonlocal seen
        seen += real_type in TYPES

    control.subscribe("OnReceiveRealData", handler)
    end = to_us(datetime.fromisoformat(f"{DAY} {until}"))
    started, wall = time.process_time(), time.perf_counter()
    control.call("SetRealReg", "0150", ";".join(codes_of(listing, count)), FIDS, "0")
    while (left := end - control.clock.now_us()) > 0:
        control.pump_many(left / 1_000_000, lambda: True)
    seconds = time.process_time() - started, time.perf_counter() - wall
    control.close()
    return seen, *seconds


def slot(listing: Listing, count: int) -> tuple[int, float, float]:
    """The same through `Kiwoom` to a slot that reads a FID of each message."""
    seen: list[str] = []
    with Kiwoom(opened(listing)) as api:

        def received(code: str, real_type: str) -> None:
            seen.append(api.get_comm_real_data(code, 27 if real_type != "주식호가잔량" else 41))

        api.connect("on_receive_real_data", slot=received)
        started, wall = time.process_time(), time.perf_counter()
        api.set_real_reg("0150", ";".join(codes_of(listing, count)), FIDS, "0")
        api.run(until=datetime.fromisoformat(f"{DAY} 18:05"))
        assert from_us(api.control.clock.now_us()).hour == 18
        return len(seen), time.process_time() - started, time.perf_counter() - wall


def main() -> None:
    """Measure and print."""
    config.MUTE = True
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    listing = builtin_listing(small=True)
    print(f"a million rounds of a simple loop             {loop_ms():10,.0f} ms")
    events, cpu = engine_alone(listing, count)
    print(f"engine alone, a day of {count:3d} codes             {events / cpu:10,.0f} events/s ({events:,} events)")
    events, cpu, wall = bare_handler(listing, count)
    print(
        f"full payloads to a bare handler               {events / cpu:10,.0f} events/s ({events:,}; {wall:.1f} s wall)"
    )
    events, cpu, wall = slot(listing, count)
    print(
        f"through a slot that reads a FID               {events / cpu:10,.0f} events/s ({events:,}; {wall:.1f} s wall)"
    )
    for size in (453, 5_000, 20_000):
        grown = enlarged(size)
        alone, alone_cpu = min((engine_alone(grown, count) for _ in range(2)), key=lambda found: found[1])
        events, cpu, _ = min((bare_handler(grown, count, "10:00") for _ in range(2)), key=lambda found: found[1])
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(
            f"{size:6,} codes listed: {alone_cpu / alone * 1e6:6.2f} µs an event alone, "
            f"{cpu / events * 1e6:6.2f} µs with payloads to 10:00; at most {memory:,.0f} MB so far"
        )
    print(f"a million rounds of a simple loop             {loop_ms():10,.0f} ms")


if __name__ == "__main__":
    main()
