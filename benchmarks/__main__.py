"""Run the benchmarks, each in a process of its own: ``python -m benchmarks [NAME …]``; without names, all of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def main() -> None:
    """Run what was named."""
    folder = Path(__file__).resolve().parent
    names = sys.argv[1:] or sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))
    for name in names:
        print(f"── {name}", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=folder.parent, check=False)


if __name__ == "__main__":
    main()
