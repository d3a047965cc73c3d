"""`ocx:` where there is no OCX, and what is decided before one is needed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from kiwoom.control import open_control
from kiwoom.control.contract import EVENTS, FUNCTIONS
from kiwoom.control.ocx.windows.registration import Bits, find_interpreter, interpreter_bits, own_bits, registration
from kiwoom.errors import ControlUnavailable, ControlUrlError

from .control import generate


@pytest.mark.skipif(sys.platform == "win32", reason="about other systems")
def test_outside_windows_the_error_says_what_to_do() -> None:
    with pytest.raises(ControlUnavailable, match=r"sim:.*kiwoom serve.*grpc://"):
        open_control("ocx:")


@pytest.mark.parametrize("url", ["ocx:?order=real", "ocx:?orders=Real", "ocx:?orders=", "ocx:?process=elsewhere"])
def test_a_misspelt_option_is_refused_everywhere(url: str) -> None:
    with pytest.raises(ControlUrlError):
        open_control(url)


@pytest.mark.skipif(sys.platform == "win32", reason="about other systems")
def test_nothing_is_registered_outside_windows() -> None:
    assert registration(32) is None
    assert registration(64) is None


def test_this_interpreter_is_found_by_its_bitness() -> None:
    assert find_interpreter(own_bits()) == sys.executable
    assert find_interpreter(own_bits(), named=sys.executable) == sys.executable


def test_a_named_interpreter_of_the_wrong_bitness_is_not_taken() -> None:
    other: Bits = 32 if own_bits() == 64 else 64
    assert find_interpreter(other, named=sys.executable) == ""


@pytest.mark.skipif(sys.platform == "win32", reason="scripts that stand in for programs")
def test_the_host_s_interpreter_comes_from_the_url_the_environment_or_the_launcher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In that order; the other bitness is what this interpreter has not."""
    other: Bits = 32 if own_bits() == 64 else 64

    def program(name: str, text: str) -> str:
        path = tmp_path / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return str(path)

    named, environment, launched = (program(n, f"echo {other}") for n in ("named", "environment", "launched"))
    program("py", f'[ "$1" = "-3-{other}" ] && echo {launched}')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("KIWOOM_HOST_PYTHON", raising=False)
    assert find_interpreter(other) == launched
    monkeypatch.setenv("KIWOOM_HOST_PYTHON", environment)
    assert find_interpreter(other) == environment
    assert find_interpreter(other, named) == named
    monkeypatch.setenv("KIWOOM_HOST_PYTHON", sys.executable)
    assert find_interpreter(other) == "", "one that was named and does not fit is not replaced by another"


def test_something_that_is_no_interpreter_has_no_bitness() -> None:
    assert interpreter_bits("/no/such/python") == 0


def test_the_test_control_is_made_from_the_contract() -> None:
    idl = generate.idl()
    for called in (*FUNCTIONS.values(), *EVENTS.values()):
        assert f"[id({called.dispid})] " in idl  # type: ignore[attr-defined]
        assert f" {called.name}(" in idl
    assert "[id(3)] long CommRqData(BSTR sRQName, BSTR sTrCode, long nPrevNext, BSTR sScreenNo);" in idl
    assert "[id(56)] VARIANT GetCommDataEx(BSTR strTrCode, BSTR strRecordName);" in idl
    assert 'L"SendOrder", "ssslsllss", RESULT_LONG' in generate.header()
