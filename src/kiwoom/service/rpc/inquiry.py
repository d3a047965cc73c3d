"""
Requests that an event answers: TRs, the watch list, conditions.

An `Inquiry` waits for one such event. It hears events on the owner thread, where their data can be read, and hands the
result to the coroutine that asked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from kiwoom.errors import error_for
from kiwoom.service.base.status import End, Status, details, error_code_in, status_of
from kiwoom.service.delivery.hub import Listener
from kiwoom.service.delivery.occasion import Occasion
from kiwoom.service.shared.core import Core, status_for

__all__ = ["Inquiry", "negative"]

T = TypeVar("T")


def negative(code: object, call: str, inputs: str = "") -> End | None:
    """The End for a negative return code, None for any other result."""
    if isinstance(code, int) and not isinstance(code, bool) and code < 0:
        return End.of(status_of(error_for(code, call, inputs)))
    return None


class Inquiry(Listener, Generic[T]):
    """
    Hears events until one answers.

    `hear` returns None for an event that is not the answer; what else it returns is the answer. An exception that it
    raises is the answer too. The loss of the connection ends every inquiry.
    """

    def __init__(self, core: Core, events: Iterable[str], hear: Callable[[Occasion], T | None], what: str) -> None:
        self._core = core
        # A lost line brings no answer: without this every request would wait for its whole time-out.
        self._events = tuple(dict.fromkeys((*events, "OnEventConnect")))
        self._hear = hear
        self._what = what
        self._listening = False
        self._lost: Exception | None = None
        self._answer: asyncio.Future[T] = core.owner.loop.create_future()

    def begin(self) -> None:
        """Start to hear. Owner thread."""
        self._listening = True
        self._core.hub.add(self, self._events)

    def finish(self) -> None:
        """Hear no more. Owner thread."""
        if self._listening:
            self._listening = False
            self._core.hub.remove(self)

    @property
    def lost(self) -> bool:
        """Whether the connection was lost: nothing more comes."""
        return self._lost is not None

    def expect_again(self) -> None:
        """Make ready for another answer, with the listening as it is. Event loop's thread."""
        self._answer = self._core.owner.loop.create_future()
        if self._lost is not None:
            self._set_error(self._answer, self._lost)

    def hear(self, occasion: Occasion) -> None:
        if occasion.name == "OnEventConnect" and int(occasion.arguments[0]) < 0:
            self._core.owner.post(self._lose, End.of(status_of(error_for(int(occasion.arguments[0]), self._what))))
            return
        try:
            answer = self._hear(occasion)
        except Exception as error:
            self._post_error(End.of(status_for(error, self._what)))
            return
        if answer is not None:
            self._core.owner.post(self._set, self._answer, answer)

    def fail(self, error: Exception) -> None:
        self._post_error(End.of(status_of(error)))

    def _lose(self, error: Exception) -> None:
        # Between two pages no call waits for an answer: the next one finds the error here.
        self._lost = error
        self._set_error(self._answer, error)

    def _post_error(self, error: Exception) -> None:
        self._core.owner.post(self._set_error, self._answer, error)

    @staticmethod
    def _set(future: asyncio.Future[T], answer: T) -> None:
        if not future.done():
            future.set_result(answer)

    @staticmethod
    def _set_error(future: asyncio.Future[T], error: Exception) -> None:
        if not future.done():
            future.set_exception(error)
            # The call may be gone; asyncio would complain of an error that no call retrieved.
            future.exception()

    async def answer(self) -> T:
        """
        Wait for the answer, for the time of the settings.

        Raises End(DEADLINE_EXCEEDED), or with what the server said instead of answering.
        """
        timeout_s = self._core.settings.answer_timeout_s
        late = f"{self._what} was not answered within {timeout_s:g} s"
        return await self._core.wait_for(self._answer, timeout_s, late)


def error_in_message(message: str, call: str) -> End | None:
    """The End for a server's message that names an error code, None for any other message."""
    code = error_code_in(message)
    if code is None:
        return None
    # The server's own words first: the code alone says less, and may change without notice.
    status = status_of(error_for(code, call))
    return End.of(Status(status.code, details(f"{message} [{status.details}]")))
