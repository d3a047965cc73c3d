"""The names of the predecessor's releases: each finds what it means, says what to use, and stands in one table."""

from __future__ import annotations

import importlib
import subprocess
import sys
import warnings
from typing import Any

import pytest

import kiwoom
from kiwoom import Bot, Kiwoom, Server, config, oldnames
from kiwoom.connector import Connector
from kiwoom.errors import UnknownEvent, WrongArguments
from kiwoom.oldnames import EVENT_NAMES, GONE_MODULES, OLD_NAMES, OldName, target_of


@pytest.mark.parametrize("entry", OLD_NAMES, ids=lambda entry: entry.old)
def test_an_old_name_gives_the_new_thing_and_says_so(entry: OldName) -> None:
    with pytest.warns(DeprecationWarning, match=entry.new.replace(".", r"\.")):
        found = getattr(importlib.import_module(entry.module), entry.name)
    assert found is target_of(entry.new)


@pytest.mark.parametrize("module", GONE_MODULES)
def test_a_module_that_is_gone_can_be_imported_and_starred(module: str) -> None:
    names = [entry.name for entry in OLD_NAMES if entry.module == module]
    namespace: dict[str, Any] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        exec(f"from {module} import *", namespace)
    assert set(names) <= set(namespace)
    parent, _, child = module.rpartition(".")
    assert getattr(importlib.import_module(parent), child) is sys.modules[module]


def test_the_warning_names_the_line_of_the_program() -> None:
    code = "import kiwoom\nfrom kiwoom.data.prep import prep\nkiwoom.config.error.err_msg(0)\n"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert "<string>:2: DeprecationWarning: kiwoom.data.prep.prep is now kiwoom.data.preps.prep" in ran.stderr
    assert "<string>:3: DeprecationWarning: kiwoom.config.error.err_msg is now" in ran.stderr


def test_unknown_names_stay_unknown() -> None:
    for module in ("kiwoom", "kiwoom.config", "kiwoom.config.error", "kiwoom.core", "kiwoom.data", "kiwoom.utils"):
        with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
            importlib.import_module(module).nonsense  # noqa: B018
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("kiwoom.core.nonsense")


def test_settings_have_two_names_and_one_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "MUTE", False)
    config.mute = True
    assert config.MUTE is True
    config.MUTE = False
    assert config.mute is False
    Connector.mute(True)
    assert config.mute is True
    config.mute = False  # type: ignore[unreachable]


def test_enumerations_have_the_small_names_of_1_0() -> None:
    from kiwoom.config.types import CodeType, ExitType, OutputType

    assert (CodeType.stock, OutputType.multi) == (CodeType.STOCK, OutputType.MULTI)
    assert (ExitType.success, ExitType.failure, ExitType.impossible) == tuple(ExitType)


def test_questions_about_charts_have_the_answers_of_1_5() -> None:
    from kiwoom.config.types import SECTOR, STOCK
    from kiwoom.history import chartfacts as asked

    assert asked.get_tr_code("day") == ["opt10081", "opt20006"]
    assert asked.get_tr_code(["tick", "min"], STOCK) == ["opt10079", "opt10080"]
    assert asked.get_tr_code("year", SECTOR) == "opt20019"
    assert asked.get_period("opt10082") == "week"
    assert (asked.get_code_type("005930"), asked.get_code_type("001")) == (STOCK, SECTOR)
    assert dict(asked.inputs("opt10080", "005930", unit=3))["틱범위"] == "3"
    assert dict(asked.inputs("opt20006", "001", end="20260206"))["기준일자"] == "20260206"
    assert (asked.is_date("20260229"), asked.is_date("20260228"), asked.is_date("2026-02-2")) == (False, True, False)
    assert asked.get_datetime_column("min"), asked.get_datetime_format("day") == ("체결시간", "%Y%m%d")  # type: ignore[comparison-overlap]
    assert asked.is_market(10) and asked.is_market_gubun("7") and not asked.is_sector("005930")


def test_the_outputs_of_charts_have_their_functions() -> None:
    from kiwoom.config.types import MULTI, SINGLE
    from kiwoom.data import preps
    from kiwoom.history import chartfacts as asked

    assert asked.outputs("opt10081", SINGLE) == ["종목코드"]
    read = dict(asked.preper("opt10081", MULTI))
    assert list(read) == asked.outputs("opt10081", MULTI)
    assert (read["일자"], read["현재가"], read["거래량"]) == (preps.string, preps.remove_sign, preps.number)


def test_a_setting_may_be_set_through_a_module_that_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "MUTE", False)
    module: Any = importlib.import_module("kiwoom.config.const")
    module.MUTE = True
    assert config.mute is True


