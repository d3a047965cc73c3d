"""
`kiwoom run`: a program written against the OCX, unmodified, on any control.

The program runs in a process of its own, in its own interpreter and environment; the control lives in this one. So the
program may have a package called kiwoom, may die as it likes, and may start further processes: each gets a control of
its own, as each process has its own OCX.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from kiwoom.clock import to_us, wall_now_us
from kiwoom.compat import folder as folders
from kiwoom.compat import hints
from kiwoom.compat.bridge import Bridge
from kiwoom.compat.local import DOCS
from kiwoom.compat.report import Report
from kiwoom.compat.shim.ending import LOST
from kiwoom.control import Control, ControlUrl, default_url, open_control
from kiwoom.errors import KiwoomError, UsageError

__all__ = ["CONTEXT", "Settings", "program_url", "run", "run_program"]

log = logging.getLogger("kiwoom.compat")

CONTEXT = {"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False}
"""Settings of the typer context: everything after the program's name belongs to the program."""

# Two clocks less than this apart count as one: `clock=wall` reads the machine's own.
_SAME_TIME_US = 5_000_000
_PATIENCE_S = 3.0
"""Seconds that a program has for its last words after a signal, and again after the next."""
_QUIET_S = 5.0
"""Seconds after which a program that asks for nothing, with nothing planned, waits in vain."""
# The exit codes of a shell for SIGINT, SIGKILL and SIGTERM.
_BY_SIGNAL = (128 + 2, 128 + 9, 128 + 15)


@dataclass(frozen=True)
class Settings:
    """How a program is run. `python` is the interpreter; `drives` the folder of the drive letters."""

    python: str = sys.executable
    drives: Path | None = None
    until: datetime | None = None
    screenshot: Path | None = None
    environment: dict[str, str] | None = None


def run_program(
    command: Sequence[str],
    opener: Callable[[], Control],
    settings: Settings | None = None,
    report: Report | None = None,
) -> int:
    """
    Run ``[FILE, args...]`` or ``["-m", MODULE, args...]`` and wait for its end; returns its exit code.

    `opener` opens the control, on a thread of this process. A program that a signal ended gives 128 + its number, as
    in a shell. Raises what the opening raises, and UsageError for an interpreter or a file that is not there.
    """
    chosen = settings or Settings()
    report = report or Report()
    interpreter = shutil.which(chosen.python)
    if interpreter is None:
        raise UsageError(f"there is no interpreter {chosen.python!r}")
    if command[0] != "-m" and not Path(command[0]).is_file():
        raise UsageError(f"there is no program {command[0]!r}")
    drives = chosen.drives or folders.default_folder()
    bridge = Bridge(opener, report, lambda: str(folders.prepare(drives)))
    bridge.start()
    try:
        environment = _environment(bridge, chosen, drives)
        with (
            subprocess.Popen([interpreter, *command], env=environment) as program,
            _Signals(program, bridge.failed) as signals,
            _Adviser(bridge),
        ):
            code = program.wait()
    finally:
        bridge.close()
    # The program had SIGUSR1, SIGUSR2 or SIGKILL from this command; the caller sees the signal that it sent itself.
    if signals.heard and (code < 0 or code in _BY_SIGNAL):
        code = 128 + signals.heard
    if signals.heard:
        report.cut_short = True
    if code < 0:
        report.note("ended", f"the program was ended by {_signal_name(-code)}{_why(code)}")
        return 128 - code
    if code == 0 and signals.control_ended:
        return LOST
    return code


