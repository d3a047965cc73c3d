"""`kiwoom login`: passwords asked for without echo, kept in the keyring, and shown nowhere."""

from __future__ import annotations

import inspect
import json
import os
import select
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

import kiwoom
from kiwoom.cli.login import login
from kiwoom.control.ocx.windows.credentials import Credentials

SOURCE = str(Path(kiwoom.__file__).parents[1])
SECRETS = ("pass-word-one", "pass-word-two", "pass-word-three")
KEYRING = """
import json, os, pathlib
class errors:
    class KeyringError(Exception): pass
_file = pathlib.Path(os.environ["TEST_KEYRING"])
def _all(): return json.loads(_file.read_text("utf-8")) if _file.exists() else {}
def get_password(service, name): return _all().get(f"{service}/{name}")
def set_password(service, name, text):
    if os.environ.get("TEST_KEYRING_LOCKED"): raise errors.KeyringError("it is locked")
    if not os.environ.get("TEST_KEYRING_FORGETS"): _file.write_text(json.dumps({**_all(), f"{service}/{name}": text}))
def delete_password(service, name):
    _file.write_text(json.dumps({k: v for k, v in _all().items() if k != f"{service}/{name}"}))
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """An environment in which the package `keyring` keeps things in a file of the test's own."""
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "keyring.py").write_text(textwrap.dedent(KEYRING), "utf-8")
    clean = {k: v for k, v in os.environ.items() if k != "KIWOOM_URL"}
    return {
        **clean,
        "PYTHONPATH": os.pathsep.join((SOURCE, str(modules))),
        "PYTHONIOENCODING": "utf-8",
        "TEST_KEYRING": str(tmp_path / "keyring.json"),
        "NO_COLOR": "1",
        "COLUMNS": "120",
    }


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kiwoom", "login", *words],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )


def kept(environment: dict[str, str]) -> dict[str, Credentials]:
    file = Path(environment["TEST_KEYRING"])
    entries = json.loads(file.read_text("utf-8")) if file.exists() else {}
    return {name.partition("/")[2]: Credentials(**json.loads(text)) for name, text in entries.items()}


def type_in(environment: dict[str, str], words: list[str], dialogue: list[tuple[str, str]]) -> tuple[int, str]:
    """Run the command on a terminal of its own, answer what it asks; exit code and all that the terminal showed."""
    import pty
    import termios

    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover
        os.execve(sys.executable, [sys.executable, "-m", "kiwoom", "login", *words], environment)
    shown = b""
    read_up_to = 0

    def read() -> bool:
        nonlocal shown
        if not select.select([terminal], [], [], 60)[0]:
            os.kill(child, signal.SIGKILL)
            pytest.fail(f"nothing more came after {shown.decode()!r}")
        try:
            data = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            return False
        shown += data
        return bool(data)

    for question, answer in dialogue:
        while question.encode() not in shown[read_up_to:]:
            if not read():
                pytest.fail(f"{question!r} was not asked: {shown.decode()}")
        if answer in SECRETS:
            deadline = time.monotonic() + 60
            while termios.tcgetattr(terminal)[3] & termios.ECHO:
                assert time.monotonic() < deadline, f"the echo is on: {shown.decode()!r}"
                time.sleep(0.01)
        read_up_to = shown.index(question.encode(), read_up_to) + len(question)
        os.write(terminal, answer.encode() + b"\n")
    while read():
        pass
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode()


on_a_terminal = pytest.mark.skipif(sys.platform == "win32", reason="terminals are made otherwise there")


@on_a_terminal
def test_passwords_for_the_real_server_are_asked_for_without_echo(environment: dict[str, str]) -> None:
    first, second, third = SECRETS
    code, shown = type_in(
        environment,
        ["--store", "--profile", "mine"],
        [
            ("ID", "tester"),
            ("모의투자", "n"),
            ("비밀번호", first),
            ("Once more", first),
            ("인증비밀번호", second),
            ("Once more", second),
            ("계좌", ""),
            ("계좌비밀번호", third),
            ("Once more", third),
        ],
    )
    assert code == 0, shown
    assert "tester" in shown and "kiwoom login --profile mine" in shown
    for secret in SECRETS:
        assert secret not in shown
    assert kept(environment) == {"mine": Credentials("tester", first, second, third, mock=False)}


