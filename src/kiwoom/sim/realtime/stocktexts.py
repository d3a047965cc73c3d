"""
The payloads of 주식체결, 주식우선호가 and 주식호가잔량: the fields of the real type in its order, separated by tabs.

These are nearly all events of a day, so each payload is written in one go. Fields that depend on the price alone (sign,
change, rate, capitalisation ...) are written once a day for each price, and a level of the book only when it has
changed. The formats are those of `formats.py`, checked against captured payloads; a test holds every field against a
plain description of it.
"""

from __future__ import annotations

from datetime import date

from kiwoom.sim.base.formats import TWO_DIGITS, clock6, direction, rate, signed, signed_price
from kiwoom.sim.market.ladder import DEPTH, NEVER, Ladders, changed_levels
from kiwoom.sim.market.live import Live
from kiwoom.sim.rules.trading import sales_tax_ppm

__all__ = ["StockTexts"]

_TRADING_FEE_PPM = 150  # the part of FID 32 that is fee, each way
_REGULAR_US, _AFTER_US = 32_400_000_000, 55_800_000_000  # 09:00 and 15:30
# Captured: FIDs 567 and 568 before the price touches a limit.
_NO_TIME = "000000"
_NO_LEVEL = "0\t0\t0\t"
_CONSTANT = "0\t0.00\t3\t0\t0\t3\t0\t0.00\t" + "0\t" * (2 * DEPTH)  # FIDs 200 201 238 291-295, and 621-640


class _Levels:
    """The texts of the levels of the book around a price: price, quantity and change, offer and bid in turn."""

    __slots__ = ("_ask_prices", "_bid_prices", "_count", "_texts")

    def __init__(self) -> None:
        self._ask_prices: list[str] = []
        self._bid_prices: list[str] = []
        self._texts = [_NO_LEVEL] * (2 * DEPTH)
        self._count = NEVER

    def text(self, ladders: Ladders, base: int) -> str:
        """The levels of `ladders`, which must be the ones that this object was made for."""
        if self._count == NEVER:
            self._ask_prices = [f"{signed_price(price, base)}\t" for price in ladders.ask_prices if price]
            self._bid_prices = [f"{signed_price(price, base)}\t" for price in ladders.bid_prices if price]
        texts, changed = self._texts, changed_levels(self._count, ladders.count)
        self._count = ladders.count
        for start, prices, quantities in ((0, self._ask_prices, ladders.asks), (1, self._bid_prices, ladders.bids)):
            # 직전대비 is 0: the simulator keeps no change of single levels.
            found = [f"{price}{size}\t0\t" for price, size in zip(prices[:changed], quantities, strict=False)]
            texts[start : 2 * len(found) : 2] = found
        return "".join(texts)


