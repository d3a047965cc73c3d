"""A pause of Python's cyclic garbage collection while an answer makes many objects."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["collection_paused"]


@contextmanager
def collection_paused() -> Iterator[None]:
    """
    Pause the cyclic garbage collection, if it is on, until the block ends.

    The first ranking of a day makes 200,000 objects that stay and none of them in a ring: the collector walked through
    them again and again, and took a quarter of the time. A thread that comes while another one has it paused leaves it
    to that one to turn it on.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
