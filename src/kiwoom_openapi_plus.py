"""
The `kiwoom` command, where a program's own `kiwoom.py` would come first.

Programs for the OCX are often called kiwoom themselves. With such a folder on PYTHONPATH, ``import kiwoom`` finds the
program; this module, named like the distribution, stands beside the right package and imports that one.
"""

from __future__ import annotations

import importlib
import os
import sys

__all__ = ["main"]


def main() -> None:
    """Run the command with the arguments of the process."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - light: every start runs it
    sys.path.insert(0, here)
    try:
        importlib.import_module("kiwoom")
    finally:
        sys.path.remove(here)
    importlib.import_module("kiwoom.cli").main()
