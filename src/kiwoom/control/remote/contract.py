"""The contract between a remote control and its link: a new wire implements `Link`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from kiwoom.clock import Clock
from kiwoom.control.base import Mode
from kiwoom.control.contract import Value
from kiwoom.control.desired import Call
from kiwoom.control.eventdata import NO_DATA, EventData
from kiwoom.control.queued import WithData
from kiwoom.control.url import ControlUrl

__all__ = ["Arrived", "Link", "Owner"]


class Arrived(WithData):
    """
    An event that came over the wire.

    With `data` None the data stays at the other end until `handled` is called.
    """

    __slots__ = ("away", "handled")

    def __init__(
        self,
        event: str,
        arguments: tuple[str | int, ...],
        data: EventData | None,
        handled: Callable[[], None] | None = None,
    ) -> None:
        # Never without data: the getters then answer as for an event that carries none.
        super().__init__(event, arguments, data or NO_DATA)
        self.away = data is None
        """Whether the data is still at the other end."""
        self.handled = handled


class Link(Protocol):
    """A way to talk to a service: kiwoom.v1, or KOAPY's wire."""

    def call_many(self, calls: Sequence[Call]) -> list[Value]:
        """Carry out functions in order. Blocks. Raises the error of the first that fails."""

    def pull(self) -> Arrived | None:
        """The next event that has come, None if there is none. Owner thread."""

    pulled: int
    """How many events `pull` gave."""

    def received(self) -> int:
        """How many events came, to compare with `pulled`. Any thread."""

    def has_event(self) -> bool:
        """Whether `pull` would give one."""

    def wait(self, until_us: int) -> None:
        """Tell a clock that stands still that the program waits."""

    def mode(self) -> Mode:
        """The kind of broker behind it. Blocks."""

    def register_soon(self) -> None:
        """The control is logged in: try again what could not be registered again."""

    def close(self) -> None:
        """End the session."""


class Owner(Protocol):
    """The side of the control that a link uses."""

    url: ControlUrl
    clock: Clock
    timeout_s: float
    waited: bool
    links: int

    def wake(self) -> None:
        """Make a waiting `pump` look for events. Any thread."""

    def run_soon(self, work: Callable[[], object]) -> None:
        """Have `work` run on the owner thread. Any thread."""

    def desired(self) -> list[Call]:
        """The calls that make all registrations again."""

    def cut(self) -> None:
        """The link has been down for longer than a call waits for it. Any thread."""

    def back(self, anew: bool) -> None:
        """There is a link again: behind a new session, or where the old one was. Any thread."""

    def missed(self, count: int) -> None:
        """Events were dropped because the program did not keep up. Any thread."""
