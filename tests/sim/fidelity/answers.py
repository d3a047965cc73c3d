"""Answers of TRs."""

from __future__ import annotations

from collections.abc import Iterator

from tests.sim.captured import trs as real
from tests.sim.driver import Answer, Driver
from tests.sim.exchange.test_ordering import Trader
from tests.sim.fidelity.report import Compared, Line, Row, fields, matches, same, with_base

from kiwoom import catalog

__all__ = ["compared"]

_MOCK = "mock server, 2021-2022"
_MORNING = "at=2026-02-06 10:00&seed=3"
_CODES = ("005930", "000660", "035420", "247540", "900250")


def compared(market: Driver) -> Iterator[Compared]:
    """Every TR of which an answer was captured."""
    yield from _quotes(market)
    yield from _lists(market)
    yield from _accounts(market)
    yield from _own_trades()


def _arguments(kind: Compared, answer: Answer, patterns: tuple[str, ...]) -> Compared:
    """Add lines about the first arguments of the answer's OnReceiveTrData."""
    names = ("screen", "rqname", "trcode", "record name", "prev_next")
    for name, pattern, text in zip(names, patterns, answer.arguments, strict=False):
        kind.lines.append(matches(f"OnReceiveTrData, {name}", pattern, str(text)))
    return kind


def _items(tr: str, single: bool = False) -> list[str]:
    record = catalog.tr(tr)
    return [item.name for item in (record.single if single else record.multi)]


def _quotes(market: Driver) -> Iterator[Compared]:
    answers = [market.ask("opt10001", 종목코드=code) for code in _CODES]
    rows = [{**answer.single, "base": answer.single["기준가"]} for answer in answers]
    kind = fields("opt10001", _MOCK, real.OPT10001, rows, _items("opt10001", single=True))
    yield _arguments(kind, answers[0], (r"0101", r"rq-opt10001", r"opt10001", r"", r"0"))
    yield fields("opt10001, real server", "real server, 2024", real.OPT10001_REAL, rows)

    first = market.ask("opt10081", 종목코드="005930", 기준일자="", 수정주가구분="0")
    second = market.ask("opt10081", 2, 종목코드="005930", 기준일자="", 수정주가구분="0")
    kind = fields("opt10081", _MOCK, real.OPT10081, first.rows)
    yield _pages(_arguments(kind, first, (r"0101", r"rq-opt10081", r"opt10081", r"", r"2")), first, second)
    adjusted = market.ask("opt10081", 종목코드="005930", 기준일자="", 수정주가구분="1")
    yield fields("opt10081, real server", "real server, 2024", real.OPT10081_REAL, adjusted.rows)

    market.run(1)
    assert market.control.call("CommKwRqData", ";".join(_CODES), 0, len(_CODES), 0, "관심", "9991") == 0
    market.wait("OnReceiveTrData")
    answer = market.answers[-1]
    rows = [{**row, "base": row["기준가"]} for row in answer.rows]
    kind = fields("OPTKWFID", _MOCK, real.OPTKWFID, rows, _items("optkwfid"))
    kind.lines.append(
        same("the order of the rows", "as asked", "as asked", tuple(row["종목코드"] for row in rows) == _CODES)
    )
    yield _arguments(kind, answer, (r"9991", r"관심", r"OPTKWFID", r"", r"0"))

    answer = market.ask("opt10003", 종목코드="005930")
    closed = Driver("at=2026-02-06 15:31&seed=2").ask("opt10003", 종목코드="005930")
    rows = [with_base(row) for row in (*answer.rows, *closed.rows)]
    kind = fields("opt10003", "mock server, 2019, nothing stripped", real.OPT10003, rows, _items("opt10003"))
    kind.lines.append(same("rows of a page", "30 rows", f"{len(answer.rows)} rows", len(answer.rows) == 30))
    yield _arguments(kind, answer, (r"0101", r"rq-opt10003", r"opt10003", r"", r"2"))


def _pages(kind: Compared, first: Answer, second: Answer) -> Compared:
    dates = [row["일자"] for row in (*first.rows, *second.rows)]
    later = {row["종목코드"] for row in (*first.rows[1:], *second.rows[1:])}
    sizes = f"{len(first.rows)} and {len(second.rows)} rows"
    kind.lines += [
        same("rows of two pages", "600 and 600 rows", sizes, sizes == "600 and 600 rows"),
        same("days of two pages", "newest first, none twice", "newest first, none twice", _falling(dates)),
        same("종목코드 of later rows", "empty", "empty", later == {""}),
    ]  # fmt: skip
    return kind


def _falling(dates: list[str]) -> bool:
    return dates == sorted(set(dates), reverse=True)


