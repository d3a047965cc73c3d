"""What the session needs from a control, wherever the control is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

__all__ = ["READERS", "Backend", "Contract", "Refused", "Replacement", "Spelling", "named", "plain"]

READERS = frozenset(
    {"SetInputValue", "GetCommData", "CommGetData", "GetCommDataEx", "GetCommRealData", "GetChejanData", "GetRepeatCnt"}
)
"""
Functions that read data already received, called by the thousand: none makes an event due earlier.

Of every other function the answer says when the next event is due. A name tells nothing: `GetConditionLoad` has an
event.
"""


class Contract:
    """
    Functions and events of the control, as plain data that fits through a socket.

    `functions[name]` is ``(((argument, kind), ...), returns)``, `events[name]` is ``((argument, kind), ...)``; a kind
    is "str" or "long", `returns` also "void" or "variant".
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self.data = data
        self.functions: dict[str, tuple[Any, str]] = {name: (a, r) for name, (a, r) in data["functions"].items()}
        self.events: dict[str, Any] = dict(data["events"])
        self.control: str = data["control"]
        self.clsid: str = data["clsid"]
        self.lower: dict[str, str] = {name.lower(): name for name in self.functions}


class Refused(Exception):
    """A call that the control does not take: `kind` is "unknown", "arguments" or "failed"."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class Spelling(NamedTuple):
    """What a `dynamicCall` string means: the function, and the types with which no conversion is needed."""

    name: str
    kinds: tuple[type, ...]


class Backend:
    """
    A control as the session sees it. The thread that opened it owns it.

    `emit(event, arguments)` is called by `pump`, once for each event delivered.
    """

    contract: Contract
    emit: Callable[[str, tuple[Any, ...]], None]

    def open(self) -> None:
        """Open the control; calling it again does nothing. Raises whatever the control's opening raises."""
        raise NotImplementedError

    def call(self, name: str, *arguments: Any) -> Any:
        """Call a function with arguments that fit the contract. Raises Refused."""
        raise NotImplementedError

    failures: tuple[type[BaseException], ...] = (Refused,)
    """What `direct` raises for calls that the control does not take."""

    def direct(self, name: str) -> Callable[..., Any]:
        """The shortest way to a function, for arguments that fit. Raises `failures`."""
        return lambda *arguments: self.call(name, *arguments)

    def refusal(self, error: BaseException) -> Refused:
        """One of `failures` as a Refused."""
        return error if isinstance(error, Refused) else Refused("failed", str(error))

    def dynamic(self, spec: str, arguments: tuple[Any, ...]) -> tuple[str, tuple[Any, ...], Any]:
        """Carry out a `dynamicCall`: the function it meant, the converted arguments, the result. Raises Refused."""
        raise NotImplementedError

    def spelling(self, spec: str) -> Spelling | None:
        """What a string means, or None if that can only be said with its arguments. Raises Refused if unknown."""
        raise NotImplementedError

    def pump(self, timeout_s: float) -> int:
        """Deliver what is due, waiting at most `timeout_s` of the control's time for the first event."""
        raise NotImplementedError

    def next_due(self) -> float | None:
        """Real seconds until something is due; None if nothing is scheduled."""
        raise NotImplementedError

    def on_wake(self, waker: Callable[[], None]) -> None:
        """Have `waker` called, on any thread, when there may be something to pump."""
        raise NotImplementedError

    def note(self, kind: str, text: str) -> None:
        """Tell the log and the report what the layer answered, or what it does not support."""
        raise NotImplementedError

    def now_us(self) -> int:
        """The control's time: microseconds since 1970-01-01 00:00 KST."""
        raise NotImplementedError

    def advance_to(self, us: int) -> None:
        """Move a virtual clock forward."""
        raise NotImplementedError

    @property
    def virtual(self) -> bool:
        """Whether the control's time stands still until the program waits."""
        raise NotImplementedError

    @property
    def speed(self) -> float:
        """How many of the control's seconds pass in a real one."""
        raise NotImplementedError

    @property
    def simulated(self) -> bool:
        """Whether the control's time is a simulated one, which the program's clock should follow."""
        raise NotImplementedError

    def folder(self) -> str:
        """The folder below which drive letters are mapped, with a `C/OpenAPI` that holds the control's files."""
        raise NotImplementedError

    def close(self) -> None:
        """Close the control."""
        raise NotImplementedError


class Replacement:
    """
    A Python function that replaces one written in C.

    A function of Python kept in a class becomes a method, one of C does not (`logging` keeps `time.localtime` so).
    """

    def __init__(self, function: Callable[..., Any], name: str = "", doc: str | None = None) -> None:
        self._function = function
        self.__name__ = self.__qualname__ = name or getattr(function, "__name__", "function")
        self.__doc__ = doc or function.__doc__

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._function(*arguments, **named)


def plain(value: Any) -> Any:
    """A value without Qt and numpy: text, bool, number, None, or a list of these."""
    if value is None or type(value) in (str, int, float, bool):
        return value
    if isinstance(value, (list, tuple)):
        return [plain(v) for v in value]
    # A subclass, like numpy's `str_`.
    if isinstance(value, str):
        return str(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "replace")
    # By name: importing a binding to ask for its classes would load Qt into programs that have none.
    name = type(value).__name__
    if name == "QVariant":
        return plain(value.value())
    if name == "QByteArray":
        return bytes(value).decode("utf-8", "replace")
    # Whole numbers first: numpy's integers have both methods.
    for convert in ("__index__", "__float__"):
        method = getattr(value, convert, None)
        if method is not None:
            return method()
    return str(value)


def named(arguments: list[Any]) -> str:
    """Arguments as text for a message, shortened."""
    text = ", ".join(repr(a) for a in arguments)
    return text if len(text) < 120 else text[:117] + "..."
