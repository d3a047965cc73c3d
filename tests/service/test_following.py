"""Following an order through notices that come in any order."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import pytest

from kiwoom.service.rpc.following import Follower, Notice, Outcome

ACCOUNT, CODE = "8012345611", "005930"


def order(
    number: str, status: str, left: int, *, quantity: int = 10, original: str = "0000000", **more: str
) -> Notice[str]:
    values = {
        9201: more.get("account", ACCOUNT),
        9001: more.get("code", "A005930"),
        9203: number,
        904: original,
        913: status,
        902: str(left),
        900: str(quantity),
        905: more.get("kind", "+매수"),
        819: more.get("last", "0"),
    }
    return Notice.of("0", values, f"{number} {status} {left}")


def balance(held: int, gubun: str = "1") -> Notice[str]:
    return Notice.of(gubun, {9201: ACCOUNT, 9001: "A005930"}, f"balance {held}")


def follow(follower: Follower[str], events: Sequence[Notice[str] | str]) -> list[str]:
    """Feed events, a text being the answer with that number; returns what was handed on until the end."""
    passed = []
    for event in events:
        passed += follower.answer(event) if isinstance(event, str) else follower.notice(event)
    return passed


def test_a_buy_filled_at_once_ends_with_its_balance_notice() -> None:
    follower: Follower[str] = Follower(1, ACCOUNT, CODE)
    passed = follow(follower, ["0163911", order("0163911", "접수", 10), order("0163911", "체결", 0)])
    assert follower.outcome is Outcome.OPEN
    assert follower.filled
    passed += follow(follower, [balance(10)])
    assert passed == ["0163911 접수 10", "0163911 체결 0", "balance 10"]
    assert follower.outcome is Outcome.DONE  # type: ignore[comparison-overlap]


@pytest.mark.parametrize("order_type", [1, 2])
def test_every_order_of_arrival_ends_and_loses_nothing(order_type: int) -> None:
    """Answer, acceptance, two fills and their balances; a sell has one balance more."""
    events: list[Notice[str] | str] = [
        "0163911",
        order("0163911", "접수", 10),
        order("0163911", "체결", 4),
        balance(6),
        order("0163911", "체결", 0),
        balance(10),
    ]
    if order_type == 2:
        events.insert(2, balance(0))
    notices = {e.payload for e in events if isinstance(e, Notice)}
    for permuted in itertools.permutations(events):
        follower: Follower[str] = Follower(order_type, ACCOUNT, CODE)
        passed = follow(follower, permuted)
        assert follower.filled or follower.outcome is Outcome.DONE, permuted
        if follower.outcome is Outcome.DONE:
            # It may end before a late balance of a part, never before the last fill was told.
            assert "0163911 체결 0" in passed
        else:
            assert set(passed) == notices, permuted


def test_other_orders_of_the_same_stock_are_left_out_with_their_balances() -> None:
    follower: Follower[str] = Follower(1, ACCOUNT, CODE)
    passed = follow(
        follower,
        [
            order("0000001", "체결", 0),
            balance(1),
            "0163911",
            order("0163911", "접수", 10),
            order("0000002", "체결", 0),
            balance(2),
            order("0163911", "체결", 0, account="9999999911"),
            order("0163911", "체결", 0, code="A000660"),
            order("0163911", "체결", 0),
            balance(12),
        ],
    )
    assert passed == ["0163911 접수 10", "0163911 체결 0", "balance 12"]
    assert follower.outcome is Outcome.DONE


def test_an_order_that_is_not_filled_stays_open() -> None:
    follower: Follower[str] = Follower(1, ACCOUNT, CODE)
    follow(follower, ["0163911", order("0163911", "접수", 10), order("0163911", "체결", 4), balance(6)])
    assert follower.outcome is Outcome.OPEN
    assert not follower.filled


def test_an_empty_number_is_a_refusal() -> None:
    follower: Follower[str] = Follower(1, ACCOUNT, CODE)
    assert follower.answer("") == []
    assert follower.outcome is Outcome.REFUSED
    assert follower.notice(order("0163911", "접수", 10)) == []


def test_a_refusal_by_notice() -> None:
    follower: Follower[str] = Follower(1, ACCOUNT, CODE)
    assert follow(follower, ["0163911", order("0163911", "거부", 10)]) == ["0163911 거부 10"]
    assert follower.outcome is Outcome.REFUSED


@pytest.mark.parametrize("order_type", [3, 4, 5, 6])
def test_a_modify_or_cancel_ends_with_its_confirmation(order_type: int) -> None:
    follower: Follower[str] = Follower(order_type, ACCOUNT, CODE, "0163911")
    passed = follow(
        follower,
        [
            "0163912",
            order("0163912", "접수", 10, original="0163911", kind="매수취소"),
            order("0163911", "체결", 4),
            order("0163912", "확인", 0, original="0163911", kind="매수취소"),
        ],
    )
    assert passed == ["0163912 접수 10", "0163911 체결 4", "0163912 확인 0"]
    assert follower.outcome is Outcome.DONE


def test_an_order_that_was_cancelled_ends_with_its_last_notice() -> None:
    follower: Follower[str] = Follower(1, ACCOUNT, CODE)
    passed = follow(
        follower,
        [
            "0163911",
            order("0163911", "접수", 10),
            order("0163912", "접수", 10, original="0163911", kind="매수취소"),
            order("0163912", "확인", 0, original="0163911", kind="매수취소"),
            order("0163911", "접수", 0, last="1"),
        ],
    )
    assert len(passed) == 4
    assert follower.outcome is Outcome.DONE


def test_an_order_that_was_modified_as_a_whole_ends_and_one_in_part_goes_on() -> None:
    whole: Follower[str] = Follower(1, ACCOUNT, CODE)
    events = ["0163911", order("0163911", "접수", 10)]
    confirmed = order("0163912", "확인", 10, original="0163911", kind="+매수정정")
    follow(whole, [*events, confirmed])  # type: ignore[list-item]
    assert whole.outcome is Outcome.DONE
    part: Follower[str] = Follower(1, ACCOUNT, CODE)
    follow(part, [*events, order("0163912", "확인", 3, quantity=3, original="0163911", kind="+매수정정")])  # type: ignore[list-item]
    assert part.outcome is Outcome.OPEN


def test_derivatives_end_with_their_own_balance_notice() -> None:
    follower: Follower[str] = Follower(1, ACCOUNT, CODE)
    follow(follower, ["0163911", order("0163911", "체결", 0), balance(1, gubun="4")])
    assert follower.outcome is Outcome.DONE
