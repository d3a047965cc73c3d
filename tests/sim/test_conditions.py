"""Condition search: the language, the file, searching, watching, limits."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.sim.driver import Driver

from kiwoom.control import open_control
from kiwoom.errors import ControlUrlError
from kiwoom.sim.conditions.file import default_conditions, read_conditions
from kiwoom.sim.conditions.language import ExpressionError, Field, Unknown, Varies, compile_predicate


def _missing(_subject: dict[str, int]) -> int:
    raise Unknown


FIELDS: dict[str, Field[dict[str, int]]] = {
    "가": Field(lambda s: s["가"], Varies.ALWAYS),
    "나": Field(lambda s: s["나"], Varies.DAILY),
    "글": Field(lambda s: "ABC", Varies.NEVER),
    "합": Field(lambda s, a, b=0: s["가"] + a + b, Varies.ALWAYS, (1, 2)),
    "없음": Field(_missing, Varies.NEVER),
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("가 == 5", True),
        ("1 < 가 <= 5 and 나 != 3", True),
        ("not 가 > 4 or 글 == 'ABC'", True),
        ("가 * 2 + 나 - 1 == 16", True),
        ("가 / 0 > 1", False),
        ("글 in ('X', 'ABC')", True),
        ("합(1) == 6 and 합(1, 2) == 8", True),
        ("없음 > 1", False),
        ("not (없음 > 1)", True),
        ("글 * 3 == 'ABCABCABC'", False),
        ("글 < 5", False),
        ("-가 < +나 % 4", True),
    ],
)
def test_expressions_mean_what_they_say(text: str, expected: bool) -> None:
    assert compile_predicate(text, FIELDS)({"가": 5, "나": 7}) is expected


@pytest.mark.parametrize(
    "text",
    [
        "", "가", "가 +", "가 ==", "다 > 1", "가(1) > 1", "합 > 1",
        "합() > 1", "합(1,2,3) > 1", "합(가) > 1", "합(-1) > 1",
        "합(a=1) > 1", "__import__('os') == 1", "가.__class__ == 1", "(lambda: 1)() == 1", "[가 for 가 in 나] == 1",
        "2 ** 99999 > 가", "가 is 나", "가 == True", "f'{가}' == '5'", "가 if 나 else 1", "글[0] == 'A'", "가 := 5",
        "not " * 100 + "가 > 1", "(" * 300 + "가" + ")" * 300 + " > 1", "가 > 1 and " * 1000 + "가 > 1",
    ],
)  # fmt: skip
def test_what_is_not_of_the_language_is_refused(text: str) -> None:
    if text == "가":  # a field alone is a truth value
        assert compile_predicate(text, FIELDS)({"가": 5, "나": 7}) is True
        return
    with pytest.raises(ExpressionError):
        compile_predicate(text, FIELDS)


@given(st.text(alphabet="가나글합()<>=!+-*/%. andotrin0123'\"_[]{}:,\n\\", max_size=60))
def test_hostile_text_ends_in_a_condition_or_the_documented_error(text: str) -> None:
    try:
        predicate = compile_predicate(text, FIELDS)
    except ExpressionError:
        return
    assert predicate({"가": 5, "나": 7}) in (True, False)


def test_the_file_has_numbers_names_and_continued_lines() -> None:
    stored = read_conditions("# 주석\n3^큰 것 = 시가총액 > 1\n\n이름만 = 등락율 > 1 and\n   현재가 > 5\n")
    assert [(c.number, c.name) for c in stored] == [(3, "큰 것"), (4, "이름만")]
    assert stored[1].predicate.text == "등락율 > 1 and 현재가 > 5"


@pytest.mark.parametrize(
    ("text", "word"),
    [("등락율 > 1", "line 1"), ("\n가 = 등락률 > 1", "line 2"), ("a = 등락율 > 1\na = 등락율 > 1", "already"),
     ("x^a = 등락율 > 1", "not a number"), ("a;b = 등락율 > 1", "name"), ("등락 = 등락률 > 1", "등락율")],
)  # fmt: skip
def test_mistakes_in_the_file_name_their_line(text: str, word: str) -> None:
    with pytest.raises(ExpressionError, match=word):
        read_conditions(text)


def test_the_default_set_is_the_captured_one_and_more() -> None:
    names = {condition.number: condition.name for condition in default_conditions()}
    assert names[0] == "대형 저평가 우량주" and names[1] == "중소형 저평가주"
    assert {"급등주", "거래량 급증", "52주 신고가", "골든크로스", "장초반"} <= set(names.values())
    assert len(names) >= 14


def _loaded(options: str = "") -> Driver:
    driver = Driver(options)
    assert driver.control.call("GetConditionNameList") == ""
    assert driver.control.call("GetConditionLoad") == 1
    assert driver.wait("OnReceiveConditionVer") == [(1, "[OK] 사용자 조건검색식 읽기")]
    return driver


def _search(driver: Driver, number: int, search: int = 0, screen: str = "8686") -> tuple[object, ...] | None:
    names = dict(pair.split("^") for pair in str(driver.control.call("GetConditionNameList")).split(";")[:-1])
    if driver.control.call("SendCondition", screen, names[str(number)], number, search) != 1:
        return None
    return driver.wait("OnReceiveTrCondition")[0]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A file of conditions whose results are known from the listing and the tape."""
    path = tmp_path / "my.conditions"
    path.write_text(
        "0^삼성전자 = 종목코드 == '005930'\n1^전 종목 = 상장주식 > 0\n"
        "2^상승 = 종목코드 in ('005930', '000660') and 시가대비 > 0\n"
        "7^없음 = 현재가 < 0\n" + "".join(f"{i}^조건{i} = 종목코드 == '000660'\n" for i in range(20, 32)),
        encoding="utf-8",
    )
    return path


