"""What a remote control keeps of its registrations, to make them again behind a new session, is what is registered."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.sim.driver import Driver

from kiwoom.clock import VirtualClock
from kiwoom.control.contract import Value
from kiwoom.control.remote.contract import Link
from kiwoom.control.remote.remote import RemoteControl
from kiwoom.control.url import ControlUrl
from kiwoom.sim.server.conditions import Conditions
from kiwoom.sim.server.realtime import Registrations

Call = tuple[str, tuple[str | int, ...]]

SCREENS = st.sampled_from(["1001", "1002", "1003"])
CODES = st.sampled_from(["005930", "000660", "035420", "005930_AL", ""])
FIDS = st.sampled_from(["10", "10;27;41", "41", "215"])
LISTS = st.lists(CODES, min_size=1, max_size=3, unique=True).map(";".join)
CONDITIONS = st.sampled_from([("급등주", 2), ("거래량 급증", 3)])
CALLS = st.one_of(
    st.tuples(st.just("SetRealReg"), st.tuples(SCREENS, LISTS, FIDS, st.sampled_from(["0", "1"]))),
    st.tuples(
        st.just("SetRealRemove"), st.tuples(st.one_of(SCREENS, st.just("ALL")), st.one_of(CODES, st.just("ALL")))
    ),
    st.tuples(st.just("DisconnectRealData"), st.tuples(SCREENS)),
    st.tuples(st.just("SendCondition"), st.builds(lambda s, c: (s, *c, 1), SCREENS, CONDITIONS)),
    st.tuples(st.just("SendConditionStop"), st.builds(lambda s, c: (s, *c), SCREENS, CONDITIONS)),
)


class _Through(Link):
    """A link to a simulator in this process."""

    def __init__(self, driver: Driver) -> None:
        self.driver = driver

    def call_many(self, calls: Sequence[Call]) -> list[Value]:
        return [self.driver.control.call(name, *arguments) for name, arguments in calls]


@cache
def _driver(_which: str) -> Driver:
    return Driver("at=2026-02-06 20:00&limits=off")


def _session(which: str) -> Driver:
    """A new session; the market behind it is made once."""
    driver = _driver(which)
    driver.control.faults.disconnect(notice=False)
    driver.login()
    driver.control.call("GetConditionLoad")
    driver.wait("OnReceiveConditionVer")
    return driver


def _registered(driver: Driver) -> tuple[object, object]:
    """Screens with the FIDs of each code, and the watched conditions."""
    driver.run(2)
    screens = driver.control.part(Registrations)._screens
    fids = {number: dict(screen.fids) for number, screen in screens.items() if screen.fids}
    return fids, set(driver.control.part(Conditions).watched)


@settings(max_examples=40)
@example([("SetRealReg", ("1001", "005930", "10", "0")), ("SetRealReg", ("1001", "", "10", "1"))])
@example([("SetRealReg", ("1001", "000660;", "10", "0"))])
@given(st.lists(CALLS, max_size=12))
def test_the_same_is_registered_behind_a_new_session(calls: list[Call]) -> None:
    before, after = _session("before"), _session("after")
    remote = RemoteControl(ControlUrl.parse("grpc://localhost:1"), VirtualClock(), 1.0)
    remote.link = _Through(before)  # type: ignore[abstract]
    for name, arguments in calls:
        remote._dispatch(name, arguments)
    _Through(after).call_many(remote.desired())  # type: ignore[abstract]
    assert _registered(after) == _registered(before)
