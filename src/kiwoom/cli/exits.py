"""Exit codes of the command, and how an error becomes one: said in one line on stderr, never a traceback."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import ParamSpec

import typer

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

__all__ = ["BROKER", "INCOMPLETE", "INPUT", "LIMIT", "LINK", "LOGIN", "exit_code", "reported", "reporting"]

P = ParamSpec("P")

INPUT, BROKER, LOGIN, LIMIT, LINK = 1, 2, 3, 4, 5
INCOMPLETE = 7
"""A download that went through with less than asked: codes that failed, or days that the server does not keep."""


def exit_code(error: KiwoomError) -> int:
    """1 wrong input, 2 the broker refused, 3 login, 4 limits, 5 link."""
    if isinstance(error, LoginError):
        return LOGIN
    if isinstance(error, (RequestLimited, OrderLimited)):
        return LIMIT
    if isinstance(error, (ControlUnavailable, ControlClosed, WaitTimeout)):
        return LINK
    if isinstance(error, UsageError):
        return INPUT
    return BROKER if isinstance(error, CodeError) else INPUT


@contextmanager
def reported() -> Iterator[None]:
    """Say an error in one line on stderr and leave with its exit code."""
    try:
        yield
    except KiwoomError as error:
        print(f"error: {error}", file=sys.stderr)
        raise typer.Exit(exit_code(error)) from None


def reporting(command: Callable[P, None]) -> Callable[P, None]:
    """Make a command of a function that raises: its errors are said as `reported` says them."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with reported():
            command(*args, **kwargs)

    return run
