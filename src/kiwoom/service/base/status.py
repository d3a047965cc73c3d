"""Which gRPC status an error becomes."""

from __future__ import annotations

import re
from dataclasses import dataclass

import grpc

from kiwoom.errors import (
    CodeError,
    ConditionError,
    ControlClosed,
    ControlUnavailable,
    LoginError,
    OrderError,
    OrderLimited,
    OrderRefused,
    RequestError,
    RequestLimited,
    UsageError,
    WaitTimeout,
)

__all__ = ["End", "Status", "details", "error_code_in", "status_of"]

_Code = grpc.StatusCode


@dataclass(frozen=True)
class Status:
    """How a stream or a call ends when it does not end well."""

    code: grpc.StatusCode
    details: str


class End(Exception):
    """Ends an RPC with a status."""

    def __init__(self, code: grpc.StatusCode, details: str) -> None:
        super().__init__(details)
        self.status = Status(code, details)

    @classmethod
    def of(cls, status: Status) -> End:
        """The end with this status."""
        return cls(status.code, status.details)


# The first class that fits decides.
_BY_CLASS: tuple[tuple[type[BaseException], grpc.StatusCode], ...] = (
    (RequestLimited, _Code.RESOURCE_EXHAUSTED),
    (OrderLimited, _Code.RESOURCE_EXHAUSTED),
    (LoginError, _Code.UNAVAILABLE),
    (ConditionError, _Code.FAILED_PRECONDITION),
    (RequestError, _Code.FAILED_PRECONDITION),
    (OrderError, _Code.FAILED_PRECONDITION),
    # After its subclasses.
    (CodeError, _Code.FAILED_PRECONDITION),
    (UsageError, _Code.INVALID_ARGUMENT),
    (OrderRefused, _Code.PERMISSION_DENIED),
    (WaitTimeout, _Code.DEADLINE_EXCEEDED),
    (ControlClosed, _Code.UNAVAILABLE),
    (ControlUnavailable, _Code.UNAVAILABLE),
)

# -201 and -202 say that the request itself is wrong, -300 and -500 that the order is.
_BY_CODE = dict.fromkeys((-201, -202, -204, -206, -300, -500), _Code.INVALID_ARGUMENT) | {
    -203: _Code.NOT_FOUND,
    -302: _Code.PERMISSION_DENIED,
}

# A status travels in the trailers, of which clients accept 8 kB; beyond that they throw the status away. What is not
# ASCII is sent percent-encoded there: a Korean letter takes nine bytes.
_LONGEST = 4000

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_IN_WORDS = re.compile(r"(?<![\d\w])-(\d{2,3})(?!\d)")


def details(text: str) -> str:
    """A text that can stand in a status: printable and not too long."""
    # Cut first: the text may be a hostile one of megabytes.
    text, rest = _UNPRINTABLE.sub("?", text[:_LONGEST]), len(text) > _LONGEST
    size = 0
    for length, letter in enumerate(text):
        size += 1 if " " <= letter <= "~" and letter != "%" else 3 * len(letter.encode())
        if size > _LONGEST:
            return text[:length] + " ..."
    return text + " ..." if rest else text


def status_of(error: BaseException) -> Status:
    """The status of an error that this package raises on purpose; INTERNAL for any other."""
    if isinstance(error, CodeError) and error.code in _BY_CODE:
        return Status(_BY_CODE[error.code], details(str(error)))
    for kind, code in _BY_CLASS:
        if isinstance(error, kind):
            return Status(code, details(str(error)))
    return Status(_Code.INTERNAL, details(f"{type(error).__name__}: {error}"))


def error_code_in(message: str) -> int | None:
    """The return code that a server's message names, as in ``전문 처리 실패(-22)``; None if it names none."""
    from kiwoom.errors import CODES

    for number in _IN_WORDS.findall(message):
        if -int(number) in CODES:
            # The first number that is a code: messages also hold amounts with a minus.
            return -int(number)
    return None
