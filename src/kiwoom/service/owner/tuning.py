"""
Speed for a process that only serves: fewer threads in gRPC, an event loop in C, and a garbage collector that skips
modules and catalogs.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Mapping

from kiwoom.errors import MissingDependency
from kiwoom.service.base.settings import EventLoop

__all__ = ["freeze_gc", "grpc_variables", "new_loop"]

_EXPERIMENTS = "GRPC_EXPERIMENTS"
# The last gRPC of which it is known that it has the switch: a later one might say that it does not.
_LAST_WITH_SWITCH = (1, 85)


def new_loop(kind: EventLoop) -> asyncio.AbstractEventLoop:
    """
    An event loop that can watch a socket, by which gRPC tells it of events. Raises MissingDependency.

    Windows' own loop cannot: there gRPC's one thread calls into the loops, and ends for good at one that was closed.
    """
    if kind != "asyncio":
        try:
            # Tried, not required: it has no wheels for Windows, where the OCX runs.
            import uvloop
        except ImportError as error:
            if kind == "uvloop":
                raise MissingDependency("uvloop is not installed: pip install uvloop (not on Windows)") from error
        else:
            return uvloop.new_event_loop()
    return asyncio.SelectorEventLoop() if sys.platform == "win32" else asyncio.new_event_loop()


def grpc_variables(environment: Mapping[str, str], installed: str) -> dict[str, str]:
    """
    What to add to the environment before gRPC (of version `installed`) is imported, so that it uses fewer threads.

    It reads from its connections on the thread that hands over what it read, then. Otherwise a request goes through
    three threads of a pool first, each of which must be woken. A GRPC_EXPERIMENTS that is set already stays as it is.
    """
    numbers = tuple(int(part) for part in installed.split(".")[:2] if part.isdecimal())
    # A variable that the operator has set counts more than a faster default.
    if sys.platform != "linux" or _EXPERIMENTS in environment or numbers > _LAST_WITH_SWITCH:
        return {}
    return {_EXPERIMENTS: "-event_engine_listener"}


def freeze_gc() -> None:
    """
    Keep the garbage collector from objects that exist by now.

    Modules and catalogs stay. To go through them again and again takes many milliseconds, which clients feel.
    """
    # First: what `freeze` keeps is kept for good, garbage included.
    gc.collect()
    gc.freeze()
