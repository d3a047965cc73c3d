"""Exit codes of the command, and how an error becomes one: said once, in one line on stderr or in the JSON envelope."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import typer
from typer.core import TyperGroup

from kiwoom.cli.tables import dumped
from kiwoom.errors import (
    CodeError,
    ControlClosed,
    ControlUnavailable,
    KiwoomError,
    LoginError,
    OrderLimited,
    RequestLimited,
    UsageError,
    WaitTimeout,
)

__all__ = ["EXITS", "INCOMPLETE", "INPUT", "Command", "Exit", "ServerRefused", "exit_of"]

# Newer releases of typer bundle click, older ones import it: either way these are the bases of its own exception.
_BadUsage: type[Exception] = typer.BadParameter.__bases__[0]
_ClickError: type[Exception] = _BadUsage.__bases__[0]

_CONNECTION_CODES = (-100, -101, -106)
"""Codes that say, of a call after the login, that the line is cut."""


@dataclass(frozen=True)
class Exit:
    """An exit code: when it is given, and whether the same command may succeed later."""

    code: int
    name: str
    meaning: str
    retryable: bool = False


OK = Exit(0, "OK", "The command succeeded. A reader that closes its end (`| head`) is no error.")
INPUT = Exit(1, "INPUT", "The command line, a name or a value does not fit, or a file cannot be read or written.")
BROKER = Exit(2, "BROKER", "The server refused the request, or knows nothing under the inputs.")
LOGIN = Exit(3, "LOGIN", "The login failed.")
LIMIT = Exit(4, "LIMIT", "A request limit was exceeded.", retryable=True)
LINK = Exit(5, "LINK", "There is no control, the line was cut, or no answer came.", retryable=True)
INCOMPLETE = Exit(
    7, "INCOMPLETE", "A download got less than asked: codes that failed, or days that the server does not keep."
)
# 128 + SIGINT, as shells give it.
INTERRUPTED = Exit(130, "INTERRUPTED", "Ctrl-C ended the command.", retryable=True)

EXITS: tuple[Exit, ...] = (OK, INPUT, BROKER, LOGIN, LIMIT, LINK, INCOMPLETE, INTERRUPTED)
"""Every exit code of the command. `kiwoom run` gives the program's own code instead."""


class ServerRefused(KiwoomError):
    """The server answered a request with a message of refusal; `code` is the text in its brackets (RC4024)."""

    def __init__(self, text: str, meta: Mapping[str, object]) -> None:
        self.code = text[1 : text.index("]")] if text.startswith("[") and "]" in text else ""
        self.meta = meta
        super().__init__(text)


_FAMILIES: tuple[tuple[tuple[type[BaseException], ...], Exit], ...] = (
    # First: these are CodeErrors, which the family of BROKER would take.
    ((RequestLimited, OrderLimited), LIMIT),
    ((LoginError,), LOGIN),
    ((ControlUnavailable, ControlClosed, WaitTimeout), LINK),
    ((ServerRefused, CodeError), BROKER),
    ((UsageError, KiwoomError, OSError, UnicodeError, _ClickError), INPUT),
    ((KeyboardInterrupt, typer.Abort), INTERRUPTED),
)
"""Which errors give which exit; the first family that fits counts. OSError is about files."""


def exit_of(error: BaseException) -> Exit | None:
    """The exit that an error gives, None for a fault of this package, which is to show its traceback."""
    if isinstance(error, CodeError) and error.call not in ("", "login") and error.code in _CONNECTION_CODES:
        return LINK
    return next((exit for family, exit in _FAMILIES if isinstance(error, family)), None)


class Command(TyperGroup):
    """The command as a whole: ends with the exit code of `EXITS`, and reports an error once."""

    def main(self, args: Sequence[str] | None = None, *rest: Any, **options: Any) -> Any:
        """Run the command with these words, or the process's, and leave the process."""
        words = [_decoded(word) for word in (sys.argv[1:] if args is None else args)]
        # click would print errors in a form of its own and leave the process.
        options["standalone_mode"] = False
        sys.exit(_ended(words, lambda: super(Command, self).main(words, *rest, **options)))


def _ended(words: Sequence[str], command: Callable[[], object]) -> int:
    try:
        code = command()
        sys.stdout.flush()
        # Without words typer shows the help, and releases differ in how they end then.
        return INPUT.code if not words else code if isinstance(code, int) else OK.code
    except BrokenPipeError:
        return _reader_gone()
    except BaseException as error:
        if isinstance(error, SystemExit) and isinstance(error.__context__, BrokenPipeError):
            return _reader_gone()  # click makes exit code 1 of it
        exit = exit_of(error)
        if exit is None:
            raise
        if words:  # without any, typer has shown the help
            try:
                _report(error, exit, words)
                sys.stdout.flush()
            except OSError:  # stdout takes nothing more (a full disk), not even the envelope
                _give_up_stdout()
                print(f"error: {_words_of(error)}", file=sys.stderr)
        return exit.code


def _reader_gone() -> int:
    _give_up_stdout()
    return OK.code


def _give_up_stdout() -> None:
    # The rest of the buffer goes to the null device: flushing it at exit would raise once more.
    sys.stdout = sys.__stdout__
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _report(error: BaseException, exit: Exit, words: Sequence[str]) -> None:
    text = _words_of(error)
    if _wants_json(words):
        envelope: dict[str, object] = {
            "ok": False,
            "error": {
                "code": getattr(error, "code", None) or None,
                "name": error.error.name if isinstance(error, CodeError) else type(error).__name__,
                "message": text,
                "exit": exit.code,
                "retryable": exit.retryable,
            },
            "meta": dict(getattr(error, "meta", {})),
        }
        sys.stdout.write(dumped(envelope) + "\n")
    else:
        print(text if exit is INTERRUPTED else f"error: {text}", file=sys.stderr)


def _words_of(error: BaseException) -> str:
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        return "interrupted"
    # Some errors of this package are OSErrors too, and have words of their own.
    if isinstance(error, OSError) and not isinstance(error, KiwoomError) and error.strerror:
        where = ": ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
        return f"{where}: {error.strerror}" if where else error.strerror
    if isinstance(error, _ClickError):
        context = getattr(error, "ctx", None)
        hint = f"; {context.command_path} --help shows what it takes" if context is not None else ""
        shown = str(error.format_message()).strip()  # type: ignore[attr-defined]  # click's, whichever it is
        return f"{shown.rstrip('.')}{hint}"
    return str(error)


def _wants_json(words: Sequence[str]) -> bool:
    """Whether these words ask for JSON; they are looked at even where they could not be understood."""
    # After `run` most words are the program's.
    return words[0] != "run" and any(
        (word in ("-f", "--format") and value == "json") or word in ("--format=json", "-fjson", "-f=json", "--json")
        for word, value in pairwise([*words, ""])
    )


def _decoded(word: str) -> str:
    """A word of the command line whose bytes Python could not read in the locale's encoding (LC_ALL=C): UTF-8."""
    try:
        return os.fsencode(word).decode("utf-8") if any("\udc80" <= letter <= "\udcff" for letter in word) else word
    except UnicodeError:
        return word
