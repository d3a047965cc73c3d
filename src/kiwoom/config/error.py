"""Return codes in words, under the names that users of the predecessor know."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from kiwoom.errors import CODES, CodeError, msg
from kiwoom.oldnames import look_up as _look_up

__all__ = ["ERR", "catch_error", "msg"]

log = logging.getLogger("kiwoom")

F = TypeVar("F", bound=Callable[..., Any])

ERR: dict[int, tuple[str, str]] = {code: (error.name, error.text) for code, error in CODES.items()}
"""Name and Korean text of every published return code."""


def catch_error(fn: F) -> F:
    """
    Decorate a function that returns a code: report a failure on stderr (or in the program's log).

    For classes made of `API`; `Kiwoom` reports failures by itself.
    """

    @wraps(fn)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        code = fn(*args, **kwargs)
        if isinstance(code, int) and code < 0:
            log.warning("%s", CodeError(code, fn.__name__))
        return code

    return cast(F, wrapper)


def __getattr__(name: str) -> Any:
    return _look_up(__name__, name)
