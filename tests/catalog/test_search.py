"""One search over everything."""

from __future__ import annotations

import pytest

from kiwoom import catalog


def test_an_output_finds_every_tr_that_returns_it() -> None:
    found = {hit.key for hit in catalog.search("예수금") if hit.kind == "tr"}
    expected = {t.code for t in catalog.trs().values() if any("예수금" in name for name in t.outputs)}
    assert {"opw00001", "opw00004", "opw00005"} <= expected <= found


@pytest.mark.parametrize(
    ("word", "kind", "key"),
    [
        ("opt10081", "tr", "opt10081"),
        ("OPT10081", "tr", "opt10081"),
        ("주식일봉차트조회요청", "tr", "opt10081"),
        ("주식 일봉 차트 조회 요청", "tr", "opt10081"),
        ("10", "fid", "10"),
        ("체결강도", "fid", "228"),
        ("주식체결", "real_type", "0B"),
        ("-200", "error", "-200"),
        ("OP_ERR_ORD_OVERFLOW", "error", "-308"),
        ("삼성전자", "listing", "005930"),
        ("005930", "listing", "005930"),
        ("KOSPI200", "sector", "201"),
    ],
)
def test_the_whole_match_comes_first(word: str, kind: str, key: str) -> None:
    whole = [hit for hit in catalog.search(word) if hit.kind == kind]
    assert whole[0].key == key
    assert catalog.search(word)[0].where in ("name", "key", "text")


def test_inputs_and_fids_of_real_types_are_searched_too() -> None:
    assert any(h.key == "opt10081" and h.where == "input" for h in catalog.search("수정주가구분"))
    assert any(h.kind == "real_type" and h.name == "주식체결" for h in catalog.search("체결강도"))


def test_nothing_is_found_for_nothing() -> None:
    assert catalog.search("") == catalog.search("  ") == catalog.search("없는낱말입니다") == ()


def test_limit_and_text() -> None:
    assert len(catalog.search("가", limit=3)) == 3
    assert str(catalog.search("주식일봉차트조회요청")[0]) == "tr opt10081 주식일봉차트조회요청"
