"""
The simulator's messages against captured ones, field by field: same fields, same order, same formats.

`compare` makes every message of which tests/sim/captured.py has a captured one and tells what each field looks like on
both sides; `scripts/make_fidelity.py` writes that down.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from tests.sim import captured as real
from tests.sim.driver import Driver
from tests.sim.exchange.test_ordering import Trader

from kiwoom import catalog
from kiwoom.sim.messages import Refusal, accepted_text, refused_text
from kiwoom.sim.opening import KEY

# The simulator may leave these empty where the captured stock had a figure: funds and loss-making companies have none.
_MAY_BE_EMPTY = {"PER", "EPS", "ROE", "PBR", "EV", "BPS"}
# The captured company earned money; one with a loss has a minus here.
_EARNINGS = {"PER", "EPS", "ROE", "영업이익", "당기순이익"}
_TIMES = {"매매체결처리시각", "체결시간", "시간", "호가시간", "20", "21", "908", "1223", "1890", "1891", "1892"}


def kind_of(text: str) -> str:
    """What a text is, without its sign."""
    body = text[1:] if text[:1] in ("+", "-", " ") else text
    if body == "":
        return "empty"
    if re.fullmatch(r"(19|20)\d{2}[01]\d[0-3]\d", body):
        return "date"
    if re.fullmatch(r"0\d+", body):
        return f"{len(text)} characters with leading zeros"
    if re.fullmatch(r"\d+", body):
        return "whole number"
    decimals = re.fullmatch(r"(\d+)\.(\d+)", body)
    if decimals:
        padded = f" in {len(text)} characters" if re.match(r"0\d", body) else ""
        return f"number with {len(decimals[2])} decimals{padded}"
    return "words in 40 bytes" if text.endswith(" ") and len(text.encode("cp949")) == 40 else "words"


def signs_of(texts: Iterable[str]) -> set[str]:
    """The signs that stand before numbers: plus, minus, a blank, or nothing."""
    return {text[0] if text[:1] in ("+", "-", " ") else "" for text in texts if kind_of(text) != "words"}


def differences(captured: dict[str, tuple[str, ...]], simulated: list[dict[str, str]], base: str = "") -> list[str]:
    """The fields whose format differs, each with what was sent and what is expected."""
    found = []
    for name, samples in captured.items():
        kinds = {kind_of(text) for text in samples}
        if name in _TIMES or kinds & {"6 characters with leading zeros", "date"}:
            # a time before ten begins with a zero, one after it is like any number; so is a small date
            kinds |= {"whole number", "6 characters with leading zeros"}
        if "whole number" in kinds:
            kinds.add("date")
        if name in _MAY_BE_EMPTY:
            kinds.add("empty")
        signs = signs_of(samples)
        if signs & {"+", "-"}:
            signs |= {"+", "-"}
        if name in _EARNINGS:
            signs.add("-")
        for row in simulated:
            text = row[name]
            if name == "종목코드":
                right = bool(re.fullmatch(r"[0-9A-Z]{6}", text)) or (text == "" and "" in samples)
            else:
                right = kind_of(text) in kinds and signs_of([text]) <= signs | unsigned(text, row.get(base))
            if not right:
                found.append(f"{name}: sent {text!r}, captured {samples}")
                break
    return found


def unsigned(text: str, base: str | None) -> set[str]:
    """The empty sign if a text may do without: it is zero, empty, or the base price (None: not known)."""
    return {""} if base in (None, text) or not text.strip("0.") else set()


# --- descriptions ------------------------------------------------------------------------------------------------


def described(texts: Iterable[str]) -> str:
    """The format of some values of one field, in words."""
    texts = list(dict.fromkeys(texts))
    kinds = sorted({kind_of(text) for text in texts} - {"empty"}) or ["empty"]
    if "6 characters with leading zeros" in kinds and "whole number" in kinds:
        kinds.remove("whole number")
    if "date" in kinds and "whole number" in kinds:
        kinds.remove("date")  # by chance
    signs = signs_of(text for text in texts if text) - {""}
    sign = "a sign, " if signs & {"+", "-"} else ""
    blank = "a blank in the sign's place, " if " " in signs else ""
    return sign + blank + " or ".join(kinds)


@dataclass
class Line:
    """One field: its format on both sides, and what differs ("" = nothing)."""

    name: str
    captured: str
    simulated: str
    difference: str = ""


@dataclass
class Compared:
    """One kind of message."""

    kind: str
    source: str
    lines: list[Line] = field(default_factory=list)

    @property
    def differences(self) -> list[str]:
        return [f"{self.kind}: {line.name}: {line.difference}" for line in self.lines if line.difference]


Row = dict[str, str]


def _fields(
    kind: str, source: str, captured: dict[str, tuple[str, ...]], rows: list[Row], order: Sequence[str] = ()
) -> Compared:
    """Compare field by field; `order` are the simulator's fields in order where the captured ones are complete."""
    result = Compared(kind, source)
    wrong: dict[str, str] = {}
    for row in rows:
        for text in differences(captured, [row], "base"):
            name, _, what = text.partition(": ")
            wrong.setdefault(name, what)
    for name, samples in captured.items():
        there = [row[name] for row in rows if name in row]
        result.lines.append(
            Line(name, described(samples), described(there), wrong.get(name, "" if there else "it is not sent"))
        )
    if order:
        names = list(captured)
        same = [name for name in order if name in captured] == names
        extra = [name for name in order if name not in captured]
        shown = f"{len(names)} fields" + (f", then {', '.join(extra)}, which are newer" if extra else "")
        result.lines.append(Line("the order of the fields", f"{len(names)} fields", shown, "" if same else str(order)))
    return result


