"""
Loads the layer into an interpreter in which nothing of it is installed.

`kiwoom run` puts this folder first on PYTHONPATH, so that the program's interpreter, and every interpreter that the
program starts, executes this file before anything else. The layer comes in under a name of its own, because programs
often have a package called kiwoom. A sitecustomize that this one hides is executed afterwards.
"""

import importlib.machinery
import importlib.util
import os
import sys
from pathlib import Path
from typing import Any


def _load() -> None:
    here = Path(__file__).resolve().parent
    # Python imported this file by its name: with the folder on the path, the hidden one could not be found.
    sys.path[:] = [entry for entry in sys.path if Path(entry or os.curdir).resolve() != here]
    if "KIWOOM_COMPAT" in os.environ and "_kiwoom_shim" not in sys.modules:
        folder = here.parent
        spec: Any = importlib.util.spec_from_file_location(
            "_kiwoom_shim", str(folder / "__init__.py"), submodule_search_locations=[str(folder)]
        )
        _execute(spec, "_kiwoom_shim")
        importlib.import_module("_kiwoom_shim.bootstrap").start()
    hidden: Any = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if hidden is not None:
        _execute(hidden)


def _execute(spec: Any, name: str = "") -> None:
    module = importlib.util.module_from_spec(spec)
    if name:
        # Before it is executed, as importlib does: its own modules import each other by this name.
        sys.modules[name] = module
    spec.loader.exec_module(module)


_load()