def test_handlers_may_be_decorated_as_in_0_0() -> None:
    class Mine(Kiwoom):
        @Connector()
        def on_event_connect(self, err_code: int) -> None:
            self.seen = err_code

        @Connector.map
        def on_receive_msg(self, scr_no: str, rq_name: str, tr_code: str, msg: str) -> None: ...

    slots: list[int] = []
    with Mine("sim:?clock=virtual") as api:
        api.connect("on_event_connect", slot=slots.append)
        api.login()
        assert (api.seen, slots) == (0, [0])
    assert Connector().connect_hook("on_receive_tr_data") is False
    assert [Connector.connectable(fn) for fn in (print, Asks.login, Asks().login, None)] == [True, False, True, False]


# --- connect, signal and slot of the first releases ------------------------------------------------------------


class Asks:
    def login(self) -> None: ...

    def balance(self, prev_next: str = "0") -> None: ...


def tr_slot(scr_no: str, rq_name: str, tr_code: str, record_name: str, prev_next: str) -> None: ...
def tr_slot_unnamed(a: str, rq_name: str, tr_code: str, b: str, c: str) -> None: ...
def five(a: str, b: str, c: str, d: str, e: str) -> None: ...
def login(err_code: int) -> None: ...
def any_one(code: int) -> None: ...
def message(scr_no: str, rq_name: str, tr_code: str, msg: str) -> None: ...
def real(code: str, real_type: str, real_data: str) -> None: ...
def chejan(gubun: str, item_cnt: int, fid_list: str) -> None: ...
def version(ret: int, msg: str) -> None: ...
def found(scr_no: str, code_list: str, condition_name: str, index: int, next: int) -> None: ...
def moved(code: str, type: str, condition_name: str, condition_index: str) -> None: ...
def on_receive_chejan_data(*args: object) -> None: ...


@pytest.mark.parametrize(
    ("slot", "event"),
    [
        (tr_slot, "on_receive_tr_data"),
        (tr_slot_unnamed, "on_receive_tr_data"),
        (five, "on_receive_tr_data"),
        (login, "on_event_connect"),
        (any_one, "on_event_connect"),
        (message, "on_receive_msg"),
        (real, "on_receive_real_data"),
        (chejan, "on_receive_chejan_data"),
        (version, "on_receive_condition_ver"),
        (found, "on_receive_tr_condition"),
        (moved, "on_receive_real_condition"),
        (on_receive_chejan_data, "on_receive_chejan_data"),
    ],
)
def test_a_slot_tells_its_event(slot: Any, event: str) -> None:
    connector = Connector()
    connector.connect(slot=slot)
    key = slot.__name__ if connector.get_connect_hook(event) else None
    assert connector.slot(event, key) is slot
    positional = Connector()
    positional.connect(slot)
    assert positional.slot(event, key) is slot


def test_signal_and_slot_may_stand_alone_in_that_order() -> None:
    asks = Asks()
    with Kiwoom("sim:?clock=virtual") as api:
        api.connect(asks.balance, tr_slot, key="balance")
        assert api.signal("on_receive_tr_data", "balance") == asks.balance == api.signal("balance")
        assert api.slot("balance") is tr_slot
        with pytest.warns(DeprecationWarning, match="on_receive_tr_data is meant"):
            assert api.slot("on_receive_tr_event", "balance") is tr_slot
        with pytest.warns(DeprecationWarning, match="on_receive_tr_data is meant"):
            assert "rq_name" in api.api_arg_spec("on_receive_tr_event")
        with pytest.raises(UnknownEvent, match="on_receive_tr_data"):
            api.signal("on_recieve_tr_data")


def test_a_slot_that_fits_several_events_is_refused() -> None:
    def anything(*args: object) -> None: ...

    with pytest.raises(WrongArguments, match="say which event"):
        Connector().connect(slot=anything)
    connector = Connector()
    connector.connect(signal=Asks().balance, slot=anything)  # only a TR has a signal
    assert connector.slot("on_receive_tr_data") is anything


def test_every_alias_of_an_event_is_in_the_table() -> None:
    assert set(EVENT_NAMES.values()) <= set(config.EVENTS)
    assert oldnames.EVENT_NAMES is EVENT_NAMES


def test_a_slot_may_read_the_list_of_fids_letter_by_letter() -> None:
    with Kiwoom("sim:?clock=virtual") as api:
        api.login()
        assert {api.get_chejan_data(letter) for letter in "9201;9203"} == {""}
        assert api.get_comm_real_data("005930", ";") == ""


def test_share_gives_everything_under_a_name() -> None:
    share = kiwoom.data.Share()
    share.update_single("balance", "예탁금", 5)
    share.extend_multi("balance", "종목명", ["가"])
    assert share["balance"] == {"예탁금": 5, "종목명": ["가"]}
    with pytest.raises(KeyError):
        share["deposit"]


def test_a_star_import_brings_the_packages_and_the_classes() -> None:
    namespace: dict[str, Any] = {}
    exec("from kiwoom import *", namespace)
    assert namespace["Bot"] is Bot and namespace["Server"] is Server
    assert namespace["utils"].clock() and namespace["data"].Share()