@on_a_terminal
def test_the_mock_server_needs_no_certificate_and_a_mistyped_password_is_asked_again(
    environment: dict[str, str],
) -> None:
    first = SECRETS[0]
    code, shown = type_in(
        environment,
        ["--store"],
        [
            ("ID", "tester"),
            ("모의투자", ""),
            ("비밀번호", first),
            ("Once more", SECRETS[1]),
            ("비밀번호", first),
            ("Once more", first),
            ("계좌", "n"),
        ],
    )
    assert code == 0, shown
    assert "인증비밀번호" not in shown and first not in shown
    assert kept(environment) == {"default": Credentials("tester", first, mock=True)}
    assert "is forgotten" in run(environment, "--forget").stderr
    assert kept(environment) == {}
    assert "no profile" in run(environment, "--forget").stderr


@on_a_terminal
@pytest.mark.parametrize(
    ("fault", "says"), [("TEST_KEYRING_LOCKED", "it is locked"), ("TEST_KEYRING_FORGETS", "not keep")]
)
def test_a_keyring_that_does_not_keep_it_is_an_error(environment: dict[str, str], fault: str, says: str) -> None:
    answers = [("ID", "a"), ("모의투자", ""), ("비밀번호", SECRETS[0]), ("Once more", SECRETS[0]), ("계좌", "n")]
    code, shown = type_in({**environment, fault: "1"}, ["--store"], answers)
    assert code == 5
    assert "error: the system's keyring" in shown and says in shown


def test_without_a_terminal_nothing_is_asked(environment: dict[str, str]) -> None:
    done = run(environment, "--store")
    assert done.returncode == 1
    assert "asked for on a terminal" in done.stderr
    assert done.stdout.strip() == ""


def test_no_option_takes_a_secret() -> None:
    assert set(inspect.signature(login).parameters) == {
        "url", "profile", "keep", "drop", "account_window", "timeout", "format",
    }  # fmt: skip


def test_a_login_is_shown_with_its_mode_and_masked_accounts(environment: dict[str, str]) -> None:
    done = run(environment, "--url", "sim:?clock=virtual", "--account-window", "-f", "json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)["single"]
    assert answer["mode"] == "simulated"
    assert answer["accounts"] and all("*****" in account for account in answer["accounts"].split())


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--url", "sim:?clock=virtual&login_error=-100"), 3, "-100"),
        (("--url", "sim:", "--profile", "mine"), 1, "windows of the OCX"),
        (("--store", "--forget"), 1, "one of them"),
    ],
)
def test_what_goes_wrong_is_said_in_one_line(
    environment: dict[str, str], words: tuple[str, ...], code: int, says: str
) -> None:
    done = run(environment, *words)
    assert done.returncode == code
    assert says in done.stderr and "Traceback" not in done.stderr
    assert done.stdout == ""


# --- through the windows of the test control, with the keyring of (Wine's) Windows -----------------------------------

_STORE = """
import json, sys
from kiwoom.control.ocx.windows.credentials import Credentials, store
store(Credentials(**json.loads(sys.argv[1])), sys.argv[2])
"""


def in_wine(wine: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [wine / "python.sh", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=100,
        check=False,
        env={**os.environ, "KIWOOM_TEST_OCX_WINDOWS": "1", "COLUMNS": "120", **environment},
    )


def keep_in_wine(wine: Path, profile: str, **changes: object) -> None:
    credentials = {"user_id": "tester", "password": "pass word!", "account_password": "0000", **changes}
    done = in_wine(wine, "-c", _STORE, json.dumps(credentials), profile)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("mock", [True, False])
def test_in_wine_the_windows_are_filled_from_the_keyring(wine: Path, mock: bool) -> None:
    keep_in_wine(wine, "test-login", mock=mock, certificate_password="cert")
    words = ("-m", "kiwoom", "login", "--profile", "test-login", "--account-window", "-f", "json")
    done = in_wine(wine, *words)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)["single"]
    assert answer["mode"] == ("mock" if mock else "real")
    assert (answer["user"], answer["accounts"]) == ("tester", "8*******11")
    assert "pass word!" not in done.stdout + done.stderr
    assert "is forgotten" in in_wine(wine, "-m", "kiwoom", "login", "--forget", "--profile", "test-login").stderr
    again = in_wine(wine, *words)
    assert again.returncode == 5 and "kiwoom login --store" in again.stderr


def test_in_wine_a_wrong_password_is_a_failed_login(wine: Path) -> None:
    keep_in_wine(wine, "test-wrong", password="wrong")
    done = in_wine(wine, "-m", "kiwoom", "login", "--profile", "test-wrong")
    assert done.returncode == 3
    assert "-100" in done.stderr and "Traceback" not in done.stderr
