"""
From events to signals and slots: who asks, who receives, and which slot an event goes to.

An event without a hook has one slot. With a hook, a parameter of the event chooses among many: with the hook
``rq_name`` on ``on_receive_tr_data`` the answer to the request named ``balance`` goes to the slot of that name.
"""

from __future__ import annotations

import builtins
import inspect
import warnings
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from kiwoom import config
from kiwoom.control.contract import Event, event, nearest
from kiwoom.errors import NotConnected, UnknownEvent, WrongArguments
from kiwoom.oldnames import EVENT_NAMES
from kiwoom.slots import event_of, fit, taken

__all__ = ["Connector", "event_named", "map"]

F = TypeVar("F", bound=Callable[..., Any])
Slot = Callable[..., Any]


def event_named(name: str, depth: int = 2) -> Event:
    """Find an event; a name that only the predecessor's tutorials have is understood, with a warning."""
    known = EVENT_NAMES.get(name)
    if known is None:
        return event(name)
    # The warning must point at the program's line, not into this package.
    warnings.warn(f"there is no event {name}; {known} is meant", DeprecationWarning, stacklevel=depth + 1)
    return event(known)


class _Route:
    """The connections of one event: by key if it has a hook, under None if not."""

    def __init__(self, event: Event) -> None:
        self.event = event
        self.hook: str | None = None
        self.index: int | None = None
        self.signals: dict[str | None, Slot] = {}
        self.slots: dict[str | None, Slot] = {}
        self.fitted: dict[str | None, Slot] = {}


