"""The control in the same process as the program."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

from kiwoom.compat.shim.backend import Backend, Contract, Refused, Spelling
from kiwoom.control import Control
from kiwoom.control import dynamic as spellings
from kiwoom.control.contract import EVENTS, FUNCTIONS
from kiwoom.errors import KiwoomError, UnknownFunction, UsageError

__all__ = ["CLSID", "DOCS", "PROGID", "LocalBackend", "contract_data"]

log = logging.getLogger("kiwoom.compat")

# As the control registers itself; programs name it by either.
PROGID = "KHOPENAPI.KHOpenAPICtrl.1"
CLSID = "{A1574A0D-6BFA-4BD7-9020-DED88711818D}"
DOCS = "docs/compat-supported.md"
"""The page that lists what the layer supports; it is made from the code by `kiwoom.compat.supported`."""


def contract_data() -> dict[str, Any]:
    """The contract as plain data, for the part of the layer that stands in the program's process."""
    return {
        "functions": {f.name: [[[a.com_name, a.kind] for a in f.arguments], f.returns] for f in FUNCTIONS.values()},
        "events": {e.name: [[a.com_name, a.kind] for a in e.arguments] for e in EVENTS.values()},
        "control": PROGID,
        "clsid": CLSID,
    }


class LocalBackend(Backend):
    """
    A backend over a `Control` of this process.

    `opener` opens the control; `noted(kind, text)` receives what the layer answered or could not do; `folder_maker`
    makes the folder below which drive letters are mapped.
    """

    def __init__(
        self,
        opener: Callable[[], Control],
        noted: Callable[[str, str], None] | None = None,
        folder_maker: Callable[[], str] | None = None,
    ) -> None:
        self.contract = Contract(contract_data())
        self._opener = opener
        self._noted = noted
        self._folder_maker = folder_maker
        self.control: Control | None = None
        self._own_calls: list[Callable[[], None]] = []

    def _opened(self) -> Control:
        if self.control is None:
            self.open()
        assert self.control is not None
        return self.control

    def open(self) -> None:
        if self.control is not None:
            return
        control = self._opener()
        for name in EVENTS:
            control.subscribe(name, self._deliverer(name))
        self.control = control

    def _deliverer(self, name: str) -> Callable[..., None]:
        def deliver(*arguments: Any) -> None:
            self.emit(name, arguments)

        return deliver

    failures = (Refused, KiwoomError)

    def direct(self, name: str) -> Callable[..., Any]:
        return functools.partial(self._opened().call, name)

    def refusal(self, error: BaseException) -> Refused:
        return _refusal(error) if isinstance(error, KiwoomError) else super().refusal(error)

    def call(self, name: str, *arguments: Any) -> Any:
        try:
            return self._opened().call(name, *arguments)
        except KiwoomError as error:
            raise _refusal(error) from error

    def dynamic(self, spec: str, arguments: tuple[Any, ...]) -> tuple[str, tuple[Any, ...], Any]:
        try:
            called, converted = spellings.parse(spec, arguments)
            return called.name, converted, self._opened().call(called.name, *converted)
        except KiwoomError as error:
            raise _refusal(error) from error

    def spelling(self, spec: str) -> Spelling | None:
        try:
            said = spellings.spelling(spec)
        except KiwoomError as error:
            raise _refusal(error) from error
        return Spelling(said.function.name, said.kinds)

    def pump(self, timeout_s: float) -> int:
        return self._opened().pump(timeout_s)

    def next_due(self) -> float | None:
        return self._opened().next_due()

    def on_wake(self, waker: Callable[[], None]) -> None:
        self._own_calls.append(self._opened().on_wake(waker))

    def note(self, kind: str, text: str) -> None:
        # "answered" is the layer at work; "refused" and "unsupported" tell of something that the program did not get.
        log.log(logging.INFO if kind == "answered" else logging.WARNING, "%s: %s", kind, text)
        if self._noted is not None:
            self._noted(kind, text)

    def now_us(self) -> int:
        return self._opened().clock.now_us()

    def advance_to(self, us: int) -> None:
        self._opened().clock.advance_to(us)

    @property
    def virtual(self) -> bool:
        return self._opened().clock.virtual

    @property
    def speed(self) -> float:
        clock = self._opened().clock
        return 1.0 if clock.virtual else 1.0 / clock.real_seconds(1_000_000)

    @property
    def simulated(self) -> bool:
        return self._opened().mode == "simulated"

    def folder(self) -> str:
        if self._folder_maker is None:
            raise Refused("failed", "drive letters are not mapped here")
        return self._folder_maker()

    def close(self) -> None:
        for cancel in self._own_calls:
            cancel()
        self._own_calls.clear()
        if self.control is not None:
            self.control.close()
        self.control = None


def _refusal(error: KiwoomError) -> Refused:
    kind = (
        # UnknownFunction is a UsageError too, so it is asked for first.
        "unknown" if isinstance(error, UnknownFunction) else "arguments" if isinstance(error, UsageError) else "failed"
    )
    return Refused(kind, str(error))
