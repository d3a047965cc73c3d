"""
How fast real-time events pass through a slot: ``python -m benchmarks.events [events [full|small]]``.

A hundred codes of the short list are registered, with the full list or the short one, and the market runs in virtual
time; the slot reads one FID of each 주식체결. The share of the wrapper is measured apart, with events that cost nothing
to make. Rates are of CPU time: the machine may be busy.
"""

from __future__ import annotations

import sys
import time

from kiwoom import Kiwoom, catalog, config
from kiwoom.control import Control


def through(api: Kiwoom, events: int) -> float:
    """Events per second of the market, with a slot that reads a price."""
    prices: list[str] = []

    def slot(code: str, real_type: str) -> None:
        if real_type == "주식체결":
            prices.append(api.get_comm_real_data(code, 10))

    api.connect("on_receive_real_data", slot=slot)
    # The first hundred of the full list are others after every change of it, and most of them hardly trade.
    listed = api.get_code_list_by_market("0").split(";")
    codes = [row.code for row in catalog.listing(small=True) if row.code in listed][:100]
    api.set_real_reg("0150", ";".join(codes), "10", "0")
    started = time.process_time()
    api.run(until=lambda: len(prices) >= events)
    return len(prices) / (time.process_time() - started)


def wrapper_alone(api: Kiwoom, events: int) -> float:
    """Events per second when making them costs nothing: handler, connector, slot."""
    seen: list[str] = []
    api.connect("on_receive_real_data", slot=lambda code: seen.append(code))
    emit = Control._emit
    started = time.process_time()
    for _ in range(events):
        emit(api.control, "OnReceiveRealData", ("005930", "주식체결", ""))
    return len(seen) / (time.process_time() - started)


def main() -> None:
    """Measure and print."""
    config.MUTE = True
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    listed = sys.argv[2] if len(sys.argv) > 2 else "full"
    with Kiwoom(f"sim:?clock=virtual&limits=off&seed=1&at=2026-02-06 09:00&list={listed}") as api:
        api.login()
        print(f"events through a slot, simulator included  {through(api, events):10,.0f} /s")
        api.set_real_remove("ALL", "ALL")
        print(f"events through a slot, wrapper alone       {wrapper_alone(api, events):10,.0f} /s")


if __name__ == "__main__":
    main()