def _base(row: Row) -> Row:
    """Add the base price: the price less its change."""
    change = row.get("11", row.get("전일대비", ""))
    price = row.get("10", row.get("현재가", "")).lstrip("+- ")
    if "." not in price and price and re.fullmatch(r"[+-]?\d+", change):
        row["base"] = str(int(price) - int(change))
    elif price and change.strip("+-0.") == "":
        row["base"] = row.get("10", "")
    else:
        row["base"] = "-"
    return row


def _pattern(kind: str, source: str, name: str, pattern: str, text: str) -> Line:
    good = re.fullmatch(pattern, text) is not None
    return Line(
        name, f"`{pattern}`" if pattern else "empty", "matches" if good else repr(text[:60]), "" if good else kind
    )


# --- the messages ------------------------------------------------------------------------------------------------


def compare() -> Iterator[Compared]:
    """Every kind of captured message beside the simulator's."""
    market = Driver("at=2026-02-06 14:29&seed=2")
    yield from _answers(market)
    yield from _real_time(market)
    yield from _functions(market)
    yield from _orders()


def _answers(market: Driver) -> Iterator[Compared]:
    mock = "mock server, 2021-2022"
    rows = [market.ask("opt10001", 종목코드=code).single for code in ("005930", "000660", "035420", "247540")]
    for row in rows:
        row["base"] = row["기준가"]
    yield _fields("opt10001", mock, real.OPT10001, rows, [f.name for f in catalog.tr("opt10001").single])
    rows = market.ask("opt10081", 종목코드="005930", 기준일자="", 수정주가구분="0").rows
    yield _fields("opt10081", mock, real.OPT10081, rows)
    market.run(1)
    assert market.control.call("CommKwRqData", "005930;000660;035420;247540", 0, 4, 0, "관심", "9991") == 0
    market.wait("OnReceiveTrData")
    rows = market.answers[-1].rows
    for row in rows:
        row["base"] = row["기준가"]
    yield _fields("OPTKWFID", mock, real.OPTKWFID, rows, [f.name for f in catalog.tr("optkwfid").multi])
    rows = [_base(row) for row in market.ask("opt10003", 종목코드="005930").rows]
    yield _fields("opt10003", "mock server, 2019, nothing stripped", real.OPT10003, rows)
    rows = [_base(row) for row in market.ask("opt10026", 시장구분="000", PER구분="3").rows]
    yield _fields("opt10026", "mock server, 2018", real.OPT10026, rows, [f.name for f in catalog.tr("opt10026").multi])
    rows = [_base(row) for row in market.ask("OPT10032", 시장구분="000", 관리종목포함="0").rows]
    yield _fields("OPT10032", "real server, 2024", real.OPT10032, rows)
    inputs = {
        "시장구분": "000",
        "장전구분": "0",
        "종목코드": "",
        "발동구분": "0",
        "제외종목": "000000000",
        "거래량구분": "0",
    }
    more = {"거래대금구분": "0", "발동방향": "0"}
    rows = market.ask("opt10054", **inputs, **more).rows
    assert rows, "somebody was interrupted on this day"
    yield _fields("opt10054", "REST sibling on the mock server, 2026", real.OPT10054, rows)
    account = str(market.control.call("GetLoginInfo", "ACCNO")).split(";")[0]
    access = {"계좌번호": account, "비밀번호": "0000", "비밀번호입력매체구분": "00"}
    answer = market.ask("opw00018", **access, 조회구분="2")
    yield _fields("opw00018, single", "mock server, 2018", real.OPW00018_SINGLE, [answer.single])
    yield _fields("opw00018, rows", "mock server, 2018", real.OPW00018, answer.rows)
    yield _fields("opw00001", "mock server", real.OPW00001, [market.ask("opw00001", **access, 조회구분="2").single])
    rows = market.ask("opt10085", 계좌번호=account).rows
    order = [f.name for f in catalog.tr("opt10085").multi]
    yield _fields("opt10085", "mock server, 2018", real.OPT10085, rows, order)


