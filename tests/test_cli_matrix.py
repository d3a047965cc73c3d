"""Every command in every format, when it works and when it does not: one report, in its place, with its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from kiwoom import config
from kiwoom.cli.app import app
from kiwoom.cli.exits import EXITS, exit_of
from kiwoom.errors import CODES, KiwoomError, OrderRefused, error_for

ROOT = Path(__file__).resolve().parent.parent
SIM = "sim:?clock=virtual&seed=7&at=2026-02-06 09:00"
NO_LOGIN = "sim:?clock=virtual&login_error=-101"
NO_ANSWER = "sim:?clock=virtual&at=2026-02-06 09:00&faults=lost(OnReceiveTrData)"
LIMITED = "sim:?clock=virtual&faults=refused(CommRqData, -200)"
CUT = "sim:?clock=virtual&faults=refused(CommRqData, -101)"
NO_LINK = "grpc://127.0.0.1:1?timeout=0.1"
FORMATS = ("table", "json", "jsonl", "csv")


class Ran(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


class Kiwoom:
    """The command, in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
        self.capsys = capsys
        self.monkeypatch = monkeypatch

    def __call__(self, *words: str, url: str = SIM) -> Ran:
        self.monkeypatch.setenv("KIWOOM_URL", url)
        with pytest.raises(SystemExit) as ended:
            app(list(words))
        out, err = self.capsys.readouterr()
        assert isinstance(ended.value.code, int)
        assert "Traceback" not in err
        return Ran(ended.value.code, out, err)