def test_a_search_answers_codes_with_a_trailing_semicolon() -> None:
    driver = _loaded()
    assert str(driver.control.call("GetConditionNameList")).startswith("0^대형 저평가 우량주;1^중소형 저평가주;")
    answer = _search(driver, 0)
    assert answer is not None
    screen, codes, name, index, following = answer
    assert (screen, name, index, following) == ("8686", "대형 저평가 우량주", 0, 0)
    listed = str(codes).split(";")
    assert listed.pop() == "" and len(listed) > 3
    assert all(driver.control.call("GetMasterCodeName", code) for code in listed)


def test_prices_come_when_they_were_asked_for_and_never_with_real_time(own: Path) -> None:
    driver = _loaded(f"conditions={own}&limits=off")
    driver.control.call("KOA_Functions", "SetConditionSearchFlag", "AddPrice")
    price = driver.ask("opt10001", 종목코드="005930").single["현재가"].lstrip("+-")
    answer = _search(driver, 0)
    assert answer is not None and answer[1] == f"005930^{price};"
    watched = _search(driver, 0, 1)
    assert watched is not None and watched[1] == "005930;"
    driver.control.call("KOA_Functions", "SetConditionSearchFlag", "DelPrice")
    plain = _search(driver, 0)
    assert plain is not None and plain[1] == "005930;"


def test_more_than_a_page_is_continued_without_a_seam(own: Path) -> None:
    driver = _loaded(f"conditions={own}")
    codes: list[str] = []
    answer = _search(driver, 1)
    while True:
        assert answer is not None
        page = str(answer[1]).split(";")[:-1]
        codes += page
        if answer[4] == 0:
            break
        assert (answer[4], len(page)) == (2, 100)
        answer = _search(driver, 1, 2)
    everything = {i.code for i in driver.control.broker.market.instruments() if i.is_stock}
    assert len(codes) == len(set(codes)) and set(codes) == everything