class _Signals:
    """
    Hands the signals of the command on to the program while it runs, so that the report still comes.

    Ctrl-C on a terminal reaches the program by itself, `kill` reaches the command alone: the command passes on a signal
    of another number, which the program disregards if it has had the first. A program that does not end is killed.
    """

    def __init__(self, program: subprocess.Popen[bytes], failed: threading.Event) -> None:
        self._program = program
        self._failed = failed
        self._over = threading.Event()
        self._before: dict[int, Any] = {}
        self.heard = 0
        self.control_ended = False

    def __enter__(self) -> _Signals:
        threading.Thread(target=self._end_without_control, name="kiwoom-end", daemon=True).start()
        # Python lets only the main thread set handlers; a caller on another one looks after signals itself.
        if threading.current_thread() is threading.main_thread():
            for name in ("SIGINT", "SIGTERM", "SIGHUP"):
                number = getattr(signal, name, None)
                # `nohup` and background jobs of a shell begin with signals ignored: the program keeps it so.
                if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self.control_ended = self._failed.is_set()
        self._failed.set()  # wakes the thread that waits for it, which sees that all is over
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, frame: Any) -> None:
        if self.heard:
            # A second signal: its sender does not wait for last words.
            self._program.kill()
            return
        self.heard = number
        if os.name != "nt":
            with contextlib.suppress(OSError):
                self._program.send_signal(signal.SIGUSR1 if number == signal.SIGINT else signal.SIGUSR2)
        # On Windows Ctrl-C reaches every process of the console by itself.
        elif number != signal.SIGINT:
            self._program.terminate()
        threading.Thread(target=self._insist, name="kiwoom-insist", daemon=True).start()

    def _end_without_control(self) -> None:
        """A program whose control has ended ends by itself; one that does not is killed."""
        self._failed.wait()
        if not self._over.is_set():
            self._insist()

    def _insist(self) -> None:
        for end in (self._program.terminate, self._program.kill):
            if self._over.wait(_PATIENCE_S):
                return
            with contextlib.suppress(OSError):
                end()


