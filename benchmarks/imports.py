"""
What `import kiwoom` costs and loads: ``python -m benchmarks.imports [runs]``.

Each import is a process of its own; the time of an empty interpreter is taken away. Prints the median and which of the
heavy packages were loaded (there should be none).
"""

from __future__ import annotations

import statistics
import subprocess
import sys

HEAVY = ("PyQt5", "PyQt6", "PySide2", "PySide6", "qtpy", "grpc", "google.protobuf", "pandas", "numpy", "rich", "typer")
PROGRAM = """
import sys, time
started = time.perf_counter()
import {module}
print(time.perf_counter() - started, len(sys.modules), *(name for name in {heavy!r} if name in sys.modules))
"""


def measure(module: str, runs: int) -> tuple[float, int, list[str]]:
    """Median seconds of an import in a fresh process, modules loaded, and the heavy ones among them."""
    seconds: list[float] = []
    words: list[str] = []
    for _ in range(runs):
        program = PROGRAM.format(module=module, heavy=HEAVY)
        words = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout.split()
        seconds.append(float(words[0]))
    return statistics.median(seconds), int(words[1]), words[2:]


def main() -> None:
    """Measure and print."""
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    for module in ("json", "asyncio", "kiwoom", "kiwoom.sim"):
        seconds, modules, heavy = measure(module, runs)
        print(
            f"import {module:<12} {seconds * 1000:7.1f} ms  {modules:4d} modules  heavy: {', '.join(heavy) or 'none'}"
        )


if __name__ == "__main__":
    main()
