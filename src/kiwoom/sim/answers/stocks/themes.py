"""Themes (테마): the groups with their rates of change, and the members of one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from kiwoom.catalog import Theme, themes
from kiwoom.sim.answers.inputs import choice, number_between
from kiwoom.sim.answers.items import row
from kiwoom.sim.answers.registry import Answer, NotFound, Request, answers
from kiwoom.sim.market.market import Market
from kiwoom.sim.rules.instruments import Instrument

__all__: list[str] = []

_SOURCE = "the package's themes; rates are the means of their members that are listed"
_ORDERS = {"1": "상위기간수익률", "2": "하위기간수익률", "3": "상위등락률", "4": "하위등락률"}
_SEARCHES = {"0": "전체검색", "1": "테마검색", "2": "종목검색"}


def _members(market: Market, theme: Theme) -> list[Instrument]:
    # A small listing (or a folder's) lacks codes that the package's themes name.
    found = (market.find(code) for code in theme.codes)
    return [instrument for instrument in found if instrument is not None]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _percent(value: float) -> str:
    # Rounded first: +0.00 and -0.00 are not written by the server, zero is bare.
    rounded = round(value, 2)
    return f"{rounded:+.2f}" if rounded else "0.00"


def _change(market: Market, stock: Instrument) -> float:
    quoted = market.glance(stock)
    return quoted.change * 100 / quoted.base


def _gain(market: Market, stock: Instrument, days: int) -> float:
    """The rate of change since the close of some days ago."""
    bars = list(islice(market.history(stock).before(market.trading_day()), days))
    return (market.glance(stock).price / bars[-1].close - 1) * 100 if bars else 0.0


@answers("opt90001", source=_SOURCE)
def theme_groups(request: Request) -> Answer:
    """테마그룹별요청: the item 종목코드 is the theme's code."""
    market = request.market
    search = choice(request, "검색구분", _SEARCHES, "0")
    days = number_between(request, "날짜구분", 1, 99, 10)
    order = choice(request, "등락수익구분", _ORDERS, "1")
    name, code = request.text("테마명"), request.text("종목코드")
    found = []
    for theme in themes():
        stocks = _members(market, theme)
        if not stocks or (search == "1" and name not in theme.name):
            continue
        # GetThemeGroupCode gives codes with a prefix A, which programs pass on.
        if search == "2" and code.lstrip("A") not in theme.codes:
            continue
        changes = [_change(market, stock) for stock in stocks]
        found.append((_mean([_gain(market, s, days) for s in stocks]), _mean(changes), theme, stocks, changes))
    found.sort(key=lambda entry: entry[0] if order in "12" else entry[1], reverse=order in "13")

    def rows() -> Iterator[dict[str, str]]:
        for gain, change, theme, stocks, changes in found:
            # Yesterday's turnover: today's would need every trade of the members.
            best = sorted(stocks, key=lambda stock: -market.glance(stock).previous_value)[:2]
            yield {
                "종목코드": theme.code, "테마명": theme.name, "종목수": str(len(stocks)),
                "등락기호": "2" if change > 0 else "5" if change < 0 else "3", "등락율": _percent(change),
                "상승종목수": str(sum(each > 0 for each in changes)),
                "하락종목수": str(sum(each < 0 for each in changes)), "기간수익률": _percent(gain),
                "주요종목": ",".join(stock.name for stock in best),
            }  # fmt: skip

    return Answer({}, rows())


@answers("opt90002", source=_SOURCE)
def theme_members(request: Request) -> Answer:
    """테마구성종목요청: the input 종목코드 is the theme's code."""
    market = request.market
    days = number_between(request, "날짜구분", 1, 99, 10)
    code = request.text("종목코드")
    theme = next((theme for theme in themes() if theme.code == code), None)
    if theme is None:
        raise NotFound(code)
    stocks = _members(market, theme)
    single = {
        "등락률": _percent(_mean([_change(market, stock) for stock in stocks])),
        "기간수익률": _percent(_mean([_gain(market, stock, days) for stock in stocks])),
    }
    rows = (row(market, request.tr, s, 기간수익률n=_percent(_gain(market, s, days))) for s in stocks)
    return Answer(single, rows, registers="종목코드")