class StockTexts:
    """Writes the payloads of a stock on one day. `live` is its state after its last trade."""

    __slots__ = (
        "_at_price", "_cost_ppm", "_extremes", "_levels", "_of_price", "_quotes", "_range", "_times", "_totals", "live",
    )  # fmt: skip

    def __init__(self, live: Live, day: date) -> None:
        self.live = live
        self._cost_ppm = sales_tax_ppm(day) + 2 * _TRADING_FEE_PPM
        self._at_price: dict[int, tuple[str, str, str, str, str, str]] = {}
        self._quotes: dict[int, str] = {}
        self._levels: dict[int, _Levels] = {}
        self._extremes = (-1, -1)
        self._range = self._times = ""
        self._totals = (NEVER, 0, 0, "", "")

    def quotes(self) -> tuple[int, int]:
        """Best offer and best bid: 주식우선호가 is sent again when they change."""
        ladders = self.live.ladders()
        return ladders.ask, ladders.bid

    def best(self) -> str:
        """주식우선호가: the best offer and the best bid."""
        live = self.live
        key = live.price if live.side > 0 else -live.price
        return self._quotes.get(key) or self._quote(key)

    def _quote(self, key: int) -> str:
        """FIDs 27 and 28; `key` is the price, negative after a sale."""
        live = self.live
        ask, bid = live.ask, live.bid
        text = "\t".join(signed_price(price, live.base) if price else "0" for price in (ask, bid))
        self._quotes[key] = text
        return text

    def _price(self, price: int) -> tuple[str, str, str, str, str, str]:
        """Fields that depend on the price of the trade: FIDs 10 11 12, 25, 32, 311, 1497 1498, 732."""
        live = self.live
        base = live.base
        found = self._at_price[price] = (
            f"{signed_price(price, base)}\t{signed(price - base)}\t{rate(price, base)}",
            direction(price, base, live.lower, live.upper),
            # FID 32 (거래비용): fee of both ways and tax of the sale, of one share.
            str(price * self._cost_ppm // 1_000_000),
            str(live.instrument.shares * price // 100_000_000),
            # FIDs 1497 (CFD증거금) and 1498 (유지증거금): 40 % of the price, and 0.8 of that, captured in 2022.
            f"{price * 4 // 10}\t{price * 32 // 100}",
            str(price * 532 // 100_000),
        )
        return found

    def _day_so_far(self) -> None:
        """FIDs 16 17 18 and 1890 1891 1892: they change when a trade sets a new high or low."""
        live = self.live
        base = live.base
        self._extremes = live.high_us, live.low_us
        self._range = "\t".join(signed_price(price, base) for price in (live.open, live.high, live.low))
        self._times = "\t".join(clock6(us) for us in (live.open_us, live.high_us, live.low_us))

    def trade(self) -> str:
        """주식체결: the last trade and the day so far."""
        live = self.live
        last = live.last
        assert last is not None  # sent after a trade
        us, price, quantity, side = last
        change, direction_, cost, capital, parts, part = self._at_price.get(price) or self._price(price)
        key = live.price if live.side > 0 else -live.price
        quotes = self._quotes.get(key) or self._quote(key)
        if self._extremes != (live.high_us, live.low_us):
            self._day_so_far()
        volume, value = live.volume, live.value
        before, value_before = live.previous_volume, live.previous_value
        bought, sold = live.buy_volume, live.sell_volume
        # FIDs 1313 and its like: thousand won, cut toward zero (captured).
        won = price * quantity // 1000
        if side > 0:
            amount = f"+{quantity}"
            sides = f"{f'+{won}' if won else '0'}\t 0\t{amount}"
        elif side < 0:
            amount = f"-{quantity}"
            sides = f"{-won}\t{amount}\t 0"
        else:
            # An auction's trade has a blank for a sign (captured).
            amount = f" {quantity}"
            sides = "0\t 0\t 0"
        both = bought + sold
        power = bought * 10_000 // sold if sold else 0
        # percentages in hundredths, rounded half up, as `percent` does
        share = (bought * 20_000 + both) // (2 * both) if both else 0
        shares = live.instrument.shares
        turnover = (volume * 20_000 + shares) // (2 * shares) if shares else 0
        more, more_value = volume - before, value - value_before
        # FID 851: percent of yesterday's volume without a point (captured: 11814 for 118.14 %).
        grown = volume * 10_000 // before if before else 0
        # FID 620: the average price of the day, cut to 1 won (captured).
        average = value // volume if volume else 0
        limits = _NO_TIME + "\t" + _NO_TIME
        if live.upper_us or live.lower_us:
            limits = "\t".join(clock6(us) if us else _NO_TIME for us in (live.upper_us, live.lower_us))
        return (
            f"{clock6(us)}\t{change}\t{quotes}\t{amount}\t{volume}\t{value // 1_000_000}\t{self._range}\t{direction_}\t"
            f"{f'+{more}' if more > 0 else more}\t{f'+{more_value}' if more_value > 0 else more_value}\t"
            f"{_to_yesterday(volume, before)}\t{turnover // 100}.{TWO_DIGITS[turnover % 100]}\t{cost}\t"
            f"{power // 100}.{TWO_DIGITS[power % 100]}\t{capital}\t"
            f"{'1' if us < _REGULAR_US else '2' if us < _AFTER_US else '3'}\t0\t"
            f"{_to_yesterday(value, value_before)}\t{limits}\t{grown}\t{self._times}\t"
            f"{sold}\t{bought}\t{'+' if 2 * bought > both else '-'}{share // 100}.{TWO_DIGITS[share % 100]}\t"
            f"{live.sell_count}\t{live.buy_count}\t{sides}\t{amount}\t{parts}\t{average}\t{part}\t"
        )

    def book(self) -> str:
        """주식호가잔량: ten levels each way and their totals, with the change of the totals since the last book."""
        live = self.live
        base, count, volume, before = live.base, live.count, live.volume, live.previous_volume
        key = live.price if live.side > 0 else -live.price
        ladders = live.ladders()
        ladders.refresh(count)
        levels = self._levels.get(key)
        if levels is None:
            levels = self._levels[key] = _Levels()
        ask, bid = ladders.ask_total, ladders.bid_total
        seen, ask_before, bid_before, ask_change, bid_change = self._totals
        # A book read twice after one trade keeps its changes: it is one book.
        if seen != count:
            ask_change = bid_change = "0"
            if seen != NEVER:
                asks, bids = ask - ask_before, bid - bid_before
                ask_change, bid_change = f"+{asks}" if asks > 0 else str(asks), f"+{bids}" if bids > 0 else str(bids)
            self._totals = count, ask, bid, ask_change, bid_change
        # FID 128 = 125 - 121 and 138 = -128 (official sample).
        more = bid - ask
        bid_share = (bid * 20_000 + ask) // (2 * ask) if ask else 0
        ask_share = (ask * 20_000 + bid) // (2 * bid) if bid else 0
        return (
            f"{clock6(live.last.us) if live.last else _NO_TIME}\t{levels.text(ladders, base)}"
            f"{ask}\t{ask_change}\t{bid}\t{bid_change}\t0\t0\t"
            f"{f'+{more}' if more > 0 else more}\t{bid_share // 100}.{TWO_DIGITS[bid_share % 100]}\t"
            f"{f'+{-more}' if more < 0 else -more}\t{ask_share // 100}.{TWO_DIGITS[ask_share % 100]}\t"
            f"{_CONSTANT}{volume}\t{rate(volume, before)}\t\t"
        )


def _to_yesterday(today: int, yesterday: int) -> str:
    """As `formats.ratio_to_yesterday`, for a `today` that is not negative."""
    if not yesterday:
        return "0.00"
    units = (today * 20_000 + yesterday) // (2 * yesterday)
    sign = "-" if today < yesterday else "+" if today > yesterday else ""
    return f"{sign}{units // 100}.{TWO_DIGITS[units % 100]}"
