"""Orders: the events in their order, the notices, and the texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.sim.captured import notices as real
from tests.sim.captured import words
from tests.sim.exchange.test_ordering import Trader
from tests.sim.fidelity.report import Compared, Row, by_fid, fields, matches, same

from kiwoom.sim.desk.chejan import BALANCE_FIDS, ORDER_FIDS
from kiwoom.sim.rules.messages import accepted_text
from kiwoom.sim.rules.refusals import Refusal

__all__ = ["compared"]

_MOCK = "at=2026-02-06 14:29&seed=4"
_REAL = f"{_MOCK}&texts=real&fee_ppm=150"


@dataclass
class _Notices:
    """The notices of a server, by what they tell."""

    accepted: list[Row] = field(default_factory=list)
    filled: list[Row] = field(default_factory=list)
    balances: list[Row] = field(default_factory=list)


def compared() -> Iterator[Compared]:
    """Everything about orders."""
    sequences = Compared("The events of an order", "mock server, 2021-2022; real server, 2016, 2022 and 2024")
    mock, trader = _Notices(), Trader(_MOCK)
    _sequence(sequences, trader, "mock server: market buy", mock, real.BUY_EVENTS, 1)
    _sequence(sequences, trader, "mock server: market sale", mock, real.SELL_EVENTS, 2)
    auction = Trader("at=2026-02-06 15:15&seed=3")
    auction.order(1, 3, quote="03")
    auction.run(6 * 60)
    selling = "mock server: market sale in the closing auction"
    _sequence(sequences, auction, selling, mock, real.AUCTION_SELL_EVENTS, 2)
    sequences.lines.append(
        same(
            "a FID that the notice does not have",
            "empty",
            "empty",
            {values.get(910, "") for _, values in auction.notices[-1:]} == {""},
        )
    )
    broker, other = _Notices(), Trader(_REAL)
    for _ in range(4):
        other.order(1, 1, quote="03", screen="004")
    _sequence(sequences, other, "real server: market buy", broker, real.BUY_EVENTS, 1, screen="004")
    _sequence(sequences, other, "real server: market sale", broker, real.SELL_EVENTS, 2, screen="004")
    kosdaq = "real server: market buy on KOSDAQ"
    _sequence(sequences, other, kosdaq, broker, real.BUY_EVENTS, 1, code="247540", screen="004")
    wrong = "real server: market order with a price"
    _sequence(sequences, other, wrong, broker, real.REFUSED_EVENTS, 1, price=100_000)
    _names(sequences, other)
    yield sequences
    yield from _notices(mock, broker)
    yield _arguments(trader)
    yield _texts()


def _sequence(
    kind: Compared, trader: Trader, name: str, notices: _Notices, wanted: Sequence[str], side: int, **more: Any
) -> None:
    """Send an order; add a line about its events and keep its notices."""
    price = int(more.pop("price", 0))
    before = len(trader.events)
    trader.order(side, 1, price, quote="03", **more)
    came = [event for event, _ in trader.events[before:] if event != "OnReceiveRealData"]
    states = iter(["잔고" if gubun == "1" else values[913] for gubun, values in trader.notices])
    told = tuple(next(states) if event == "OnReceiveChejanData" else event for event in came)
    kind.lines.append(same(name, ", ".join(wanted), ", ".join(told), told == tuple(wanted)))
    base = str(trader.live(str(more.get("code", "005930"))).base)
    for gubun, values in trader.notices:
        row = {str(fid): text for fid, text in values.items()} | {"base": base}
        target = notices.balances if gubun == "1" else notices.accepted if values[913] == "접수" else notices.filled
        target.append(row)


def _names(kind: Compared, trader: Trader) -> None:
    """The names of the answers and the texts of a limit order, its modification and its cancellation."""
    low, ticks = trader.live().lower, trader.live().instrument.ticks
    first = trader.order(1, 1, low)
    log = [*trader.log[:2]]
    second = trader.order(5, 1, ticks.up(low), original=first)
    log += trader.log[:1]
    trader.order(3, 1, original=second)
    log += trader.log[:1]
    for name, wanted, told in zip(
        ("limit order, text", "limit order, TR name", "modification, text", "cancellation, text"),
        real.REAL_LIMIT_ORDER, log, strict=True,
    ):  # fmt: skip
        kind.lines.append(same(f"real server: {name}", wanted, told.partition(" ")[2], told.endswith(wanted)))


def _notices(mock: _Notices, broker: _Notices) -> Iterator[Compared]:
    orders, balances = [str(fid) for fid in ORDER_FIDS], [str(fid) for fid in BALANCE_FIDS]
    accepted, filled, balance = "주문체결 (gubun 0), 접수", "주문체결 (gubun 0), 체결", "잔고 (gubun 1)"
    source = "mock server, 2021-2022"
    buys = [row for row in mock.accepted if row["907"] == "2"]
    yield fields(accepted, source, by_fid(real.ACCEPTED), buys, orders)
    yield fields(filled, source, by_fid(real.FILLED), [row for row in mock.filled if row["907"] == "2"], orders)
    bought = [row for row in mock.balances if row["946"] == "2"]
    yield fields(balance, source, by_fid(real.BALANCE), bought, balances)
    source = "real server, nothing stripped"
    buys = [row for row in broker.accepted if row["907"] == "2"]
    yield fields(f"{accepted}, real server", source, by_fid(real.REAL_ACCEPTED), buys, orders)
    buys = [row for row in broker.filled if row["907"] == "2"]
    yield fields(f"{filled}, real server", source, by_fid(real.REAL_FILLED), buys, orders)
    source = "real server, 2016, and the same fields of 2022"
    since = "which the server got since, as the captures of 2021 show, or whose values were not noted"
    for kind, samples, rows, order in (
        (accepted, real.OLD_ACCEPTED, broker.accepted, orders),
        (filled, real.OLD_FILLED, broker.filled, orders),
        (balance, real.OLD_BALANCE, broker.balances, balances),
    ):
        yield fields(f"{kind}, real server, 2016", source, by_fid(samples), rows, order, since=since)
    source = "REST sibling, official sample, 2025"
    left_out = {str(fid): reason for fid, reason in real.REST_DIFFERENCES.items()}
    since = "which the sibling does not send"
    yield fields("REST 주문체결", source, by_fid(real.REST_ORDER), mock.accepted, orders, left_out, since)
    yield fields("REST 현물잔고", source, by_fid(real.REST_BALANCE), bought, balances, left_out, since)


def _arguments(trader: Trader) -> Compared:
    kind = Compared("Arguments of an order's events", "mock server, 2021-2022")
    trader.order(1, 1, quote="03")
    for name, patterns in (("OnReceiveMsg", words.ORDER_TAKEN), ("OnReceiveTrData", words.ORDER_ANSWERED)):
        for place, (pattern, text) in enumerate(zip(patterns, trader.named(name)[-1], strict=True), 1):
            kind.lines.append(matches(f"{name}, argument {place}", pattern, str(text)))
    for (gubun, count, fids), wanted in zip(
        trader.named("OnReceiveChejanData")[-3:], real.CHEJAN_ARGUMENTS, strict=True
    ):
        shown = f"{gubun}, {count}, {str(fids)[:19]}..."
        kind.lines.append(
            same(
                "OnReceiveChejanData",
                f"{wanted[0]}, {wanted[1]}, {wanted[2][:19]}...",
                shown,
                (gubun, count, fids) == wanted,
            )
        )
    return kind


def _texts() -> Compared:
    texts = Compared("Texts about orders", "mock and real server, 2016-2026")
    known = {str(refusal.said(mock)) for refusal in Refusal for mock in (True, False)}
    known |= {accepted_text(a, s, m) for a in ("new", "modify", "cancel") for s in (1, 2) for m in (True, False)}
    for text in words.TEXTS:
        code, _, said = text.partition("] ")
        there = text in known
        texts.lines.append(same(f"{code}]", f"{len(said)} characters", "the same words" if there else "-", there))
    for code in words.OTHER_CODES:
        there = any(text.startswith(code) for text in known)
        texts.lines.append(same(code, "a number", "a number" if there else "-", there))
    return texts
