"""
`kiwoom doctor`: what this machine has and lacks for the controls, each with its remedy.

`examine` collects findings from a `Machine`, which asks the real one; tests give it another.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

import typer

from kiwoom.clock import from_us, wall_now_us
from kiwoom.control.ocx.windows import processes, registration
from kiwoom.control.ocx.windows.hours import WINDOWS, maintenance_at, next_maintenance
from kiwoom.control.ocx.windows.registration import Bits
from kiwoom.control.url import ControlUrl
from kiwoom.installing import pip_install
from kiwoom_openapi_plus import Name, look

__all__ = ["Finding", "Machine", "doctor", "examine", "works"]

State = Literal["ok", "note", "warning", "missing"]

_MARKS: dict[State, str] = {"ok": "[green]ok[/]", "note": "[cyan]note[/]", "warning": "[yellow]warning[/]",
                            "missing": "[red]missing[/]"}  # fmt: skip
# A control that opens a window of its own waits for a click for ever.
_TRY_TIMEOUT_S = 60.0
# A firewall that drops port 123 lets no refusal through either.
_CLOCK_TIMEOUT_S = 2.0
_CLOCK_OFF_S = 2.0
"""More than this and a program that waits for 09:00:00 misses it."""
_INSTALL_OCX = (
    "install Open API+ from Kiwoom's web site (트레이딩 > Open API+ > 키움 Open API+ 모듈 다운로드), then log in once "
    "with KOA Studio or the control, so that it brings itself up to date"
)


@dataclass(frozen=True)
class Finding:
    """One result of the examination: its name, its state, the facts, and the remedy if it needs one."""

    name: str
    state: State
    says: str
    remedy: str = ""


class Machine:
    """What the doctor asks about the machine. Every answer is a method, so that a test can give another."""

    def on_windows(self) -> bool:
        """Whether this is Windows (or Wine)."""
        return registration.ON_WINDOWS

    def system(self) -> str:
        """Name and version of the operating system."""
        return f"{platform.system()} {platform.release()} {platform.machine()}".strip()

    def python(self) -> str:
        """Version, bitness and path of this interpreter."""
        return f"{platform.python_version()}, {struct.calcsize('P') * 8}-bit, {sys.executable}"

    def bits(self) -> Bits:
        """Bitness of this interpreter."""
        return registration.own_bits()

    def has_module(self, name: str) -> bool:
        """Whether a package can be imported, without importing it."""
        try:
            return importlib.util.find_spec(name) is not None
        # `find_spec` of a submodule imports the package above it.
        except ModuleNotFoundError:
            return False

    def registration(self, bits: Bits) -> registration.Registration | None:
        """The control's registration for a bitness."""
        return registration.registration(bits)

    def version(self, path: str) -> str:
        """File version of the control."""
        return registration.file_version(path)

    def interpreter(self, bits: Bits) -> str:
        """Path of an interpreter of a bitness."""
        return registration.find_interpreter(bits)

    def holders(self, path: str) -> list[processes.Process]:
        """Other processes with the control loaded."""
        return processes.holders(path)

    def updaters(self) -> list[processes.Process]:
        """Kiwoom's updater, where it runs."""
        return [p for p in processes.processes() if p.name.lower() in processes.UPDATERS]

    def is_directory(self, path: Path) -> bool:
        """Whether a folder is there."""
        return path.is_dir()

    def is_file(self, path: Path) -> bool:
        """Whether a file is there."""
        return path.is_file()

    def environment(self, name: str) -> str:
        """An environment variable, "" if it is not set."""
        return os.environ.get(name, "")

    def now(self) -> datetime:
        """The machine's clock as KST."""
        return from_us(wall_now_us())

    def utc_offset(self) -> timedelta:
        """Local time minus UTC."""
        return datetime.now().astimezone().utcoffset() or timedelta()

    def clock_error(self, server: str) -> float | None:
        """Seconds by which this clock is ahead of a time server (SNTP); None if it does not answer."""
        # RFC 4330: leap indicator 0, version 3, mode 3 (client); the rest of a request may be zeros.
        request = b"\x1b" + 47 * b"\0"
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
                link.settimeout(_CLOCK_TIMEOUT_S)
                sent = time.time()
                link.sendto(request, (server, 123))
                answer = link.recv(64)
                back = time.time()
        except OSError:
            return None
        if len(answer) < 48:
            return None
        # Bytes 40 to 47 are the time at which the server sent its answer: seconds since 1900, and 2**-32 of one.
        seconds, fraction = struct.unpack("!II", answer[40:48])
        # 2,208,988,800 s lie between 1900 and 1970.
        server_time = float(seconds - 2_208_988_800) + float(fraction) / 2**32
        # The way there and the way back count as equally long.
        return (sent + back) / 2 - server_time

    def names(self) -> list[Name]:
        """What the name `kiwoom` leads to, as a package and as a command."""
        return look()

    def try_control(self, interpreter: str) -> str:
        """Make the control in a process of its own and close it: "" if that worked, else the last line it said."""
        # `process=here`: the control itself, without a host process around it.
        program = "from kiwoom.control import open_control; open_control('ocx:?process=here').close()"
        try:
            done = subprocess.run(
                [interpreter, "-c", program],
                # A question on the terminal would not be seen.
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TRY_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return f"it did not end within {_TRY_TIMEOUT_S:.0f} s: a window of its own may be open"
        except OSError as error:
            return str(error)
        lines = (done.stderr + done.stdout).decode("utf-8", "replace").strip().splitlines()
        # The last line of a traceback names the error.
        return "" if done.returncode == 0 else (lines[-1] if lines else f"it ended with code {done.returncode}")


def examine(machine: Machine, clock_server: str = "") -> list[Finding]:
    """Look at everything, in the order in which a reader wants to know it. `clock_server` "" asks no time server."""
    return [*_findings(machine, clock_server)]


def works(findings: list[Finding]) -> bool:
    """Whether the control that this machine uses by default can be opened: nothing is missing."""
    return all(finding.state != "missing" for finding in findings)


def _findings(machine: Machine, clock_server: str) -> Iterator[Finding]:
    yield Finding("system", "ok", machine.system())
    yield Finding("python", "ok", machine.python())
    yield from (Finding(*name) for name in machine.names())
    yield _url(machine)
    yield Finding("sim:", "ok", "the embedded simulator works everywhere")
    yield _service(machine)
    if machine.on_windows():
        yield from _ocx(machine)
    else:
        yield Finding(
            "ocx:",
            "note",
            "the OCX runs on Windows only",
            "run `kiwoom serve` on a Windows machine with the OCX and connect to it: grpc://host:port",
        )
        yield _qt(machine, required=False)
    yield from _time(machine, clock_server)


def _url(machine: Machine) -> Finding:
    url = machine.environment("KIWOOM_URL")
    if url:
        return Finding("default", "ok", f"KIWOOM_URL names {ControlUrl.parse(url)}")
    return Finding("default", "ok", "ocx: on this system" if machine.on_windows() else "sim: on this system")


def _service(machine: Machine) -> Finding:
    if machine.has_module("grpc"):
        return Finding("grpc:", "ok", "the gRPC service and its client can be used")
    return Finding("grpc:", "note", "grpcio is not installed", pip_install("service"))


def _qt(machine: Machine, required: bool) -> Finding:
    names = ("PyQt5", "PySide2", "PyQt6", "PySide6")
    if machine.on_windows():
        containers = (("PyQt5", "QAx"), ("PySide2", "QtAx"), ("PyQt6", "QAx"), ("PySide6", "QtAx"))
        with_container = [n for n, prefix in containers if machine.has_module(f"{n}.{prefix}Container")]
        if with_container:
            return Finding("qt", "ok", f"{with_container[0]} with its ActiveX container")
    found = [n for n in names if machine.has_module(n)]
    # Elsewhere no binding has a container, and none is needed.
    if found and not required:
        return Finding("qt", "ok", f"{', '.join(found)}: windows of your own work")
    return Finding(
        "qt",
        "missing" if required else "note",
        "no Qt binding with an ActiveX container" if required else "no Qt binding: programs without windows need none",
        pip_install("qt"),
    )


def _ocx(machine: Machine) -> Iterator[Finding]:
    bits = machine.bits()
    here, wanted = machine.registration(bits), machine.registration(32)
    # Kiwoom's control is 32-bit; a 64-bit interpreter asks for one of its own first, then looks for a host.
    found = here or wanted
    if found is None:
        yield Finding("ocx", "missing", "the control is not registered", _INSTALL_OCX)
        yield _qt(machine, required=bits == 32)
        yield _interpreter(machine)
        return
    interpreter = sys.executable
    if here is None:
        finding = _interpreter(machine)
        yield finding
        interpreter = "" if finding.state == "missing" else machine.interpreter(32)
    else:
        yield Finding("bitness", "ok", f"this {bits}-bit Python loads the {here.bits}-bit control itself")
        yield _qt(machine, required=True)
    if not machine.is_file(Path(found.path)):
        yield Finding("ocx", "missing", f"registered as {found.path}, and there is no such file", _INSTALL_OCX)
        return
    version = machine.version(found.path)
    yield Finding("ocx", "ok", f"{found.bits}-bit, {found.path}" + (f", version {version}" if version else ""))
    if interpreter:
        problem = machine.try_control(interpreter)
        if problem:
            yield Finding(
                "creation",
                "missing",
                f"the control could not be made: {problem}",
                f"packages: {interpreter} -m {pip_install('qt,service', elsewhere=interpreter != sys.executable)}; "
                "libraries: Microsoft "
                "Visual C++ 2010 SP1 Redistributable (x86); a waiting update: close every program that uses the "
                "control and log in with KOA Studio once",
            )
        else:
            yield Finding("creation", "ok", "the control was made and closed in a process of its own")
    yield from _installation(machine, found)


def _interpreter(machine: Machine) -> Finding:
    if machine.bits() == 32:
        return Finding("bitness", "ok", "this Python is 32-bit, as the control")
    path = machine.interpreter(32)
    if path:
        return Finding("bitness", "ok", f"this Python is 64-bit; the control is hosted by {path}")
    return Finding(
        "bitness",
        "missing",
        "this Python is 64-bit, the control is 32-bit, and no 32-bit Python was found to host it",
        "install a 32-bit Python 3.10 or later from python.org beside this one, and in it: "
        f"{pip_install('qt,service', elsewhere=True)}; it is found by the py launcher, or named by KIWOOM_HOST_PYTHON",
    )


def _installation(machine: Machine, found: registration.Registration) -> Iterator[Finding]:
    folder = Path(found.path).parent
    if machine.is_directory(folder / "data") and machine.is_directory(folder / "system"):
        yield Finding("api folder", "ok", str(folder))
    else:
        yield Finding(
            "api folder",
            "warning",
            f"{folder} has no data and system folders: TRs cannot be composed without them",
            _INSTALL_OCX,
        )
    if machine.is_file(folder / "system" / "Autologin.dat"):
        yield Finding("automatic login", "ok", "set up; while it is, versions are not checked at login")
    else:
        yield Finding(
            "automatic login",
            "note",
            "not set up: the login window asks each time",
            "register the account password in the account window (계좌비밀번호 저장) with AUTO ticked, or let "
            "`kiwoom login` fill the window from the keyring",
        )
    # The updater replaces the control's file, which Windows keeps from it while a process has it loaded.
    others = machine.holders(found.path)
    if others:
        names = ", ".join(f"{p.name} ({p.pid})" for p in others)
        yield Finding(
            "other copies",
            "warning",
            f"the control is loaded by {names}",
            "a second login of the same id ends the first; an update needs all of them closed",
        )
    else:
        yield Finding("other copies", "ok", "no other process has the control loaded")
    updaters = machine.updaters()
    if updaters:
        names = ", ".join(f"{p.name} ({p.pid})" for p in updaters)
        yield Finding("update", "warning", f"Kiwoom's updater runs: {names}", "let it end before you log in")
    if machine.environment("KIWOOM_REAL_ORDERS") == "1":
        yield Finding("real orders", "warning", "KIWOOM_REAL_ORDERS=1: orders go to the real server", "")
    else:
        yield Finding("real orders", "ok", "refused on the real server unless ocx:?orders=real says otherwise")


def _time(machine: Machine, clock_server: str) -> Iterator[Finding]:
    now = machine.now()
    error = machine.clock_error(clock_server) if clock_server else None
    if clock_server and error is None:
        yield Finding("clock", "note", f"{now:%Y-%m-%d %H:%M:%S} KST; {clock_server} did not answer")
    elif error is not None and abs(error) > _CLOCK_OFF_S:
        yield Finding(
            "clock",
            "warning",
            f"{abs(error):.1f} s {'ahead of' if error > 0 else 'behind'} {clock_server}",
            "set the clock: on Windows `w32tm /resync`, elsewhere your NTP service",
        )
    else:
        measured = f", {abs(error):.2f} s off {clock_server}" if error is not None else ""
        yield Finding("clock", "ok", f"{now:%Y-%m-%d %H:%M:%S} KST{measured}")
    # Korea has no summer time.
    if machine.utc_offset() != timedelta(hours=9):
        yield Finding(
            "time zone",
            "note",
            f"local time is {_offset(machine.utc_offset())}, not Korea's: this package counts in KST all the same",
            "programs that read the local clock themselves see another time",
        )
    window = maintenance_at(now)
    if window:
        yield Finding("maintenance", "warning", f"the server is down now ({window})", "log in after it")
    else:
        begins, ends = next_maintenance(now)
        hours = ", ".join(str(w) for w in WINDOWS)
        yield Finding("maintenance", "ok", f"next {begins:%a %H:%M}-{ends:%H:%M} KST (known hours: {hours})")


def _offset(offset: timedelta) -> str:
    minutes = int(offset.total_seconds() // 60)
    return f"UTC{'+' if minutes >= 0 else '-'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
    clock_server: Annotated[
        str, typer.Option(help="Compare the clock with this time server, for example time.windows.com.")
    ] = "",
) -> None:
    """Say what this machine has and lacks for the OCX and the other controls, each with its remedy."""
    findings = examine(Machine(), clock_server)
    if as_json:
        print(json.dumps({"ok": works(findings), "findings": [asdict(f) for f in findings]}, ensure_ascii=False))
    else:
        _show(findings)
    if not works(findings):
        raise typer.Exit(1)


def _show(findings: list[Finding]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        says = Text(finding.says)
        if finding.remedy:
            says.append(f"\n→ {finding.remedy}", style="bold" if finding.state == "missing" else "dim")
        table.add_row(finding.name, Text.from_markup(_MARKS[finding.state]), says)
    console = Console()
    console.print(table)
    missing = [f.name for f in findings if f.state == "missing"]
    console.print(f"Missing: {', '.join(missing)}." if missing else "Nothing is missing.")
