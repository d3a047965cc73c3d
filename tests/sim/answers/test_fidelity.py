"""
Captured answers of the real servers against the simulator's: every field in the same number format.

The values stand in tests/sim/captured.py. A format is the kind of the text: empty, a whole
number, a number with so many decimals, a time, a date or words; and whether a sign may stand before it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scripts import make_fidelity
from tests.sim import captured
from tests.sim.captured import OPT10001, OPT10003, OPT10026, OPT10032, OPT10081, OPTKWFID
from tests.sim.driver import Driver
from tests.sim.fidelity import Compared, compare, differences

from kiwoom import catalog


@pytest.fixture(scope="module")
def market(opened: Callable[[str], Driver]) -> Driver:
    return opened("at=2026-02-06 14:29")


def check(tr: str, captured: dict[str, tuple[str, ...]], rows: list[dict[str, str]], base: str = "") -> None:
    assert rows
    record = catalog.tr(tr)
    assert set(captured) <= set(record.outputs)
    found = differences(captured, rows, base)
    text = report(tr, captured, found)
    print(text)
    assert not found, text


def test_opt10001(market: Driver) -> None:
    codes = ("005930", "000660", "035420", "247540")
    rows = [market.ask("opt10001", 종목코드=code).single for code in codes]
    check("opt10001", OPT10001, rows, "기준가")
    assert list(OPT10001) == [field.name for field in catalog.tr("opt10001").single]


def test_opt10081(market: Driver) -> None:
    rows = market.ask("opt10081", 종목코드="005930", 기준일자="", 수정주가구분="0").rows
    check("opt10081", OPT10081, rows)
    assert [row["종목코드"] for row in rows[:3]] == ["005930", "", ""]
    assert len(rows) == 600


def test_optkwfid(market: Driver) -> None:
    codes = "005930;000660;035420;247540;086520"
    market.run(1)
    assert market.control.call("CommKwRqData", codes, 0, 5, 0, "관심종목정보요청", "9991") == 0
    market.wait("OnReceiveTrData")
    answer = market.answers[-1]
    assert answer.arguments[:5] == ("9991", "관심종목정보요청", "OPTKWFID", "", "0")
    assert [row["종목코드"] for row in answer.rows] == codes.split(";")
    check("optkwfid", OPTKWFID, answer.rows, "기준가")
    assert list(OPTKWFID) == [field.name for field in catalog.tr("optkwfid").multi]


def test_opt10003(opened: Callable[[str], Driver], market: Driver) -> None:
    rows = market.ask("opt10003", 종목코드="005930").rows
    assert len(rows) == 30
    check("opt10003", OPT10003, rows)
    closing = opened("at=2026-02-06 15:31").ask("opt10003", 종목코드="005930").rows[0]
    assert closing["체결거래량"].startswith(" ")
    assert closing["시간"].startswith("1530")


def test_opt10026(market: Driver) -> None:
    check("opt10026", OPT10026, market.ask("opt10026", 시장구분="000", PER구분="3").rows)


def test_opt10032(market: Driver) -> None:
    answer = market.ask("OPT10032", 시장구분="000", 관리종목포함="0")
    check("opt10032", OPT10032, answer.rows)


def test_a_wrong_format_is_found() -> None:
    captured = {
        "현재가": ("-100", "+200"),
        "등락율": ("-0.65",),
        "거래량": ("12",),
        "빈칸": ("",),
        "일자": ("20220118",),
    }
    right = {"현재가": "+5", "등락율": "0.00", "거래량": "1234567", "빈칸": "", "일자": "20260206"}
    assert differences(captured, [right]) == []
    for name, text in {
        "현재가": "5.0", "등락율": "+0.6", "거래량": "+5", "빈칸": "0", "일자": "2026-02-06",
    }.items():  # fmt: skip
        assert len(differences(captured, [{**right, name: text}])) == 1, name


def report(tr: str, captured: dict[str, tuple[str, ...]], found: list[str]) -> str:
    """Every field with its verdict."""
    bad = {line.partition(":")[0]: line for line in found}
    return "\n".join([tr, *(f"  {name}: {bad.get(name, 'same format')}" for name in captured)])


@pytest.fixture(scope="module")
def compared() -> list[Compared]:
    return list(compare())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_field_of_any_captured_message_differs(compared: list[Compared]) -> None:
    assert [text for kind in compared for text in kind.differences] == []
    assert len(compared) >= 27 and sum(len(kind.lines) for kind in compared) > 500


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_page_is_up_to_date(compared: list[Compared]) -> None:
    assert make_fidelity.TARGET.read_text(encoding="utf-8") == make_fidelity.page(compared), (
        "run: python scripts/make_fidelity.py"
    )


def test_nothing_in_the_table_was_made_up(captured_examples: str) -> None:
    """Every value that is called captured is one, to the character."""
    text = captured_examples.replace("\\t", "\t").replace("\\|", "|")
    tables: list[dict[Any, tuple[str, ...]]] = [
        value for name, value in vars(captured).items() if name.isupper() and isinstance(value, dict)
    ]
    tables = [*(t for t in tables if t is not captured.REAL_TYPES), *captured.REAL_TYPES.values()]
    values = {value.strip() for table in tables for samples in table.values() for value in samples}
    values = {value.replace("8000000011", "8xxxxxxx11") for value in values}
    assert len(values) > 300
    assert sorted(value for value in values if value not in text) == sorted(captured.SUPPOSED)
    assert [message for message in captured.TEXTS if message.split("] ")[1] not in text] == []