class _Adviser:
    """Says on stderr, once, that the program waits for something that cannot come, and what to do."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._over = threading.Event()

    def __enter__(self) -> _Adviser:
        threading.Thread(target=self._look, name="kiwoom-advice", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def _look(self) -> None:
        report = self._bridge.report
        while not self._over.wait(1.0):
            # Twice the time: a program that was refused may be sleeping before it asks again, as it should.
            refused = report.refused_at and time.monotonic() - report.refused_at > 2 * _QUIET_S
            if self._bridge.quiet_s() < _QUIET_S and not refused:
                continue
            lines = hints.while_waiting(report)
            if lines:
                typer.echo("\n".join(f"kiwoom run: {line}" for line in lines), err=True)
                return


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _why(code: int) -> str:
    # SIGABRT, from qFatal.
    if code == -6:
        return ": PyQt5 aborts a program when an exception leaves one of its slots; so it does on Windows"
    return ""


def _environment(bridge: Bridge, settings: Settings, drives: Path) -> dict[str, str]:
    """The environment of the program: ours, the hook first on its path, and where to find the control."""
    environment = {**os.environ, **(settings.environment or {})}
    here = Path(__file__).resolve()
    path = [entry for entry in environment.get("PYTHONPATH", "").split(os.pathsep) if entry]
    if settings.python != sys.executable:
        # This package must not come before one of the same name in the program's own environment.
        path = [entry for entry in path if Path(entry).resolve() != here.parents[2]]
    environment["PYTHONPATH"] = os.pathsep.join([str(here.parent / "shim" / "site_hook"), *path])
    if not sys.platform.startswith(("win", "darwin")) and not (
        environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    ):
        # Without a display Qt's usual plug-in aborts the process. A plug-in that the user chose stays.
        environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    if sys.platform.startswith("linux") and not environment.get("XDG_RUNTIME_DIR"):
        environment["XDG_RUNTIME_DIR"] = _runtime_folder()  # without it Qt warns at every start
    clock = bridge.clock
    follows = bridge.simulated and (
        # A simulated clock at real pace and at today's time is the machine's own: nothing has to follow it.
        clock.virtual or clock.real_seconds(1_000_000) != 1.0 or abs(clock.now_us() - wall_now_us()) > _SAME_TIME_US
    )
    environment["KIWOOM_COMPAT"] = json.dumps(
        {
            "host": "127.0.0.1",
            "port": bridge.port,
            # A process whose parent this is hears the signals; those that the program starts have another parent.
            "command": os.getpid(),
            "token": bridge.token,
            "docs": DOCS,
            "time": follows,
            "drives": None if os.name == "nt" else str(drives),  # Windows has drives of its own
            "until_us": to_us(settings.until) if settings.until else None,
            "screenshot": str(settings.screenshot.resolve()) if settings.screenshot else None,
        }
    )
    return environment


def _runtime_folder() -> str:
    folder = Path(tempfile.gettempdir()) / f"runtime-{os.getuid()}"
    with contextlib.suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
    return str(folder)


def program_url(url: str | None, speed: float | None, clock: str | None, at: str | None) -> ControlUrl:
    """
    The control's URL with the options of the command line in it.

    Raises UsageError for options that only a simulated clock has on the URL of another control.
    """
    parsed = ControlUrl.parse(url or default_url())
    options = dict(parsed.options)
    for name, value in (("speed", None if speed is None else f"{speed:g}"), ("clock", clock), ("at", at)):
        if value is None:
            continue
        if parsed.scheme != "sim":
            raise UsageError(f"--{name} needs a simulated clock; {parsed} has the time of its market")
        options[name] = value
    return replace(parsed, options=options)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--until {text!r} is not a time like '2026-02-06 15:40'") from None


def run(
    context: typer.Context,
    program: Annotated[str | None, typer.Argument(metavar="FILE", help="The program; its arguments follow.")] = None,
    module: Annotated[str | None, typer.Option("-m", help="Run a module instead of a file.")] = None,
    url: Annotated[str | None, typer.Option(help="The control: sim:, grpc://host:port, …")] = None,
    speed: Annotated[float | None, typer.Option(help="Simulated seconds in a real one.")] = None,
    clock: Annotated[str | None, typer.Option(help="real, virtual (jumps while the program waits) or wall.")] = None,
    at: Annotated[str | None, typer.Option(help="When the simulated session starts: '2026-02-06 08:50'.")] = None,
    until: Annotated[str | None, typer.Option(help="Simulated time at which windows close and the loop ends.")] = None,
    report: Annotated[bool, typer.Option("--report", help="Say at the end what the program did.")] = False,
    report_file: Annotated[Path | None, typer.Option(help="Write the report there, as JSON.")] = None,
    python: Annotated[str, typer.Option(help="The program's interpreter, with its own environment.")] = sys.executable,
    drives: Annotated[Path | None, typer.Option(help="The folder below which drive letters lie.")] = None,
    screenshot: Annotated[Path | None, typer.Option(help="Write a picture of the windows there at the end.")] = None,
) -> None:
    """
    Run a program written for the OCX (QAxWidget) unmodified: ``kiwoom run bot.py``, ``kiwoom run -m package``.

    Time of the program (QTimer, QTest.qWait, time.sleep, datetime.now) follows a simulated clock. Exit code: the
    program's; 2 if it could not be started.
    """
    arguments = list(context.args)
    if module is not None:
        command = ["-m", module, *([program] if program else []), *arguments]
    elif program is not None:
        command = [program, *arguments]
    else:
        raise typer.BadParameter("name a program: kiwoom run FILE, or kiwoom run -m MODULE")
    if report_file is not None:
        report_file.touch()  # a report that cannot be written is said before the program runs, not after it
    counted = Report()
    try:
        control_url = program_url(url, speed, clock, at)
        settings = Settings(python, drives, _moment(until), screenshot)
        code = run_program(command, lambda: open_control(control_url), settings, counted)
    except KiwoomError as error:
        typer.echo(f"kiwoom run: {error}", err=True)
        raise typer.Exit(2) from None
    if report:
        typer.echo("\n".join(counted.lines()), err=True)
    if report_file is not None:
        try:
            report_file.write_text(json.dumps(counted.as_dict(), ensure_ascii=False, indent=1), encoding="utf-8")
        except OSError as error:
            typer.echo(f"kiwoom run: the report could not be written: {error}", err=True)
    for line in hints.after(counted, code, settings.until):
        typer.echo(f"kiwoom run: {line}", err=True)
    raise typer.Exit(code)