def _real_time(market: Driver) -> Iterator[Compared]:
    """The real types; those of the opening from another day."""
    found: dict[str, list[Row]] = {}
    morning = Driver("at=2026-02-06 08:57&seed=0")
    for driver in (morning, market):
        halting = [
            stock.code
            for stock in driver.control.broker.market.instruments()
            if stock.is_stock
            and any(h.end_us < 34_080_000_000 for h in driver.control.broker.market.glance(stock).tape.halts)
        ]
        keep = ("주식체결", "주식우선호가", "주식호가잔량") if driver is market else ()
        _listen(driver, found, keep, driver is morning)
        codes = ";".join(["005930", "069500", "247540", *halting[:2]])
        driver.control.call("SetRealReg", "1000", codes, "10;27;36;41;141;202;215;9068;305", "0")
        driver.control.call("SetRealReg", "1001", "101", "10;252;291", "0")
        driver.run(33 * 60 if driver is morning else 120)
    found["장시작시간"] = [row for row in found["장시작시간"] if row["215"] in ("0", "3")]
    for place, (name, samples) in enumerate(real.REAL_TYPES.items()):
        values = {str(fid): texts for fid, texts in samples.items()}
        if name == "주식호가잔량":
            for first in (41, 61, 81, 51, 71, 91):
                values.update({str(first + level): values[str(first + 4)] for level in range(5, 9)})
            values = {str(fid): values[str(fid)] for fid in catalog.real_type(name).fids if str(fid) in values}
        source = (
            "REST sibling, official sample, 2025" if place > 3 or name == "주식호가잔량" else "mock server, 2021-2022"
        )
        if name == "장시작시간":
            source = "real server, 2016"
        order = [str(fid) for fid in catalog.real_type(name).fids]
        yield _fields(name, source, values, found[name], order if place < 4 else ())