class Connector:
    """The connections of one `Kiwoom` object."""

    def __call__(self, handler: F) -> F:
        """Decorate an event handler, as `map` does: releases 0.0.1 to 0.0.6 wrote ``@Connector()``."""
        return map(handler)

    @staticmethod
    def map(handler: F) -> F:
        """Decorate an event handler, as the function `map` does."""
        return map(handler)

    @staticmethod
    def connectable(fn: object) -> bool:
        """Whether `connect` takes this: any callable that is no method without its instance."""
        unbound = inspect.isfunction(fn) and next(iter(inspect.signature(fn).parameters), "") == "self"
        return callable(fn) and not unbound

    def connect_hook(self, event: str) -> bool:
        """Whether a parameter of the event chooses among its slots."""
        return self._route(event).hook is not None

    @staticmethod
    def mute(bool: bool) -> None:
        """Say whether events that no slot receives are passed over in silence: `config.MUTE` under an older name."""
        config.MUTE = bool

    def __init__(self, *_: object, **__: object) -> None:
        self._routes: dict[str, _Route] = {}

    def _route(self, event_name: str) -> _Route:
        found = event_named(event_name, depth=4)
        return self._routes.setdefault(found.python_name, _Route(found))

    # --- hooks -------------------------------------------------------------------------------------------------

    def set_connect_hook(self, event: str, param: str) -> None:
        """Have `param` of the event choose the slot. Earlier connections stay."""
        route = self._route(event)
        names = [argument.name for argument in route.event.arguments]
        if param not in names:
            hint = nearest(param, names)
            raise WrongArguments(
                f"{route.event.python_name} has no parameter {param!r}.{hint} Its signature is "
                f"{route.event.python_signature}"
            )
        # Programs set a hook before or after they connect; the predecessor lost what was connected before.
        if None in route.signals:
            self._rename(route.signals)
        if None in route.slots:
            route.fitted[self._rename(route.slots)] = route.fitted.pop(None)
        # The position too: `receiver` runs for every real-time message and looks nothing up by name.
        route.hook, route.index = param, names.index(param)

    @staticmethod
    def _rename(table: dict[str | None, Slot]) -> str:
        """Give a function that was connected without a hook its name as its key."""
        function = table.pop(None)
        key = str(getattr(function, "__name__", repr(function)))
        table[key] = function
        return key

    def get_connect_hook(self, event: str) -> str | None:
        """The parameter that chooses the slot of an event, None if the event has one slot."""
        return self._route(event).hook

    def get_hook_index(self, event: str) -> int | None:
        """The position of that parameter among the event's arguments."""
        return self._route(event).index

    def remove_connect_hook(self, event: str) -> None:
        """Remove the hook of an event and its connections. Raises NotConnected if it has none."""
        route = self._route(event)
        if route.hook is None:
            raise NotConnected(f"{route.event.python_name} has no hook to remove")
        del self._routes[route.event.python_name]

    # --- connections -------------------------------------------------------------------------------------------

    def connect(
        self,
        event: str | Slot | None = None,
        signal: Slot | None = None,
        slot: Slot | None = None,
        key: str | None = None,
    ) -> None:
        """Connect a signal, a slot or both to an event; without its name, to the one that the slot is made for."""
        if callable(event):  # connect(signal, slot), connect(slot)
            signal, slot = (event, slot or signal) if slot or signal else (None, event)
            event = None
        if event is None:
            event = event_of(slot, signal, key)
            if event is None:
                raise WrongArguments(
                    f"say which event {slot or signal!r} is for: connect('on_receive_tr_data', signal=..., slot=...)"
                )
        route = self._route(event)
        name = route.event.python_name
        if signal is None and slot is None:
            raise WrongArguments(f"connect({name!r}) needs a slot (who receives), or a signal (who asks) and a slot")
        if signal is not None and not callable(signal):
            raise WrongArguments(f"signal {signal!r} cannot be called; it is the method that sends the request")
        # Fitted now and not at the event: a slot that cannot be called fails where it is connected.
        fitted = None if slot is None else fit(slot, route.event, route.event.python_count)
        # Not ignored: the slot would get every answer of the event, and the program expects only its own.
        if route.hook is None and key is not None:
            raise WrongArguments(
                f"{name} has no hook, so it has one slot and no keys: leave key={key!r} out, or call "
                f"set_connect_hook({name!r}, ...) with one of {', '.join(a.name for a in route.event.arguments)} first"
            )
        if signal is not None:
            route.signals[self._key(route, signal, key)] = signal
        if slot is not None and fitted is not None:
            place = self._key(route, slot, key)
            route.slots[place], route.fitted[place] = slot, fitted

    @staticmethod
    def _key(route: _Route, function: Slot, key: str | None) -> str | None:
        if route.hook is None:
            return None
        name = key if key is not None else getattr(function, "__name__", None)
        if name is None:
            raise WrongArguments(f"{function!r} has no name that could be its key: connect(..., key='...')")
        return str(name)

    def signal(self, event: str, key: str | None = None) -> Slot:
        """The signal of an event (and key). Raises NotConnected with the keys that are connected."""
        # A key alone: the README of the first releases asks for the next page by api.signal(rq_name).
        for route in self._under_key(event, key):
            if event in route.signals:
                return route.signals[event]
        route = self._route(event)
        return self._find(route, route.signals, "signal", key)

    def slot(self, event: str, key: str | None = None) -> Slot:
        """The slot of an event (and key). Raises NotConnected with the keys that are connected."""
        for route in self._under_key(event, key):
            if event in route.slots:
                return route.slots[event]
        route = self._route(event)
        return self._find(route, route.slots, "slot", key)

    def _under_key(self, name: str, key: str | None) -> list[_Route]:
        """The events with keys, if `name` is a key and no event: ``api.signal('balance')`` in the first tutorials."""
        if key is not None or name in EVENT_NAMES:
            return []
        try:
            event(name)
        except UnknownEvent:
            return [route for route in self._routes.values() if route.hook is not None]
        return []

    @staticmethod
    def _find(route: _Route, table: dict[str | None, Slot], kind: str, key: str | None) -> Slot:
        # Without a hook there is one slot, so a key given by habit does no harm here.
        found = table.get(key if route.hook is not None else None)
        if found is not None:
            return found
        name = route.event.python_name
        if route.hook is None:
            raise NotConnected(f"no {kind} is connected to {name}")
        keys = sorted(str(k) for k in table)
        if key is None:
            raise NotConnected(f"{name} has the hook {route.hook!r}: say the key of the {kind}, one of {keys}")
        raise NotConnected(f"no {kind} {key!r} is connected to {name}.{nearest(key, keys)} Connected: {keys}")

    def receiver(self, event_name: str, arguments: tuple[object, ...]) -> tuple[str | None, Slot | None]:
        """Give the key of an event and the slot that is to receive it, fitted to all its arguments; None if none."""
        route = self._routes.get(event_name)
        if route is None:
            return None, None
        if route.index is None:
            return None, route.fitted.get(None)
        # A hook may be a number (the index of a condition), and keys are names.
        key = str(arguments[route.index])
        return key, route.fitted.get(key)


def map(handler: F, *iterables: Any) -> F:
    """
    Decorate an event handler so that the slot connected to the event is called after it.

    For subclasses that override a handler and want both::

        class Mine(Kiwoom):
            @map
            def on_receive_msg(self, scr_no, rq_name, tr_code, msg):
                print(msg)          # then the slot of api.connect('on_receive_msg', slot=...) runs

    Given further arguments it is Python's own `map`, so that ``from kiwoom import *`` takes nothing away.
    Raises UnknownEvent if the decorated function has not the name of an event.
    """
    if iterables:
        return builtins.map(handler, *iterables)  # type: ignore[return-value]  # Python's map, see above
    described = event(handler.__name__)
    takes = taken(handler, described, len(described.arguments), skip=1)

    @wraps(handler)
    def mapped(self: Any, *arguments: Any) -> None:
        handler(self, *arguments[:takes])
        self._to_slot(described, arguments)

    mapped.takes_all_arguments = True  # type: ignore[attr-defined]  # the slot may take more than the handler
    return mapped  # type: ignore[return-value]  # same call, plus the slot