def _lists(market: Driver) -> Iterator[Compared]:
    rows = [with_base(row) for row in market.ask("opt10026", 시장구분="000", PER구분="3").rows]
    yield fields("opt10026", "mock server, 2018", real.OPT10026, rows, _items("opt10026"))
    answer = market.ask("OPT10032", 시장구분="000", 관리종목포함="0")
    rows = [with_base(row) for row in answer.rows]
    kind = fields("OPT10032", "real server, 2024", real.OPT10032, rows)
    kind.lines.append(same("rows of a page", "100 rows", f"{len(rows)} rows", len(rows) == 100))
    yield _arguments(kind, answer, (r"0101", r"rq-OPT10032", r"OPT10032", r"", r"2"))
    yield _definition()
    inputs = {
        "시장구분": "000", "장전구분": "0", "종목코드": "", "발동구분": "0", "제외종목": "000000000", "거래량구분": "0",
        "거래대금구분": "0", "발동방향": "0",
    }  # fmt: skip
    rows = market.ask("opt10054", **inputs).rows
    assert rows, "no stock was interrupted on this day"
    source = "REST sibling on the mock server, 2026"
    yield fields("opt10054", source, real.OPT10054, rows, supposed={"동적괴리율": ("+3.00",)})


def _definition() -> Compared:
    """A definition file has no values: the items and the inputs in its order."""
    kind = Compared("opt10030, definition", "a definition file of 2026; the simulator's are of December 2022")
    items, inputs = _items("opt10030"), catalog.tr("opt10030").inputs
    for place, name in enumerate(real.OPT10030):
        there = items[place] if place < len(items) else "nothing"
        kind.lines.append(same(f"item {place + 1}", name, there, there == name))
    newer = real.OPT10030_INPUTS[len(inputs) :]
    for place, name in enumerate(real.OPT10030_INPUTS):
        if name in newer:
            kind.lines.append(Line(f"input {place + 1}", name, "-", left_out="the server got it later"))
        else:
            kind.lines.append(same(f"input {place + 1}", name, inputs[place], inputs[place] == name))
    return kind


def _accounts(market: Driver) -> Iterator[Compared]:
    account = str(market.control.call("GetLoginInfo", "ACCNO")).split(";")[0]
    access = {"계좌번호": account, "비밀번호": "0000", "비밀번호입력매체구분": "00"}
    answer = market.ask("opw00018", **access, 조회구분="2")
    rest = market.ask("opw00018", **{**access, "계좌번호": _second(market)}, 조회구분="2")
    # who has just bought has lost the fees
    loss = Trader(_MORNING)
    loss.order(1, 10, quote="03")
    single = [answer.single, rest.single, loss.ask("opw00018", **access, 조회구분="2").single]
    order = _items("opw00018", single=True)
    yield fields("opw00018, single", "mock server, 2018, and another", real.OPW00018_SINGLE, single, order)
    rows = [*answer.rows, *rest.rows]
    yield fields("opw00018, rows", "mock server, 2018", real.OPW00018, rows, _items("opw00018"))
    kind = fields("opw00018, rows, real server", "real server, 2022", real.OPW00018_REAL, rows)
    yield _arguments(kind, answer, (r"0101", r"rq-opw00018", r"opw00018", r"", r""))
    amounts = dict.fromkeys(_items("opw00001", single=True), ("000000000000000",))
    deposit = market.ask("opw00001", **access, 조회구분="2")
    kind = fields("opw00001", "mock server", amounts | real.OPW00001, [deposit.single], list(amounts))
    kind.lines.append(same("rows", "no rows", "no rows" if not deposit.rows else "rows", not deposit.rows))
    yield kind
    rows = market.ask("opt10085", 계좌번호=account).rows
    stocks = [market.control.broker.market.find(row["종목코드"]) for row in rows]
    for row, stock in zip(rows, stocks, strict=True):
        assert stock is not None
        row["base"] = str(market.control.broker.market.live_as_seen(stock).base)
    yield fields("opt10085", "mock server, 2018", real.OPT10085, rows, _items("opt10085"))


def _second(market: Driver) -> str:
    return str(market.control.call("GetLoginInfo", "ACCNO")).split(";")[1]


def _own_trades() -> Iterator[Compared]:
    """What account TRs say of orders of the day."""
    trader = Trader(f"{_MORNING}&texts=real&fee_ppm=150")
    trader.order(1, 2, quote="03")
    trader.order(2, 2, quote="03")
    rows = trader.ask("opt10085", 계좌번호=trader.account).rows
    sold = [{**row, "base": str(trader.live().base)} for row in rows]
    yield fields("opt10085, a stock sold out", "mock server, 2018", real.OPT10085_SOLD_OUT, sold)
    rows = trader.ask("opt10077", 계좌번호=trader.account, 비밀번호="0000", 종목코드="005930").rows
    yield fields("opt10077", "mock server, 2018", real.OPT10077, rows)
    unfilled: list[Row] = []
    inputs = {"계좌번호": trader.account, "전체종목구분": "0", "매매구분": "0", "체결구분": "1"}
    low, ticks = trader.live().lower, trader.live().instrument.ticks
    first = trader.order(1, 1, low)
    unfilled += trader.ask("opt10075", **inputs).rows
    second = trader.order(5, 1, ticks.up(low), original=first)
    unfilled += trader.ask("opt10075", **inputs).rows
    kind = fields("opt10075", "real server, 2024", real.OPT10075_REAL, unfilled)
    trader.order(3, 1, original=second)
    left = len(trader.ask("opt10075", **inputs).rows)
    kind.lines.append(same("after the cancellation", "0 rows", f"{left} rows", not left))
    yield kind