def _listen(driver: Driver, found: dict[str, list[Row]], keep: Sequence[str], others: bool) -> None:
    def slot(key: str, name: str, data: str) -> None:
        if name in keep or (others and name not in ("주식체결", "주식우선호가", "주식호가잔량")):
            texts = data.split("\t")
            row = dict(zip(map(str, catalog.real_type(name).fids), texts, strict=True))
            stock = driver.control.broker.market.find(key) if key != KEY else None
            if stock is not None and stock.is_stock:
                row["base"] = str(driver.control.broker.market.live_unmoved(stock).base)
            found.setdefault(name, []).append(row if "base" in row else _base(row))

    driver.control.subscribe("OnReceiveRealData", slot)


def _functions(market: Driver) -> Iterator[Compared]:
    call = market.control.call
    call("GetConditionLoad")
    market.wait("OnReceiveConditionVer")
    market.run(61)
    call("SendCondition", "0101", "중소형 저평가주", 1, 0)
    market.wait("OnReceiveTrCondition")
    result = Compared("Functions", "mock server, 2019; real server, 2024")
    for name, arguments, pattern in real.FUNCTIONS:
        shown = f"{name}({', '.join(map(repr, arguments))})"
        result.lines.append(_pattern(shown, "", shown, pattern, str(call(name, *arguments))))
    yield result


def _orders() -> Iterator[Compared]:
    trader = Trader("at=2026-02-06 14:29&seed=3")
    source = "mock server, 2021-2022"
    accepted: list[Row] = []
    filled: list[Row] = []
    balances: list[Row] = []
    sequences = Compared("The events of an order", "mock server, 2021-2022; real server, 2016 and 2022")
    for kind, wanted, name in ((1, real.BUY_EVENTS, "a market buy"), (2, real.SELL_EVENTS, "a market sale")):
        before = len(trader.events)
        trader.order(kind, 1, quote="03")
        came = [event for event, _ in trader.events[before:] if event != "OnReceiveRealData"]
        notices = iter(["잔고" if gubun == "1" else values[913] for gubun, values in trader.notices])
        told = tuple(next(notices) if event == "OnReceiveChejanData" else event for event in came)
        sequences.lines.append(
            Line(name, ", ".join(wanted), ", ".join(told), "" if told == wanted else "another order")
        )
        for gubun, values in trader.notices:
            row = {str(fid): text for fid, text in values.items()}
            row["base"] = row.get("307", "")
            target = balances if gubun == "1" else accepted if values[913] == "접수" else filled
            if kind == 1:
                target.append(row)
    base = balances[0]["307"]
    for row in (*accepted, *filled):
        row["base"] = base
    yield sequences
    for name, samples, rows in (
        ("주문체결 (gubun 0), 접수", real.ACCEPTED, accepted),
        ("주문체결 (gubun 0), 체결", real.FILLED, filled),
        ("잔고 (gubun 1)", real.BALANCE, balances),
    ):
        values = {str(fid): texts for fid, texts in samples.items()}
        yield _fields(name, source, values, rows, [fid for fid in rows[0] if fid != "base"])
    events = Compared("Arguments of events", "mock server, 2021-2022")
    trader.control.call("GetConditionLoad")
    trader.wait("OnReceiveConditionVer")
    trader.control.call("SendCondition", "0102", "중소형 저평가주", 1, 0)
    trader.wait("OnReceiveTrCondition")
    for name, patterns in real.EVENTS:
        arguments = next(
            a for event, a in trader.events if event == name and (name[9:] != "TrData" or "KOA" in str(a[2]))
        )
        for place, (pattern, argument) in enumerate(zip(patterns, arguments, strict=True), 1):
            events.lines.append(_pattern(name, "", f"{name}, argument {place}", pattern, str(argument)))
    yield events
    texts = Compared("Texts about orders", "mock and real server, 2016-2026")
    known = {refused_text(refusal, mock) for refusal in Refusal for mock in (True, False)}
    known |= {accepted_text(a, s, m) for a in ("new", "modify", "cancel") for s in (1, 2) for m in (True, False)}
    for text in real.TEXTS:
        code, _, words = text.partition("] ")
        there = text in known
        texts.lines.append(
            Line(f"{code}]", f"{len(words)} characters", "the same words" if there else "-", "" if there else text)
        )
    yield texts
