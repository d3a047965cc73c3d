"""Many normally distributed numbers at once: a table look-up for each two random bytes."""

from __future__ import annotations

import random
from functools import cache
from statistics import NormalDist
from struct import unpack

__all__ = ["normals"]

_BITS = 12


@cache
def _table() -> tuple[float, ...]:
    """Quantiles of the standard normal distribution, at the middle of each of 4096 equal parts."""
    inverse, size = NormalDist().inv_cdf, 1 << _BITS
    return tuple(inverse((i + 0.5) / size) for i in range(size))


def normals(rng: random.Random, count: int) -> list[float]:
    """
    Draw `count` numbers of mean 0 and standard deviation 1; none is beyond 3.7.

    About ten times as fast as `rng.gauss`, which matters where a market of thousands of codes is made.
    """
    table, mask = _table(), (1 << _BITS) - 1
    return [table[bits & mask] for bits in unpack(f"<{count}H", rng.randbytes(2 * count))]
