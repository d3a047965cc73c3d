"""The contract table itself: complete, in order, and strict about what it is given."""

from __future__ import annotations

import pytest

from kiwoom.control.contract import EVENTS, FUNCTIONS, KOA_FUNCTIONS, convert_arguments, event, function
from kiwoom.errors import UnknownEvent, UnknownFunction, WrongArguments


def test_there_are_58_functions_and_9_events_numbered_in_order() -> None:
    assert [f.dispid for f in FUNCTIONS.values()] == list(range(1, 59))
    assert [e.dispid for e in EVENTS.values()] == list(range(1, 10))
    assert len(KOA_FUNCTIONS) == 10


def test_names_are_unique_in_every_spelling() -> None:
    names = [n for f in FUNCTIONS.values() for n in {f.name.lower(), f.python_name}]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("spelling", ["CommRqData", "commrqdata", "CommRQData", "comm_rq_data"])
def test_a_function_is_found_in_any_case(spelling: str) -> None:
    assert function(spelling).name == "CommRqData"


def test_an_unknown_name_names_the_nearest() -> None:
    with pytest.raises(UnknownEvent, match="on_receive_tr_data"):
        event("on_recieve_tr_data")
    with pytest.raises(UnknownFunction, match="CommRqData"):
        function("ComRqData")


def test_numbers_may_be_digits_in_a_string_and_text_may_be_numbers() -> None:
    assert convert_arguments(function("CommRqData"), ("rq", "opt10001", "2", 101)) == ("rq", "opt10001", 2, "101")


@pytest.mark.parametrize("arguments", [("rq",), ("rq", "opt10001", "two", "0101"), ("rq", None, 0, "0101")])
def test_wrong_arguments_name_the_signature(arguments: tuple[object, ...]) -> None:
    with pytest.raises(WrongArguments, match=r"comm_rq_data\(rq_name, tr_code, prev_next, scr_no\)"):
        convert_arguments(function("CommRqData"), arguments)
