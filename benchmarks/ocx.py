"""
What the control costs over the bare QAxWidget: calls and events, on a real COM control.

Runs where a control is registered: on Windows beside the OCX (mock server; nothing is ordered), or inside Wine over the
test control, which is what `--wine DIRECTORY` (made by scripts/setup-wine.sh) does::

    python -m benchmarks.ocx --wine build/wine

Both ways are measured in turn in one process, 50 times; the figures are the best turns, since
what other programs take can only be added. An event's handler reads one field, as programs do.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Any

ROUNDS = 50
CALLS = 1_000
EVENTS = 500
MOST_RATIO = 1.5


def main() -> None:
    """Measure here, or inside Wine, and print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--wine", type=Path, help="directory that scripts/setup-wine.sh has set up")
    options.add_argument("--json", action="store_true", help="print the figures as JSON")
    options.add_argument("--check", action="store_true", help=f"fail if a ratio is above {MOST_RATIO}")
    chosen = options.parse_args()
    figures = measure_in_wine(chosen.wine) if chosen.wine else measure()
    print(json.dumps(figures) if chosen.json else table(figures))
    if chosen.check and any(bare * MOST_RATIO < ours for bare, ours in figures.values()):
        sys.exit(f"above {MOST_RATIO}")


def measure_in_wine(wine: Path) -> dict[str, tuple[float, float]]:
    """The figures from the Windows Python of a Wine set-up."""
    program = "Z:" + str(Path(__file__).resolve()).replace("/", "\\")
    done = subprocess.run([wine.resolve() / "python.sh", program, "--json"], capture_output=True, check=False)
    if done.returncode:
        sys.exit(done.stderr.decode("utf-8", "replace"))
    return {name: (bare, ours) for name, (bare, ours) in json.loads(done.stdout).items()}


def table(figures: dict[str, tuple[float, float]]) -> str:
    """The figures as a Markdown table."""
    lines = ["| | bare QAxWidget, µs | control, µs | ratio |", "| --- | --- | --- | --- |"]
    lines += [f"| {name} | {bare:.2f} | {ours:.2f} | {ours / bare:.2f} |" for name, (bare, ours) in figures.items()]
    return "\n".join(lines)


def measure() -> dict[str, tuple[float, float]]:
    """Microseconds for each call and each event, (bare, through the control)."""
    from PyQt5.QAxContainer import QAxWidget
    from PyQt5.QtWidgets import QApplication

    from kiwoom.control import open_control

    application = QApplication.instance() or QApplication(sys.argv[:1])
    bare = QAxWidget("KHOPENAPI.KHOpenAPICtrl.1")
    control = open_control("ocx:?process=here")
    log_in(application, bare)
    calls: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
        "call without arguments (GetConnectState)": (
            lambda: bare.dynamicCall("GetConnectState()"),
            lambda: control.call("GetConnectState"),
        ),
        "call with text (GetMasterCodeName)": (
            lambda: bare.dynamicCall("GetMasterCodeName(QString)", "005930"),
            lambda: control.call("GetMasterCodeName", "005930"),
        ),
        "call with four arguments (GetCommData)": (
            lambda: bare.dynamicCall("GetCommData(QString, QString, int, QString)", "opt10001", "a", 0, "현재가"),
            lambda: control.call("GetCommData", "opt10001", "a", 0, "현재가"),
        ),
    }
    figures = {name: in_turn(lambda f: time_calls(f, CALLS), pair) for name, pair in calls.items()}
    seen = [0]

    def bare_handler(code: str, real_type: str, data: str) -> None:
        seen[0] += 1
        bare.dynamicCall("GetCommRealData(QString, int)", code, 10)

    def control_handler(code: str, real_type: str, data: str) -> None:
        seen[0] += 1
        control.call("GetCommRealData", code, 10)

    def bare_call(name: str, *arguments: Any) -> Any:
        return bare.dynamicCall(name, list(arguments))

    bare.OnReceiveRealData.connect(bare_handler)
    control.subscribe("OnReceiveRealData", control_handler)
    if control.call("KOA_Functions", "TestWaiting", "") == "0":  # the OCX knows no such function, and sends no bursts
        figures["event with one field read in it"] = in_turn(
            lambda call: time_events(application, call, seen), (bare_call, control.call)
        )
    control.close()
    return figures


def log_in(application: Any, bare: Any) -> None:
    """Log in; the controls of a process share the login."""
    bare.dynamicCall("CommConnect()")
    while not bare.dynamicCall("GetConnectState()"):
        application.processEvents()


def in_turn(timed: Callable[[Any], float], pair: tuple[Any, Any]) -> tuple[float, float]:
    """The best microseconds of both, measured alternately so that a busy machine is busy for both."""
    rounds = [(timed(pair[0]), timed(pair[1])) for _ in range(ROUNDS)]
    return min(r[0] for r in rounds) * 1e6, min(r[1] for r in rounds) * 1e6


def time_calls(function: Callable[[], Any], count: int) -> float:
    """Seconds for one call."""
    started = perf_counter()
    for _ in range(count):
        function()
    return (perf_counter() - started) / count


def time_events(application: Any, call: Callable[..., Any], seen: list[int]) -> float:
    """Seconds for one event of a burst, from its delivery on."""
    name = ["SetRealReg", "KOA_Functions", "SetRealRemove"]
    if getattr(call, "__name__", "") == "bare_call":
        name = [
            "SetRealReg(QString, QString, QString, QString)",
            "KOA_Functions(QString, QString)",
            "SetRealRemove(QString, QString)",
        ]
    seen[0] = 0
    call(name[0], "0101", "005930;000660", "20;10;15", "0")
    call(name[1], "TestBurst", str(EVENTS))
    started = perf_counter()
    while seen[0] < EVENTS:
        application.processEvents()
    passed = perf_counter() - started
    call(name[2], "ALL", "ALL")
    return passed / seen[0]


if __name__ == "__main__":
    main()
