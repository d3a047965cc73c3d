"""
The net asset value (NAV) of an ETF, the distance of the price from it, and the index of the fund.

The NAV of a fund is its price less a premium that is small, different each day, and a function of seed, code and date
alone. Funds of the KOSPI200 and the KOSDAQ 150 follow these (`tracking`); the others, of sectors, bonds, goods and
other countries, move by themselves and show the KOSPI200 as their index.
"""

from __future__ import annotations

import random
from datetime import date
from functools import lru_cache

from kiwoom.sim.market.market import Market
from kiwoom.sim.prices.fundtape import multiple_of
from kiwoom.sim.rules.derivatives import INDEX_CODE
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["follows", "manager", "multiple", "nav", "premium_ppm", "tracking_error"]

# The managers' brands, with which their funds' names begin.
_MANAGERS = {
    "KODEX": "삼성자산운용", "TIGER": "미래에셋자산운용", "RISE": "KB자산운용", "ACE": "한국투자신탁운용",
    "SOL": "신한자산운용", "PLUS": "한화자산운용", "KIWOOM": "키움투자자산운용", "HANARO": "NH아문디자산운용",
}  # fmt: skip


@lru_cache(maxsize=65536)
def premium_ppm(seed: int, code: str, day: date) -> int:
    """How far a fund's price is above its NAV on a day, in millionths: mostly within 0.3 %."""
    return round(random.Random(f"{seed}/{code}/{day.toordinal()}/nav").gauss(0, 1200))


def nav(price: int, seed: int, code: str, day: date) -> int:
    """The NAV that belongs to a price, in hundredths of a won."""
    # Whole numbers: NAV in hundredths of a won, the premium in millionths.
    return price * 100 * 1_000_000 // (1_000_000 + premium_ppm(seed, code, day))


def multiple(fund: Instrument) -> str:
    """The multiple of the index that the fund's name promises: 1, 2, -1 or -2."""
    return str(multiple_of(fund))


def manager(fund: Instrument) -> str:
    """The asset manager, by the brand that the name begins with; "" for an unknown brand."""
    return _MANAGERS.get(fund.name.split(" ")[0], "")


def follows(market: Market, fund: Instrument) -> Instrument:
    """The index that a fund is held against: the one it follows, the KOSPI200 where that is not listed."""
    followed = market.followed(fund)
    return followed[0] if followed else market.listing.instruments[INDEX_CODE]


def tracking_error(seed: int, code: str, day: date) -> str:
    """추적오차율 in percent, two decimals."""
    hundredths = random.Random(f"{seed}/{code}/{day.year}{day.month}/error").randrange(5, 120)
    return f"{hundredths // 100}.{hundredths % 100:02d}"
