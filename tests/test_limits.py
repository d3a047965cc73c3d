"""The scheduler of the request limits: never one too many, never later than needed, the right one first."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiwoom.clock import SECOND_US, VirtualClock
from kiwoom.limits import PROFILES, ConditionLimiter, Limits, Priority, RequestLimiter, Window


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(1_000 * SECOND_US)


def test_five_in_a_second_then_wait(clock: VirtualClock) -> None:
    limiter = RequestLimiter(clock)
    for _ in range(5):
        assert limiter.reserve() == 0
    wait = limiter.reserve()
    assert 1.0 <= wait <= 1.1
    clock.advance(wait)
    assert limiter.reserve() == 0


def test_asking_in_vain_spends_nothing(clock: VirtualClock) -> None:
    limiter = RequestLimiter(clock, [Window(1, 10.0)], margin_s=0)
    assert limiter.reserve() == 0
    for _ in range(100):
        assert limiter.reserve() == 10.0
    clock.advance(10.0)
    assert limiter.reserve() == 0


def test_an_hour_runs_in_microseconds_and_the_long_window_holds(clock: VirtualClock) -> None:
    limiter = RequestLimiter(clock)
    sent = 0
    end = clock.now_us() + 3600 * SECOND_US
    while clock.now_us() < end:
        wait = limiter.reserve()
        if wait == 0:
            sent += 1
        else:
            clock.advance(wait)
    assert sent == 1000


@settings(max_examples=60, deadline=None)
@given(
    windows=st.lists(st.tuples(st.integers(1, 6), st.integers(1, 20)), min_size=1, max_size=3),
    pauses=st.lists(st.floats(0, 3), max_size=60),
)
def test_no_window_is_ever_exceeded_and_no_wait_is_longer_than_needed(
    windows: list[tuple[int, int]], pauses: list[float]
) -> None:
    clock = VirtualClock(1_000 * SECOND_US)
    limiter = RequestLimiter(clock, [Window(c, s) for c, s in windows], margin_s=0)
    times: list[int] = []

    def fits(at: int) -> bool:
        return all(sum(1 for t in times if t > at - s * SECOND_US) < c for c, s in windows)

    for pause in pauses:
        clock.advance(pause)
        wait = limiter.reserve()
        if wait:
            assert not fits(clock.now_us())
            just_before = clock.now_us() + round(wait * SECOND_US) - 1
            assert not fits(just_before)
            clock.advance(wait)
            assert limiter.reserve() == 0
        assert fits(clock.now_us())
        times.append(clock.now_us())


def test_people_go_before_bulk_and_who_came_first_goes_first(clock: VirtualClock) -> None:
    limiter = RequestLimiter(clock, [Window(1, 1.0)], margin_s=0)
    assert limiter.reserve() == 0
    bulk = limiter.line_up(Priority.BULK)
    first = limiter.line_up(Priority.PERSON)
    second = limiter.line_up(Priority.PERSON)
    order = []
    tickets = {"bulk": bulk, "second": second, "first": first}
    while tickets:
        clock.advance(1.0)
        for name, ticket in list(tickets.items()):
            if ticket.reserve() == 0:
                order.append(name)
                del tickets[name]
    assert order == ["first", "second", "bulk"]


def test_who_leaves_the_line_does_not_hold_up_the_others(clock: VirtualClock) -> None:
    limiter = RequestLimiter(clock, [Window(1, 1.0)], margin_s=0)
    with limiter.line_up(Priority.PERSON):
        assert limiter.reserve(Priority.BULK) > 0
    assert limiter.reserve(Priority.BULK) == 0


def test_bulk_leaves_a_part_of_the_long_windows_to_people(clock: VirtualClock) -> None:
    limiter = RequestLimiter(clock, [Window(10, 60.0, reserved=2)], margin_s=0)
    assert [limiter.reserve(Priority.BULK) for _ in range(8)] == [0.0] * 8
    assert limiter.reserve(Priority.BULK) > 0
    assert limiter.reserve(Priority.PERSON) == 0
    assert limiter.reserve(Priority.PERSON) == 0
    assert limiter.reserve(Priority.PERSON) > 0


def test_a_refusal_by_the_server_is_learned_from(clock: VirtualClock) -> None:
    limiter = RequestLimiter(clock)
    limiter.refused(seconds=17)
    assert limiter.reserve() == 17
    assert [left.left for left in limiter.left()] == [0, 0, 0]
    clock.advance(17)
    assert limiter.reserve() == 0


def test_a_request_that_was_held_up_counts_from_when_it_goes_out(clock: VirtualClock) -> None:
    limiter = RequestLimiter(clock, [Window(2, 10.0)], margin_s=0)
    for _ in range(2):
        assert limiter.reserve() == 0
    reserved_us = clock.now_us()
    clock.advance(4.0)
    limiter.sent(reserved_us)
    assert limiter.reserve() == 6.0
    clock.advance(6.0)
    assert limiter.reserve() == 0
    assert limiter.reserve() == 4.0


def test_what_is_left_is_told(clock: VirtualClock) -> None:
    limiter = RequestLimiter(clock, [Window(2, 1.0), Window(3, 60.0)], margin_s=0)
    limiter.count()
    limiter.count()
    assert [(str(left.window), left.left, left.free_in_s) for left in limiter.left()] == [
        ("2 per 1 s", 0, 1.0),
        ("3 per 60 s", 1, 0.0),
    ]


def test_the_count_survives_a_restart(clock: VirtualClock) -> None:
    before = RequestLimiter(clock, [Window(3, 60.0)], margin_s=0)
    for _ in range(3):
        before.count()
    clock.advance(10)
    after = RequestLimiter(clock, [Window(3, 60.0)], margin_s=0)
    after.restore([*before.state(), clock.now_us() + SECOND_US])
    assert after.reserve() == 50.0


def test_the_same_condition_once_a_minute(clock: VirtualClock) -> None:
    limiter = ConditionLimiter(clock)
    assert limiter.reserve(("대형 저평가 우량주", 0)) == 0
    assert limiter.reserve(("중소형 저평가주", 1)) == 0
    clock.advance(15)
    assert limiter.reserve(("대형 저평가 우량주", 0)) == 45.0
    limiter.take_back(("중소형 저평가주", 1))
    assert limiter.reserve(("중소형 저평가주", 1)) == 0


def test_each_function_is_counted_where_the_server_counts_it(clock: VirtualClock) -> None:
    limits = Limits(clock)
    assert limits.of("CommRqData") is limits.of("CommKwRqData") is limits.of("SendCondition") is limits.queries
    assert limits.of("SendOrder") is limits.of("SendOrderFO") is limits.of("SendOrderCredit") is limits.orders
    assert limits.of("SetRealReg") is None


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_says_where_its_figures_come_from(name: str) -> None:
    assert PROFILES[name].source
    assert (Limits(VirtualClock(), PROFILES[name]).queries.reserve()) == 0
