"""
The service beside bare gRPC: ``python -m benchmarks.service [NAME …] [--runs 5] [--markdown]``.

Server and client are processes of their own. Bare servers (Python asyncio and Python sync) send the same bytes and do
nothing else; the client is one and the same, and does not decode. A run measures every side in slices, in turn, in an
order that changes; a ratio is that of one run, to each of the bare servers, and a target must hold for both. What is
printed are the medians over the runs.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from benchmarks import _service_client as client
from benchmarks import _service_server as service

SIDES = ("bare-asyncio", "bare-sync", "ours")
_S = 0.4
"""Seconds of one slice."""
_SLICES = 4
"""So many of every side, in turn, are a run: what else happens on the machine comes over all sides alike."""


@dataclass
class Row:
    """One figure: what was measured, beside what it is measured against."""

    figure: str
    ours: str
    bare: str = ""
    ratio: str = ""
    target: str = ""
    holds: bool | None = None
    """None: no target is set for it."""

    def cells(self) -> list[str]:
        """As a line of the table."""
        holds = "" if self.holds is None else "yes" if self.holds else "NO"
        return [self.figure, self.ours, self.bare, self.ratio, self.target, holds]


HEAD = ["figure", "ours", "bare asyncio / sync", "ratio", "wanted", "holds"]

Measure = Callable[[client.Process], Awaitable[Any]]


async def interleaved(
    runs: int, processes: list[client.Process], measure: Measure, slices: int = _SLICES
) -> list[dict[str, Any]]:
    """Every side once a run, in slices of which each side has its turn, in turning order."""
    measured = []
    for number in range(runs):
        parts: dict[str, list[Any]] = {process.kind: [] for process in processes}
        for piece in range(slices):
            turn = (number + piece) % len(processes)
            for process in processes[turn:] + processes[:turn]:
                parts[process.kind].append(await measure(process))
        measured.append({kind: joined(taken) for kind, taken in parts.items()})
    return measured


def joined(slices: list[Any]) -> Any:
    """What was measured in slices, as one: the means of figures, all of what was taken one by one, sorted."""
    if isinstance(slices[0], list):
        return sorted(value for taken in slices for value in taken)
    if isinstance(slices[0], tuple):
        return tuple(map(statistics.fmean, zip(*slices, strict=True)))
    return statistics.fmean(slices)


def median(values: list[float]) -> float:
    """The middle of the runs."""
    return statistics.median(values)


def compared(
    figure: str, unit: str, runs: list[dict[str, float]], at_least: float | None = None, at_most: float | None = None
) -> Row:
    """A figure that is judged by its ratios to both bare servers of the same run."""
    ratios = [median([run["ours"] / run[kind] for run in runs]) for kind in SIDES[:2]]
    asyncio_, sync, ours = (median([run[kind] for run in runs]) for kind in SIDES)
    return Row(
        figure,
        f"{ours:,.0f} {unit}",
        f"{asyncio_:,.0f} / {sync:,.0f}",
        f"{ratios[0]:.2f} / {ratios[1]:.2f}",
        f"≥ {at_least}" if at_least is not None else f"≤ {at_most}" if at_most is not None else "",
        min(ratios) >= at_least if at_least is not None else max(ratios) <= at_most if at_most is not None else None,
    )


def absolute(
    figure: str,
    unit: str,
    values: list[float],
    at_least: float | None = None,
    at_most: float | None = None,
    **more: Any,
) -> Row:
    """A figure that is judged by itself."""
    value = median(values)
    shown = f"{value:,.0f}" if value >= 1000 else f"{value:,.1f}"
    return Row(
        figure,
        f"{shown} {unit} ({min(values):,.4g} to {max(values):,.4g})" if value < 1000 else f"{shown} {unit}",
        target=f"≥ {at_least:,.0f} {unit}" if at_least is not None else f"≤ {at_most:,g} {unit}" if at_most else "",
        holds=value >= at_least if at_least is not None else value <= at_most if at_most is not None else None,
        **more,
    )


# --- the figures -----------------------------------------------------------------------------------------------------


async def call(runs: int) -> list[Row]:
    """`Call` of a function with an argument."""
    async with client.servers(*SIDES) as processes:
        one = await interleaved(runs, processes, lambda p: client.calls(p, 1, _S))
        eight = await interleaved(runs, processes, lambda p: client.calls(p, 8, _S))
    return [
        compared("`Call`, 1 client", "calls/s", one, at_least=0.85),
        compared("`Call`, 8 clients", "calls/s", eight, at_least=0.85),
    ]


async def real(runs: int) -> list[Row]:
    """`RealCall` with 42 FIDs by number, to one client and to a hundred, and what it costs the server."""
    async with client.servers(*SIDES) as processes:
        one = await interleaved(runs, processes, lambda p: client.messages(p, 1, _S))
        many = await interleaved(runs, processes, lambda p: client.messages(p, 100, 3 * _S), slices=1)
    rates = [[{kind: run[kind][0] for kind in run} for run in measured] for measured in (one, many)]
    first = [run["ours"][1] * 1e6 for run in one]
    further = [(100 * m["ours"][1] - o["ours"][1]) / 99 * 1e6 for o, m in zip(one, many, strict=True)]
    bare = [
        "{:.0f} / {:.0f}".format(*(median([r[k][1] * 1e6 for r in some]) for k in SIDES[:2])) for some in (one, many)
    ]
    return [
        compared("`RealCall`, 42 FIDs, 1 client", "events/s", rates[0], at_least=0.85),
        compared("`RealCall`, 42 FIDs, 100 clients together", "events/s", rates[1], at_least=0.85),
        absolute("`RealCall`, server CPU an event, first stream", "µs", first, at_most=160, bare=bare[0]),
        absolute("`RealCall`, server CPU an event, each further stream", "µs", further, at_most=53, bare=bare[1]),
    ]


async def anywhere(runs: int) -> list[Row]:
    """The same for a service that is not kept on one processor, whatever it costs."""
    sides = (*SIDES[:2], "ours-anywhere")

    async def measured(measure: Measure) -> list[dict[str, Any]]:
        return [
            {"ours" if kind == "ours-anywhere" else kind: value for kind, value in run.items()}
            for run in await interleaved(runs, processes, measure)
        ]

    async with client.servers(*sides) as processes:
        events = await measured(lambda p: client.messages(p, 1, _S))
        acknowledged_ = await measured(lambda p: client.ping_pong(p, _S))
        called = await measured(lambda p: client.calls(p, 8, _S))
    return [
        compared("--cpu any: `RealCall`, 1 client", "events/s", [{k: run[k][0] for k in run} for run in events]),
        compared("--cpu any: `BidirectionalListen`", "events/s", acknowledged_),
        compared("--cpu any: `Call`, 8 clients", "calls/s", called),
    ]


async def fast(runs: int) -> list[Row]:
    """`RealCall` with infer_fids and fast_parse."""
    async with client.servers("ours") as processes:
        measured = await interleaved(runs, processes, lambda p: client.messages(p, 1, _S, client.FAST, same=False))
    return [absolute("`RealCall`, infer_fids and fast_parse", "events/s", [run["ours"][0] for run in measured])]


async def acknowledged(runs: int) -> list[Row]:
    """`BidirectionalListen` against a stream that answers every message with one."""
    async with client.servers(*SIDES) as processes:
        measured = await interleaved(runs, processes, lambda p: client.ping_pong(p, _S))
    return [compared("`BidirectionalListen`, acknowledged", "events/s", measured, at_least=0.8)]


async def transaction(runs: int) -> list[Row]:
    """`TransactionCall`, pages of 600 rows of 15 fields."""
    async with client.servers("ours") as processes:
        measured = await interleaved(runs, processes, lambda p: client.page_rows(p, _S))
    rows, cpu = ([run["ours"][i] for run in measured] for i in (0, 1))
    return [
        absolute("`TransactionCall`, 600 × 15 page", "rows/s", rows, at_least=100_000),
        absolute("`TransactionCall`, rows a second of server CPU", "rows/s", cpu),
    ]


async def latency(runs: int) -> list[Row]:
    """The time from the making of an event to its arrival, at 1,000 events a second."""
    async with client.servers(*SIDES, pace=1000) as processes:
        measured = await interleaved(runs, processes, lambda p: client.latencies(p, 100), slices=8 * _SLICES)
    rows = []
    for name, part, wanted in (("p50", 0.5, None), ("p99", 0.99, 1.5)):
        picked = [{kind: taken[int(len(taken) * part)] * 1e6 for kind, taken in run.items()} for run in measured]
        rows.append(compared(f"latency at 1,000 events/s, {name}", "µs", picked, at_most=wanted))
    return rows


async def idle(runs: int) -> list[Row]:
    """2,000 streams that nothing happens on, of 20 clients."""
    memory, p99 = [], []
    for _ in range(runs):
        async with client.servers("ours") as (process,):
            each, taken = await client.idle_streams(process, 20, 100)
        memory.append(each / 1000)
        p99.append(taken * 1000)
    return [
        absolute("2,000 open streams, p99 of a `Call`", "ms", p99, at_most=20),
        absolute("memory of an idle stream", "kB", memory, at_most=50),
    ]


async def silent(runs: int) -> list[Row]:
    """A client that never reads, for 100,000 events."""
    grown = []
    for _ in range(runs):
        async with client.servers("ours-first") as (process,):
            grown.append(await client.never_reads(process, 100_000) / 1e6)
    return [absolute("a client that never reads, 100,000 events", "MB", grown, at_most=1)]


async def native(runs: int) -> list[Row]:
    """kiwoom.v1 with the data of 42 FIDs and more in each event, to one client."""
    async with client.servers("ours") as processes:
        measured = await interleaved(runs, processes, lambda p: client.native_events(p, _S))
    rates, cpu = ([run["ours"][i] for run in measured] for i in (0, 1))
    return [
        absolute("kiwoom.v1, 42 FIDs", "events/s", rates, at_least=50_000),
        absolute("kiwoom.v1, server CPU an event", "µs", [c * 1e6 for c in cpu]),
    ]


FIGURES: dict[str, Callable[[int], Awaitable[list[Row]]]] = {
    f.__name__: f for f in (real, anywhere, fast, call, acknowledged, transaction, latency, idle, silent, native)
}


# --- what is printed -------------------------------------------------------------------------------------------------


def told(started: float, runs: int) -> str:
    """What the figures are of."""
    import grpc

    python = ".".join(map(str, sys.version_info[:3]))
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "unknown"
    took = time.perf_counter() - started
    return (
        f"Medians of {runs} runs (lowest to highest), messages of {len(service.RESPONSES[0])} bytes; Python {python}, "
        f"grpcio {grpc.__version__}, {os.cpu_count()} cores, load {load} at the end, taken in {took / 60:.0f} min."
    )


def main() -> None:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(FIGURES))
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--markdown", action="store_true", help="end with a table for benchmarks/README.md")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in FIGURES]
    if unknown:
        parser.error(f"there is no figure {unknown[0]!r}; there are {', '.join(FIGURES)}")
    started, rows = time.perf_counter(), []
    # The client's collector is not what is measured.
    gc.disable()
    for name in options.names or FIGURES:
        gc.collect()
        for row in asyncio.run(FIGURES[name](options.runs)):  # type: ignore[arg-type, var-annotated]
            rows.append(row)
            print("{:52s} {:30s} {:>18s}  {:22s} {:18s} {}".format(*row.cells()), flush=True)
    print(told(started, options.runs))
    if options.markdown:
        print()
        for cells in (HEAD, ["---"] * len(HEAD), *[row.cells() for row in rows]):
            print(f"| {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
