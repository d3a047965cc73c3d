"""The log of a session: readable, complete, masked, a file a day."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.wrapper.scripted import NINE, ScriptedControl

from kiwoom import Kiwoom
from kiwoom.clock import DAY_US
from kiwoom.control.base import Mode
from kiwoom.masking import Masker, is_secret, mask_account
from kiwoom.recording import record

ACCOUNT = "8012345611"


def session(control: ScriptedControl, path: Path) -> Kiwoom:
    control.answers["GetLoginInfo"] = f"{ACCOUNT};5099887731;"
    control.answers["GetChejanData"] = ACCOUNT
    control.answers["SendOrder"] = 0
    api = Kiwoom(control)
    api.logging(True, path=path)
    api.login()
    api.get_login_info("ACCNO")
    api.set_input_value("계좌번호", ACCOUNT)
    api.set_input_value("비밀번호", "0000secret")
    api.set_input_value("비밀번호입력매체구분", "00")
    api.send_order("buy", "0101", ACCOUNT, 1, "005930", 10, 71900, "00", "")
    api.connect("on_receive_chejan_data", slot=lambda gubun: api.get_chejan_data(9201))
    control.fire("OnReceiveChejanData", "0", 1, "9201", after_s=1)
    api.run(timeout=5)
    return api


def test_what_the_login_told_stands_over_what_follows(tmp_path: Path) -> None:
    """Before the login it is not known whose money it is."""

    class Asked(ScriptedControl):
        logged_in = False

        @property
        def mode(self) -> Mode:
            return "real" if self.logged_in else "unknown"

    control = Asked()
    control.subscribe("OnEventConnect", lambda code: setattr(control, "logged_in", code == 0))
    with Kiwoom(control) as api:
        api.logging(True, path=tmp_path / "20201015")
        api.login()
        api.get_connect_state()
    lines = (tmp_path / "20201015.log").read_text("utf-8").splitlines()
    assert "<Kiwoom scripted: (unknown)>" in lines[0]
    headings = [n for n, line in enumerate(lines) if "<Kiwoom scripted: (real)>" in line]
    assert len(headings) == 1
    assert headings[0] < next(n for n, line in enumerate(lines) if "get_connect_state" in line)
    records = [json.loads(line) for line in (tmp_path / "20201015.jsonl").read_text("utf-8").splitlines()]
    assert sum(record["kind"] == "session" for record in records) == 2


def test_every_call_and_event_is_written_masked(tmp_path: Path) -> None:
    control = ScriptedControl()
    with session(control, tmp_path / "log" / "20201015"):
        text = (tmp_path / "log" / "20201015.log").read_text("utf-8")
        raw = (tmp_path / "log" / "20201015.jsonl").read_text("utf-8")
    for secret in (ACCOUNT, "5099887731", "0000secret"):
        assert secret not in text
        assert secret not in raw
    assert "8*******11" in text
    lines = text.splitlines()
    assert lines[0] == "09:00:00.000000  <Kiwoom scripted: (simulated)> 2020-10-15"
    assert any(
        "09:00:00.100000  send_order('buy', '0101', '8*******11', 1, '005930', 10, 71900, '00', '') = 0  [" in line
        for line in lines
    )
    assert any("set_input_value('비밀번호', '****')" in line for line in lines)
    assert any("set_input_value('비밀번호입력매체구분', '00')" in line for line in lines)
    event = next(n for n, line in enumerate(lines) if "> on_receive_chejan_data('0', 1, '9201')" in line)
    assert "    get_chejan_data(9201) = '8*******11'  [" in lines[event + 1]
    assert "  < on_receive_chejan_data  [" in lines[event + 2]

    records = [json.loads(line) for line in raw.splitlines()]
    called = [record["name"] for record in records if record["kind"] == "call"]
    assert called == [name for name, _ in control.calls]
    order = next(record for record in records if record.get("name") == "SendOrder")
    assert order["arguments"]["acc_no"] == "8*******11"
    assert order["arguments"]["qty"] == 10
    assert order["result"] == 0
    assert order["seconds"] >= 0
    assert order["time"] == "2020-10-15T09:00:00.100000"
    assert [r["name"] for r in records if r["kind"] == "event"] == ["OnEventConnect", "OnReceiveChejanData"]
    assert [r["name"] for r in records if r["kind"] == "handled"] == ["OnEventConnect", "OnReceiveChejanData"]


def test_a_new_day_begins_new_files(tmp_path: Path) -> None:
    for given, first, second in (("20201015", "20201015", "20201016"), ("mine", "mine-20201015", "mine-20201016")):
        control = ScriptedControl()
        with Kiwoom(control) as api:
            api.logging(True, path=str(tmp_path / given))
            api.get_connect_state()
            control.clock.advance_to(NINE + DAY_US)
            api.get_connect_state()
            api.logging(False)
            api.get_connect_state()
        for name in (first, second):
            assert (tmp_path / f"{name}.log").read_text("utf-8").count("get_connect_state()") == 1
            assert (tmp_path / f"{name}.jsonl").exists()


def test_an_exception_in_a_handler_is_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    control = ScriptedControl()
    with Kiwoom(control) as api:
        api.logging(True, path=tmp_path / "log")

        def slot(code: str) -> None:
            raise ValueError(f"about {ACCOUNT}")

        api.connect("on_receive_real_data", slot=slot)
        control.fire("OnReceiveRealData", "005930", "주식체결", "")
        api.run(timeout=1)
    text = (tmp_path / "log-20201015.log").read_text("utf-8")
    assert "! on_receive_real_data raised ValueError: about 8*******11" in text
    assert "Traceback" in caplog.text


def test_a_file_that_cannot_be_written_ends_the_log_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    control = ScriptedControl()
    with Kiwoom(control) as api:
        api.logging(True, path=tmp_path / "20201015")
        (tmp_path / "20201016.log").mkdir()
        control.clock.advance_to(NINE + DAY_US)
        assert api.get_connect_state() == 0
        assert api.get_connect_state() == 0
    assert caplog.text.count("cannot be written") == 1


def test_what_is_an_account_is_masked_and_what_is_not_is_left() -> None:
    assert mask_account(ACCOUNT) == "8*******11"
    masker = Masker()
    assert masker.text(f"[{ACCOUNT}] 005930 71900 20201015090000") == "[8*******11] 005930 71900 20201015090000"
    assert masker.text("000000001729030 0163911 -70033816000") == "000000001729030 0163911 -70033816000"
    masker.learn("1234-5678;77777777;")
    assert masker.text("77777777") == "7*****77"
    assert is_secret("비밀번호")
    assert is_secret("계좌비밀번호")
    assert not is_secret("비밀번호입력매체구분")
    assert masker.call("GetCommDataEx", ["tr_code", "rq_name"], ("a", "b"), [[ACCOUNT]])[1] == [["8*******11"]]


@pytest.mark.parametrize("kind", ["logging", "record"])
def test_a_folder_that_cannot_be_written_is_said_once_and_the_program_goes_on(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a file").write_text("")
    with Kiwoom("sim:?clock=virtual&at=2026-02-06 10:00&list=small") as api:
        _write_down(kind, api, tmp_path / "a file" / "day")
        api.login()
        assert api.get_master_code_name("005930") == "삼성전자"
    (said,) = [r for r in caplog.records if r.name in ("kiwoom.journal", "kiwoom.recording")]
    assert str(tmp_path / "a file") in said.getMessage() and said.levelname == "ERROR"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("kind", ["logging", "record"])
def test_a_full_disk_is_said_once_and_the_program_goes_on(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # the device can be read without an end, and a recording is looked through before it is continued
    monkeypatch.setattr("kiwoom.recording._mend", lambda path: None)
    for name in ("20260206", "20260206.log", "20260206.jsonl"):
        (tmp_path / name).symlink_to("/dev/full")
    with Kiwoom("sim:?clock=virtual&at=2026-02-06 10:00&list=small") as api:
        _write_down(kind, api, tmp_path / "20260206")
        api.login()
        for _ in range(3000):
            api.get_master_code_name("005930")
    (said,) = [r for r in caplog.records if r.name in ("kiwoom.journal", "kiwoom.recording")]
    assert "No space left" in said.getMessage()


def _write_down(kind: str, api: Kiwoom, path: Path) -> None:
    if kind == "logging":
        api.logging(True, path)
    else:
        record(api.control, path)
