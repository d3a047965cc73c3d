"""After a cut line and a login, `restore` brings back what was registered."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kiwoom import Kiwoom
from kiwoom.control.url import ControlUrl
from kiwoom.errors import LoginError

from .scripted import ScriptedControl

SCREENS = ("0150", "0151")


@pytest.fixture
def api() -> Iterator[Kiwoom]:
    with Kiwoom("sim:?clock=virtual&at=2026-02-06 10:00&seed=3&limits=off") as api:
        api.login()
        yield api


def cut_and_log_in(api: Kiwoom, refusals: int = 0) -> None:
    cut: list[int] = []
    api.connect("on_event_connect", slot=lambda err_code: cut.append(err_code))
    if refusals:
        api.control.faults.login_failure(-101, count=refusals)  # type: ignore[attr-defined]  # the simulator's
    api.control.faults.disconnect()  # type: ignore[attr-defined]
    api.run(until=lambda: -106 in cut, timeout=60)
    while api.get_connect_state() == 0:
        try:
            api.login()
        except LoginError:
            refusals -= 1
    assert refusals == 0


def heard(api: Kiwoom, seconds: float = 120.0) -> set[tuple[str, str]]:
    """Codes and real types that come within so many seconds."""
    came: set[tuple[str, str]] = set()
    api.connect("on_receive_real_data", slot=lambda code, real_type, data: came.add((code, real_type)))
    api.run(timeout=seconds)
    return came


def test_real_time_data_comes_again(api: Kiwoom) -> None:
    assert api.set_real_reg("0150", "005930;000660", "10;41", "0") == 0
    assert api.set_real_reg("0151", "035420", "10", "0") == 0
    api.set_real_remove("0150", "000660")
    before = {code for code, _ in heard(api)}
    assert before == {"005930", "035420"}
    cut_and_log_in(api, refusals=2)
    assert heard(api) == set(), "nothing comes by itself"
    assert api.restore() == 2
    assert {code for code, _ in heard(api)} == before
    assert api.restore() == 0, "all is there"


def test_what_this_session_has_stays_and_a_second_cut_loses_nothing(api: Kiwoom) -> None:
    assert api.set_real_reg("0150", "005930", "10", "0") == 0
    cut_and_log_in(api)
    assert api.set_real_reg("0151", "035420", "10", "0") == 0
    cut_and_log_in(api)
    assert api.restore() == 2
    assert {code for code, _ in heard(api)} == {"005930", "035420"}


def test_conditions_run_again(api: Kiwoom) -> None:
    versions: list[int] = []
    found: list[str] = []
    api.connect("on_receive_condition_ver", slot=lambda ret, msg: versions.append(ret))
    api.remove_connect_hook("on_receive_tr_condition")
    api.connect("on_receive_tr_condition", slot=lambda scr_no, codes, condition_name: found.append(condition_name))

    def load() -> None:
        versions.clear()
        assert api.get_condition_load() == 1
        api.run(until=lambda: bool(versions), timeout=60)

    load()
    number, name = api.get_condition_name_list().split(";")[0].split("^")
    assert api.send_condition("0301", name, int(number), 1) == 1
    api.run(until=lambda: bool(found), timeout=60)
    cut_and_log_in(api)
    api.run(timeout=70)  # a condition may be searched once in a minute
    found.clear()
    assert api.restore() == 1
    api.run(until=lambda: bool(found), timeout=60)
    assert found == [name]
    assert api.restore() == 0


def test_a_condition_that_was_searched_for_again_is_not_searched_twice() -> None:
    control = ScriptedControl()
    control.answers["SendCondition"] = 1
    control.answers["GetConditionLoad"] = 1
    with Kiwoom(control) as api:
        api.login()
        api.send_condition("0301", "급등주", 2, 1)
        api.login()
        api.send_condition("0301", "급등주", 2, 1)
        assert api.restore() == 0
        assert len(control.called("SendCondition")) == 2


def test_a_control_that_restores_by_itself_is_left_alone() -> None:
    class Restores(ScriptedControl):
        restores_itself = True

    control = Restores()
    assert control.url == ControlUrl("scripted")
    with Kiwoom(control) as api:
        api.login()
        api.set_real_reg("0150", "005930", "10", "0")
        api.login()
        assert api.restore() == 0
        assert len(control.called("SetRealReg")) == 1


def test_what_is_refused_is_said(caplog: pytest.LogCaptureFixture) -> None:
    control = ScriptedControl()
    with Kiwoom(control) as api:
        api.login()
        api.set_real_reg("0150", "005930", "10", "0")
        control.answers["SetRealReg"] = -200
        api.login()
        assert api.restore() == 1
    assert "could not be repeated: it gave -200" in caplog.text
