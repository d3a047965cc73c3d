"""`kiwoom doctor`: right on every kind of machine, with a remedy for whatever is missing."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path, PureWindowsPath

import pytest
import typer
from typer.testing import CliRunner

from kiwoom.cli.doctor import Finding, Machine, doctor, examine, works
from kiwoom.control.ocx.windows.hours import maintenance_at, next_maintenance
from kiwoom.control.ocx.windows.processes import Process
from kiwoom.control.ocx.windows.registration import Bits, Registration
from kiwoom_openapi_plus import Name

OCX = "C:\\OpenAPI\\khopenapi.ocx"


class Desktop(Machine):
    """A Windows machine as tests describe it: by default one on which everything is there, in 32-bit Python."""

    def __init__(self, bits: Bits = 32) -> None:
        self._bits = bits
        self.registered: dict[Bits, Registration] = {32: Registration(32, OCX)}
        self.modules = {"PyQt5", "PyQt5.QAxContainer", "grpc"}
        self.interpreters: dict[Bits, str] = {32: "C:\\Python311-32\\python.exe"}
        self.files = {"khopenapi.ocx", "Autologin.dat", "data", "system"}
        self.running: list[Process] = []
        self.updating: list[Process] = []
        self.problem = ""
        self.time = datetime(2026, 2, 6, 10, 0)
        self.ahead: float | None = None
        self.variables: dict[str, str] = {}
        self.tried: list[str] = []
        self.named = [Name("package", "ok", "kiwoom is kiwoom-openapi-plus")]

    def on_windows(self) -> bool:
        return True

    def bits(self) -> Bits:
        return self._bits

    def has_module(self, name: str) -> bool:
        return name in self.modules

    def registration(self, bits: Bits) -> Registration | None:
        return self.registered.get(bits)

    def version(self, path: str) -> str:
        return "1.5.0.3"

    def interpreter(self, bits: Bits) -> str:
        return self.interpreters.get(bits, "")

    def holders(self, path: str) -> list[Process]:
        return self.running

    def updaters(self) -> list[Process]:
        return self.updating

    def is_directory(self, path: Path) -> bool:
        return PureWindowsPath(path).name in self.files

    is_file = is_directory

    def environment(self, name: str) -> str:
        return self.variables.get(name, "")

    def now(self) -> datetime:
        return self.time

    def utc_offset(self) -> timedelta:
        return timedelta(hours=9)

    def clock_error(self, server: str) -> float | None:
        return self.ahead

    def names(self) -> list[Name]:
        return self.named

    def try_control(self, interpreter: str) -> str:
        self.tried.append(interpreter)
        return self.problem


def of(findings: list[Finding], name: str) -> Finding:
    return next(f for f in findings if f.name == name)


def states(machine: Machine, clock_server: str = "") -> dict[str, str]:
    return {f.name: f.state for f in examine(machine, clock_server) if f.state != "ok"}


def test_a_complete_machine_has_nothing_to_mend() -> None:
    machine = Desktop()
    findings = examine(machine)
    assert {f.state for f in findings} == {"ok"}
    assert works(findings)
    assert "1.5.0.3" in of(findings, "ocx").says
    assert machine.tried == [sys.executable]


def test_64_bit_python_uses_a_host() -> None:
    machine = Desktop(bits=64)
    findings = examine(machine)
    assert works(findings)
    assert "hosted by C:\\Python311-32\\python.exe" in of(findings, "bitness").says
    assert machine.tried == ["C:\\Python311-32\\python.exe"], "the control is made by the host's interpreter"


def test_64_bit_python_without_a_32_bit_one_is_told_to_install_it() -> None:
    machine = Desktop(bits=64)
    machine.interpreters = {}
    findings = examine(machine)
    assert not works(findings)
    assert "32-bit Python" in of(findings, "bitness").remedy
    assert machine.tried == []


def test_an_unregistered_control_is_missing() -> None:
    machine = Desktop()
    machine.registered = {}
    assert states(machine) == {"ocx": "missing"}
    assert "Open API+" in of(examine(machine), "ocx").remedy


def test_a_registration_without_its_file_is_missing() -> None:
    machine = Desktop()
    machine.files.discard("khopenapi.ocx")
    assert states(machine) == {"ocx": "missing"}


def test_a_missing_qt_binding_is_missing_on_windows_and_a_note_elsewhere() -> None:
    machine = Desktop()
    machine.modules = {"grpc"}
    assert states(machine)["qt"] == "missing"
    machine.on_windows = lambda: False  # type: ignore[method-assign]
    assert states(machine) == {"ocx:": "note", "qt": "note"}


def test_a_control_that_cannot_be_made_says_why() -> None:
    machine = Desktop()
    machine.problem = "ImportError: DLL load failed"
    finding = of(examine(machine), "creation")
    assert finding.state == "missing"
    assert "DLL load failed" in finding.says
    assert "Visual C++" in finding.remedy


@pytest.mark.parametrize(
    ("change", "name", "state"),
    [
        (lambda m: m.files.discard("Autologin.dat"), "automatic login", "note"),
        (lambda m: m.files.discard("data"), "api folder", "warning"),
        (lambda m: m.running.append(Process(1234, "C:\\OpenAPI\\KOAStudioSA.exe")), "other copies", "warning"),
        (lambda m: m.updating.append(Process(1234, "C:\\OpenAPI\\opstarter.exe")), "update", "warning"),
        (lambda m: m.modules.discard("grpc"), "grpc:", "note"),
        (lambda m: m.variables.update(KIWOOM_REAL_ORDERS="1"), "real orders", "warning"),
        (lambda m: setattr(m, "time", datetime(2026, 2, 6, 5, 7)), "maintenance", "warning"),
    ],
)
def test_each_thing_is_noticed_alone(change: object, name: str, state: str) -> None:
    machine = Desktop()
    assert callable(change)
    change(machine)
    assert states(machine) == {name: state}
    assert works(examine(machine))


@pytest.mark.parametrize(
    ("ahead", "state", "words"),
    [
        (5.0, "warning", "5.0 s ahead"),
        (-3.0, "warning", "3.0 s behind"),
        (0.1, "ok", "0.10 s off"),
        (None, "note", "did not answer"),
    ],
)
def test_the_clock_is_compared_where_a_server_is_named(ahead: float | None, state: str, words: str) -> None:
    machine = Desktop()
    machine.ahead = ahead
    finding = of(examine(machine, "time.example"), "clock")
    assert finding.state == state
    assert words in finding.says


def test_secrets_in_the_url_are_masked() -> None:
    machine = Desktop()
    machine.variables["KIWOOM_URL"] = "grpc://there:5959?token=secret"
    finding = of(examine(machine), "default")
    assert "secret" not in finding.says
    assert "grpc://there:5959" in finding.says


@pytest.mark.parametrize(
    ("moment", "inside"),
    [
        (datetime(2026, 2, 6, 5, 5), True),
        (datetime(2026, 2, 6, 5, 10), False),
        (datetime(2026, 2, 6, 6, 52), True),
        (datetime(2026, 2, 8, 4, 10), True),
        (datetime(2026, 2, 8, 6, 52), False),
        (datetime(2026, 2, 6, 9, 0), False),
    ],
)
def test_the_hours_of_maintenance(moment: datetime, inside: bool) -> None:
    assert (maintenance_at(moment) is not None) is inside
    begins, ends = next_maintenance(moment)
    assert (begins <= moment < ends) is inside


def test_saturday_evening_s_next_maintenance_is_on_sunday() -> None:
    begins, ends = next_maintenance(datetime(2026, 2, 7, 20, 0))
    assert (begins, ends) == (datetime(2026, 2, 8, 4, 0), datetime(2026, 2, 8, 4, 30))


# --- real machines ------------------------------------------------------------------------------------------------

_APP = typer.Typer()
_APP.command()(doctor)
_PROGRAM = "import typer; from kiwoom.cli.doctor import doctor; typer.run(doctor)"


@pytest.mark.skipif(sys.platform == "win32", reason="about other systems")
def test_on_this_system_it_says_what_works_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KIWOOM_URL", raising=False)
    result = CliRunner().invoke(_APP, [])
    assert result.exit_code == 0
    words = " ".join(result.stdout.split())
    assert "the OCX runs on Windows only" in words
    assert "kiwoom serve" in words
    assert "sim: on this system" in words
    assert "Nothing is missing." in words


def _in_wine(wine: Path) -> tuple[int, dict[str, dict[str, str]]]:
    done = subprocess.run([wine / "python.sh", "-c", _PROGRAM, "--json"], capture_output=True, timeout=250, check=False)
    report = json.loads(done.stdout.decode())
    return done.returncode, {f["name"]: f for f in report["findings"]}


def test_in_wine_with_the_test_control(wine: Path) -> None:
    code, findings = _in_wine(wine)
    assert code == 0
    assert findings["ocx"]["state"] == "ok"
    assert findings["ocx"]["says"].endswith("khopenapitest.ocx")
    assert findings["creation"]["state"] == "ok"
    assert findings["qt"]["says"] == "PyQt5 with its ActiveX container"
    assert findings["other copies"]["state"] == "ok"
    assert findings["api folder"]["state"] == "warning", "the test control has no TR files, and that is said"


@pytest.fixture
def other_copy(wine: Path) -> Iterator[int]:
    """Another process that has the control loaded; its number inside Wine."""
    program = (
        "import os; from kiwoom.control import open_control; c = open_control('ocx:')\n"
        "print(os.getpid(), flush=True)\nwhile True: c.pump(1.0)"
    )
    with subprocess.Popen(
        [wine / "python.sh", "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.kill()


def test_in_wine_another_copy_is_named(wine: Path, other_copy: int) -> None:
    _, findings = _in_wine(wine)
    assert findings["other copies"]["state"] == "warning"
    assert re.search(rf"python\.exe \({other_copy}\)", findings["other copies"]["says"])


@pytest.fixture
def unregistered(wine: Path) -> Iterator[None]:
    """The test control is taken out of the registry for a while."""
    control = wine / "control" / "khopenapitest.ocx"
    program = "import subprocess, sys; sys.exit(subprocess.call(['regsvr32', '/s', *sys.argv[1:]]))"

    def register(*options: str) -> None:
        path = "Z:" + str(control).replace("/", "\\")
        subprocess.run(
            [wine / "python.sh", "-c", program, *options, path], capture_output=True, timeout=250, check=True
        )

    register("/u")
    yield
    register()


@pytest.mark.usefixtures("unregistered")
def test_in_wine_without_the_test_control(wine: Path) -> None:
    code, findings = _in_wine(wine)
    assert code == 1
    assert findings["ocx"]["state"] == "missing"
    assert "Open API+" in findings["ocx"]["remedy"]
    assert "creation" not in findings