def test_nothing_found_is_an_empty_text(own: Path) -> None:
    answer = _search(_loaded(f"conditions={own}"), 7)
    assert answer is not None and answer[1] == "" and answer[4] == 0


@pytest.mark.parametrize(("name", "index"), [("급등주", 0), ("없는 조건", 2), ("급등주", 99)])
def test_name_and_number_must_belong_together(name: str, index: int) -> None:
    assert _loaded().control.call("SendCondition", "8686", name, index, 0) == 0


def test_before_loading_nothing_can_be_searched() -> None:
    assert Driver().control.call("SendCondition", "8686", "급등주", 2, 0) == 0


def test_the_same_condition_once_a_minute_and_five_requests_a_second(own: Path) -> None:
    """The guide's example: ten conditions at once, five pass; a second later the others; the first again at 60 s."""
    driver = _loaded(f"conditions={own}")
    driver.run(2)
    call = driver.control.call
    assert [call("SendCondition", "8686", f"조건{i}", i, 0) for i in range(20, 30)] == [1] * 5 + [0] * 5
    driver.run(1)
    assert [call("SendCondition", "8686", f"조건{i}", i, 0) for i in range(20, 30)] == [0] * 5 + [1] * 5
    driver.run(58.9)
    assert call("SendCondition", "8686", "조건20", 20, 0) == 0
    driver.run(0.1)
    assert call("SendCondition", "8686", "조건20", 20, 0) == 1


def test_ten_are_watched_at_most(own: Path) -> None:
    driver = _loaded(f"conditions={own}&limits=off")
    call = driver.control.call
    results = [call("SendCondition", "8686", f"조건{i}", i, 1) for i in range(20, 32)]
    driver.run(1)
    results.append(call("SendCondition", "8686", "조건31", 31, 1))
    assert results[:10] == [1] * 10 and results[-1] == 0
    call("SendConditionStop", "8686", "조건20", 20)
    assert call("SendCondition", "8686", "조건31", 31, 1) == 1


def test_stocks_enter_and_leave_while_it_is_watched(own: Path) -> None:
    """The watched set, followed by I and D, is at every moment what a search would answer."""
    driver = _loaded(f"conditions={own}&limits=off")
    answer = _search(driver, 2, 1)
    assert answer is not None
    inside = set(str(answer[1]).split(";")[:-1])
    seen = 0

    def follow(seconds: float) -> int:
        driver.run(seconds)
        events = driver.named("OnReceiveRealCondition")
        for code, kind, name, index in events[seen:]:
            assert (name, index) == ("상승", "2")
            assert (kind == "I") != (code in inside)
            (inside.add if kind == "I" else inside.discard)(str(code))
        return len(events)

    for _ in range(20):
        seen = follow(120)
        before = set(inside)
        now = _search(driver, 2, screen="9991")
        # a trade just before the search is told of up to a second later
        seen = follow(1)
        assert now is not None
        found = set(str(now[1]).split(";")[:-1])
        assert before & inside <= found <= before | inside
    assert seen > 2
    driver.control.call("SendConditionStop", "8686", "상승", 2)
    driver.run(3600)
    assert len(driver.named("OnReceiveRealCondition")) == seen


def test_too_many_results_are_answered_but_not_watched(own: Path) -> None:
    driver = _loaded(f"conditions={own}")
    assert _search(driver, 1, 1) is not None
    driver.run(5)
    assert driver.named("OnReceiveRealCondition") == []


def test_a_wrong_file_is_said_when_the_control_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "wrong.conditions"
    path.write_text("급등 = 등락률 > 3", encoding="utf-8")
    with pytest.raises(ControlUrlError, match="등락율"):
        open_control(f"sim:?conditions={path}")


def test_a_file_spoiled_later_fails_the_load(own: Path) -> None:
    driver = _loaded(f"conditions={own}")
    own.write_text("오류", encoding="utf-8")
    assert driver.control.call("GetConditionLoad") == 1
    assert driver.wait("OnReceiveConditionVer")[0][0] == 0
