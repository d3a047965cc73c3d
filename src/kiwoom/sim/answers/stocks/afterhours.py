"""Single-price trading after hours: one code now (opt10087), and the ranking by rate of change (opt10098)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kiwoom.sim.answers.inputs import choice, market_stocks, stock, stock_filter, value_at_least, volume_at_least
from kiwoom.sim.answers.items import MILLION, price_text
from kiwoom.sim.answers.registry import Answer, Request, answers
from kiwoom.sim.base.formats import clock6, direction, rate, signed, signed_price
from kiwoom.sim.market.afterhours import Board, closing_price_orders, single_price
from kiwoom.sim.market.quoted import Quoted
from kiwoom.sim.rules.instruments import Instrument

__all__: list[str] = []

_SOURCE = "the twelve auctions after hours, generated per code and day; changes are counted from the day's close"


@answers("opt10087", source=_SOURCE, omits="the last changes of quantities are 0")
def one_code(request: Request) -> Answer:
    """시간외단일가요청."""
    market, instrument = request.market, stock(request)
    quoted = market.glance(instrument)
    board = single_price(market, instrument)
    row = dict.fromkeys((item.name for item in request.tr.multi), "0")
    row["호가잔량기준시간"] = clock6(market.now_of_day)
    book = quoted.book()
    row["매도호가총잔량"] = str(sum(quantity for _, quantity in book.asks))
    row["매수호가총잔량"] = str(sum(quantity for _, quantity in book.bids))
    waiting = closing_price_orders(market, instrument)
    if waiting is not None:
        row["시간외매도호가총잔량"], row["시간외매수호가총잔량"] = map(str, waiting)
    # Before the first auction the day's close stands there, unchanged: 3 is the direction for equal.
    row |= {
        "시간외단일가_전일대비기호": "3", "시간외단일가_등락률": "0.00",
        "시간외단일가_현재가": price_text(quoted.price, quoted),
    }  # fmt: skip
    if board is not None:
        row |= _now(board, quoted)
        for side, levels in (("매도", board.asks), ("매수", board.bids)):
            for level, (price, quantity) in enumerate(levels, 1):
                row[f"시간외단일가_{side}호가{level}"] = price_text(price, quoted)
                row[f"시간외단일가_{side}호가수량{level}"] = str(quantity)
        row["시간외단일가_매도호가총잔량"] = str(board.total_ask)
        row["시간외단일가_매수호가총잔량"] = str(board.total_bid)
    return Answer(row, [row], codes=[request.text("종목코드")])


def _now(board: Board, quoted: Quoted) -> dict[str, str]:
    return {
        # The price's sign is against the day's base; change and direction count from the close.
        "시간외단일가_현재가": signed_price(board.price, quoted.base),
        "시간외단일가_전일대비기호": direction(board.price, board.close),
        "시간외단일가_전일대비": signed(board.price - board.close),
        "시간외단일가_등락률": rate(board.price, board.close),
        "시간외단일가_누적거래량": str(board.volume),
    }


_Key = Callable[[Board], float]
_SORTS: dict[str, tuple[str, Callable[[int], bool], _Key]] = {
    "1": ("상승률", lambda change: change > 0, lambda b: -(b.price - b.close) / b.close),
    "2": ("상승폭", lambda change: change > 0, lambda b: -(b.price - b.close)),
    "3": ("하락률", lambda change: change < 0, lambda b: (b.price - b.close) / b.close),
    "4": ("하락폭", lambda change: change < 0, lambda b: b.price - b.close),
    "5": ("보합", lambda change: change == 0, lambda b: -b.volume),
}


@answers("opt10098", source=_SOURCE)
def ranking(request: Request) -> Answer:
    """시간외단일가등락율순위요청."""
    market = request.market
    sorts = {value: meaning for value, (meaning, _, _) in _SORTS.items()}
    _, wanted, key = _SORTS[choice(request, "정렬기준", sorts, "1")]
    fits = stock_filter(request)
    # The legend of this TR counts tens of shares and millions of won: the session is thin.
    volume, value = volume_at_least(request, "거래량조건", 10), value_at_least(request, "거래대금", MILLION)
    found: list[tuple[float, Instrument, Board]] = []
    for instrument in market_stocks(request):
        board = single_price(market, instrument) if fits(instrument) else None
        # `done`: a code without an auction yet has no rate to rank.
        if board is None or not board.done or board.volume < volume or board.value < value:
            continue
        if wanted(board.price - board.close):
            found.append((key(board), instrument, board))
    found.sort(key=lambda entry: entry[0])

    def rows() -> Iterator[dict[str, str]]:
        for rank, (_, instrument, board) in enumerate(found, 1):
            quoted = market.glance(instrument)
            yield {
                "순위": str(rank), "종목코드": instrument.code, "종목명": instrument.name,
                "현재가": signed_price(board.price, quoted.base),
                "전일대비기호": direction(board.price, board.close), "전일대비": signed(board.price - board.close),
                "등락률": rate(board.price, board.close), "매도총잔량": str(board.total_ask),
                "매수총잔량": str(board.total_bid), "누적거래량": str(board.volume),
                "누적거래대금": str(board.value // MILLION), "당일종가": signed_price(board.close, quoted.base),
                "당일종가등락률": rate(board.close, quoted.base),
            }  # fmt: skip

    return Answer({}, rows(), registers="종목코드")