@pytest.fixture
def kiwoom(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Kiwoom:
    monkeypatch.setattr(config, "MUTE", False)
    return Kiwoom(capsys, monkeypatch)


WORKS: dict[str, tuple[str, ...]] = {
    "tr with single items": ("tr", "opt10001", "종목코드=005930"),
    "tr with rows": ("tr", "opt10081", "종목코드=005930", "기준일자=20260205"),
    "tr with nothing to list": ("tr", "opt10075"),
    "find": ("find", "예수금"),
    "login": ("login",),
    "errmsg": ("errmsg", "-200"),
    "errmsg of a name": ("errmsg", "OP_ERR_ORD_OVERFLOW"),
}
FAILS: dict[str, tuple[tuple[str, ...], str, int, str]] = {
    "tr unknown": (("tr", "opt1x"), SIM, 1, "opt1x"),
    "tr wrong input": (("tr", "opt10001", "코드=005930"), SIM, 1, "종목코드"),
    "tr no input": (("tr", "opt10081"), SIM, 1, "takes inputs"),
    "tr no page": (("tr", "opt10081", "종목코드=005930", "--pages", "-1"), SIM, 1, "--pages"),
    "tr page zero": (("tr", "opt10081", "종목코드=005930", "--pages", "0"), SIM, 1, "--pages"),
    "tr half a page": (("tr", "opt10081", "종목코드=005930", "--pages", "1.5"), SIM, 1, "--pages"),
    "tr odd option": (("tr", "opt10081", "--nonsense"), SIM, 1, "--nonsense"),
    "tr odd url": (("tr", "opt10001", "종목코드=005930"), "simm:", 1, "sim:"),
    "tr odd url option": (("tr", "opt10001", "종목코드=005930"), "sim:?sed=7", 1, "seed"),
    "tr wrong account": (("tr", "opw00018", "계좌번호=1234567890"), SIM, 2, "RC4024"),
    "tr unknown code": (("tr", "opt10001", "종목코드=999999"), SIM, 2, "does not know the code"),
    "tr wrong date": (("tr", "opt10081", "종목코드=005930", "기준일자=2026-02-06"), SIM, 2, "기준일자"),
    "tr missing code": (("tr", "opt10081", "종목코드="), SIM, 2, "종목코드"),
    "tr no login": (("tr", "opt10001", "종목코드=005930"), NO_LOGIN, 3, "-101"),
    "tr limited": (("tr", "opt10001", "종목코드=005930"), LIMITED, 4, "-200"),
    "tr no answer": (("tr", "opt10001", "종목코드=005930"), NO_ANSWER, 5, "waited"),
    "tr cut": (("tr", "opt10001", "종목코드=005930"), CUT, 5, "-101"),
    "find nothing": (("find", "없는이름"), SIM, 1, "없는이름"),
    "login refused": (("login",), NO_LOGIN, 3, "-101"),
    "login in the past": (("login", "--timeout", "-1"), SIM, 1, "--timeout"),
    "login too late": (("login", "--timeout", "0"), SIM, 5, "waited"),
    "errmsg of a word": (("errmsg", "abc"), SIM, 1, "abc"),
    "errmsg of nothing": (("errmsg",), SIM, 1, "Missing argument"),
}


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("words", WORKS.values(), ids=WORKS)
def test_a_command_that_works(kiwoom: Kiwoom, words: tuple[str, ...], format: str) -> None:
    ran = kiwoom(*words, "-f", format)
    assert ran.code == 0, ran
    if format == "json":
        assert json.loads(ran.out)["ok"] is True
    elif format == "jsonl":
        assert all(isinstance(json.loads(line), dict) for line in ran.out.splitlines())


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("words", "url", "code", "says"), FAILS.values(), ids=FAILS)
def test_a_command_that_fails(
    kiwoom: Kiwoom, words: tuple[str, ...], url: str, code: int, says: str, format: str
) -> None:
    ran = kiwoom(*words, "-f", format, url=url)
    assert ran.code == code, ran
    if format == "json":
        envelope = json.loads(ran.out)
        assert envelope["ok"] is False and says in envelope["error"]["message"]
        assert envelope["error"]["exit"] == code
        assert envelope["error"]["retryable"] is (code in (4, 5))
        assert says not in ran.err, "it is said once"
    else:
        assert ran.out == ""
        (line,) = [line for line in ran.err.splitlines() if line.startswith("error: ")]
        assert says in line
        assert ran.err.count(line.removeprefix("error: ")) == 1


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("nonsense",), 1, "nonsense"),
        (("demo", "--url", "ocx:"), 1, "simulator only"),
        (("serve", "--acknowledge", "-1"), 1, "--acknowledge"),
        (("serve", "--requests-per-second", "-1"), 1, "--requests-per-second"),
        (("serve", "--streams-per-client", "0"), 1, "--streams-per-client"),
        (("serve", "--connection-age", "-1"), 1, "--connection-age"),
        (("serve", "--listen", "somewhere"), 1, "HOST:PORT"),
        (("serve", "--limits", "nonsense"), 1, "limits"),
        (("serve", "--tokens", "{file}/nothing"), 1, "nothing"),
        (("certs", "{file}/below"), 1, "{file}"),
        (("certs", "{file}"), 1, "{file}"),
        (("download", "--code", "005930", "--path", "{file}"), 1, "{file}"),
        (("download", "--code", "005930", "--path", "{file}/below"), 1, "{file}"),
        (("download", "--code", "005930", "--encoding", "nonsense"), 1, "encoding"),
        (("download", "--code", "005930", "--unit", "0"), 1, "--unit"),
        (("download", "--code", "005930", "--period", "hour"), 1, "hour"),
        (("download", "--code", "000000", "--path", "{folder}"), 2, "000000"),
        (("run",), 1, "name a program"),
        (("run", "--report-file", "{file}/below", "{file}"), 1, "{file}"),
        (("run", "{folder}/nothing.py"), 2, "nothing.py"),
        (("run", "--report-file", "{file}/below", "{file}", "-f", "json"), 1, "{file}"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_command_line_that_cannot_work(
    kiwoom: Kiwoom, words: tuple[str, ...], code: int, says: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "file.py"
    file.write_text("print('ran')", encoding="utf-8")
    places = {"file": str(file), "folder": str(tmp_path / "folder")}
    ran = kiwoom(*(word.format(**places) for word in words))
    assert ran.code == code, ran
    assert ran.out == "" and says.format(**places) in ran.err + caplog.text  # the log's place is stderr, too
    assert file.read_text(encoding="utf-8") == "print('ran')"


def test_without_words_it_shows_its_help(kiwoom: Kiwoom) -> None:
    ran = kiwoom()
    assert ran.code == 1 and "Usage" in ran.out and ran.err == ""


def test_every_error_has_an_exit() -> None:
    codes = {exit.code for exit in EXITS}
    for code in CODES:
        for call in ("", "login", "comm_rq_data"):
            exit = exit_of(error_for(code, call))
            assert exit is not None and exit.code in codes - {0, 1}
    for kind in (OrderRefused, KiwoomError, PermissionError):
        assert (exit := exit_of(kind("x"))) is not None and exit.code == 1
    assert exit_of(ZeroDivisionError()) is None, "a fault of the package shows its traceback"


def shell(words: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """A command line of a shell in which `kiwoom` is this package's."""
    command = f"{sys.executable} -m kiwoom"
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {words.replace('kiwoom', command)}"],
        env=os.environ | {"PYTHONPATH": str(ROOT / "src"), "KIWOOM_URL": SIM} | environment,
        capture_output=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell")
@pytest.mark.parametrize("format", ["table", "csv", "json"])
def test_a_reader_that_closes_its_end_is_no_error(format: str) -> None:
    done = shell(f"kiwoom find 0 -f {format} | head -c 10")
    assert done.returncode == 0 and b"Error" not in done.stderr, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="locales of POSIX")
@pytest.mark.parametrize(
    ("environment", "encoding"),
    [
        ({"LC_ALL": "POSIX"}, "utf-8"),
        ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "utf-8"),
        ({"PYTHONIOENCODING": "cp949"}, "cp949"),
    ],
    ids=["POSIX", "ASCII", "cp949"],
)
def test_korean_is_readable_in_every_locale(environment: dict[str, str], encoding: str) -> None:
    done = shell("kiwoom find 예수금상세현황요청; kiwoom find 예수금상세현황요청 -f json", **environment)
    text = done.stdout.decode(encoding)
    assert done.returncode == 0 and text.count("예수금상세현황요청") >= 2, done
    assert json.loads(text.splitlines()[-1])["ok"] is True


def test_json_keeps_every_letter_where_the_console_does_not() -> None:
    done = shell("kiwoom errmsg -200 -f json", PYTHONIOENCODING="latin-1")
    assert json.loads(done.stdout)["single"]["text"] == "시세조회과부하"
