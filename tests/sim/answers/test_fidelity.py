"""
Captured messages of the real servers against the simulator's: same fields, same order, same formats.

The values stand in tests/sim/captured, the comparison in tests/sim/fidelity; docs/simulator-fidelity.md is its report.
"""

from __future__ import annotations

import re
from collections import Counter

import pytest
from scripts import make_fidelity
from tests.sim.captured import notices, realtypes, trs, words
from tests.sim.fidelity import Compared, compare, differences
from tests.sim.fidelity.collection import messages, sections, whole_sections
from tests.sim.fidelity.inventory import EXAMPLES

_MODULES = (notices, realtypes, trs)


def test_a_wrong_format_is_found() -> None:
    captured = {
        "현재가": ("-100", "+200"),
        "등락율": ("-0.65",),
        "거래량": ("12",),
        "빈칸": ("",),
        "일자": ("20220118",),
        "저가": (" 67300", "-1"),
        "908": ("090853",),
        "921": ("6601010 ",),
    }
    right = {
        "현재가": "+5", "등락율": "0.00", "거래량": "1234567", "빈칸": "", "일자": "20260206", "저가": " 500",
        "908": "142940", "921": "6600001 ",
    }  # fmt: skip
    assert differences(captured, [right]) == []
    for name, text in {
        "현재가": "5.0", "등락율": "+0.6", "거래량": "+5", "빈칸": "0", "일자": "2026-02-06", "저가": "500",
        "908": "9085", "921": "6600001",
    }.items():  # fmt: skip
        assert len(differences(captured, [{**right, name: text}])) == 1, name


@pytest.fixture(scope="module")
def compared() -> list[Compared]:
    return list(compare())


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_field_of_any_captured_message_differs(compared: list[Compared]) -> None:
    assert [text for kind in compared for text in kind.differences] == []
    assert sum(len(kind.lines) for kind in compared) > 1_000


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_page_is_up_to_date(compared: list[Compared]) -> None:
    assert make_fidelity.TARGET.read_text(encoding="utf-8") == make_fidelity.page(compared), (
        "run: python scripts/make_fidelity.py"
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_every_kind_stands_in_the_inventory_and_the_other_way_round(compared: list[Compared]) -> None:
    kinds = [kind.kind for kind in compared]
    assert len(kinds) == len(set(kinds))
    assert {kind for example in EXAMPLES for kind in example.kinds} == set(kinds)
    assert [example.what for example in EXAMPLES if not example.kinds and not example.left_out] == []


# --- against the collection itself ---------------------------------------------------------------------------------


def test_no_captured_example_is_missing_from_the_inventory(captured_examples: str) -> None:
    """Every line with values has an entry, every entry has a line."""
    lines = sections(captured_examples)
    assert sum(map(len, lines.values())) > 350
    unknown = [
        (number, line[:100])
        for number, there in lines.items()
        for line in there
        if not any(e.section == number and re.search(e.pattern, line) for e in EXAMPLES)
    ]
    assert unknown == []
    whole = whole_sections(captured_examples)
    assert [e.what for e in EXAMPLES if not any(re.search(e.pattern, line) for line in whole[e.section])] == []


def test_every_captured_message_has_the_formats_of_the_values_that_are_carried(captured_examples: str) -> None:
    """What the simulator is held to are a few values of each field: no message of the collection looks otherwise."""
    seen: Counter[str] = Counter()
    wrong = []
    for kind, values in messages(captured_examples):
        carried = carried_values(kind)
        if carried is None:
            assert kind.startswith("ELW"), kind
            continue
        seen[kind] += 1
        assert set(values) <= set(carried), (kind, set(values) - set(carried))
        samples = {name: carried[name] for name in values}
        wrong += [f"{kind}: {text}" for text in differences(samples, [values], "base")]
    print(seen)
    assert wrong == []
    assert sum(seen.values()) > 120


def carried_values(kind: str) -> dict[str, tuple[str, ...]] | None:
    """What the repository carries of a kind, None for one of which it carries nothing."""
    by_name: dict[str, dict[str, tuple[str, ...]]] = {
        "opt10001": trs.OPT10001, "opt10081": trs.OPT10081, "opt10081, real server": trs.OPT10081_REAL,
        "OPTKWFID": trs.OPTKWFID, "OPT10032": trs.OPT10032, "opt10003": trs.OPT10003, "opt10054": trs.OPT10054,
        "opw00018, single": trs.OPW00018_SINGLE, "opw00018, rows": trs.OPW00018, "opt10085": trs.OPT10085,
        "opt10085, a stock sold out": trs.OPT10085_SOLD_OUT,
    }  # fmt: skip
    by_fid: dict[str, dict[int, tuple[str, ...]]] = {
        "주문체결 (gubun 0), 접수": notices.ACCEPTED, "주문체결 (gubun 0), 체결": notices.FILLED,
        "잔고 (gubun 1)": notices.BALANCE, "주문체결 (gubun 0), 접수, real server": notices.REAL_ACCEPTED,
        "주문체결 (gubun 0), 체결, real server": notices.REAL_FILLED, "주문체결": notices.REST_ORDER,
        "현물잔고": notices.REST_BALANCE, **realtypes.REAL_TYPES,
    }  # fmt: skip
    if kind in by_name:
        return by_name[kind]
    return {str(fid): texts for fid, texts in by_fid[kind].items()} if kind in by_fid else None


def test_nothing_in_the_tables_was_made_up(captured_examples: str) -> None:
    """Every value that is called captured is one, to the character."""
    text = captured_examples.replace("\\t", "\t").replace("\\|", "|")
    for masked in ("8xxxxxxx11", "5xxxxxxx11"):
        text = text.replace(masked, masked.replace("x", "0"))
    tables: list[dict[object, tuple[str, ...]]] = []
    for module in _MODULES:
        for name, value in vars(module).items():
            if name.isupper() and isinstance(value, dict) and name not in ("SUPPOSED", "REST_DIFFERENCES"):
                tables += value.values() if value is realtypes.REAL_TYPES else [value]
    values = {value.strip() for table in tables for samples in table.values() for value in samples}
    assert len(values) > 400
    assert sorted(value for value in values if value not in text) == []
    assert [message for message in words.TEXTS if message.split("] ")[1] not in text] == []
    assert [message for _, message in words.QUERY_TEXTS if message not in text] == []
    assert [message for message in realtypes.TIMETABLE if message not in text] == []
    assert [name for name in trs.OPT10030 if name not in text] == []
