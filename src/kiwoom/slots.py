"""Fitting a callable to an event: how many of the event's arguments it takes, as Qt does for slots."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps

from kiwoom.control.contract import Event
from kiwoom.errors import WrongArguments

__all__ = ["fit", "taken"]


def fit(slot: Callable[..., object], event: Event, count: int | None = None) -> Callable[..., object]:
    """
    Make a callable for all arguments of an event out of one that may take fewer.

    `slot` gets the first arguments: as many as it takes, at most `count` (by default all), and more than `count` only
    if it demands them. Gives `slot` itself if it takes all. Raises WrongArguments, naming the event's arguments, for
    what is not callable or demands more than the event has (such as a method that is not bound to an instance).
    """
    if not callable(slot):
        raise WrongArguments(f"{slot!r} cannot be called; a slot is a function or a bound method: {_expected(event)}")
    if getattr(slot, "takes_all_arguments", False):
        return slot
    given = len(event.arguments)
    takes = taken(slot, event, given if count is None else count)
    return slot if takes == given else _limited(slot, takes)


def taken(slot: Callable[..., object], event: Event, limit: int, skip: int = 0) -> int:
    """Say how many of an event's arguments `slot` is to be given; `skip` leaves out its first parameters (self)."""
    given = len(event.arguments)
    try:
        parameters = list(inspect.signature(slot).parameters.values())
    except (TypeError, ValueError):  # some callables written in C do not tell
        return limit
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][skip:]
    required = sum(p.default is p.empty for p in positional)
    missing = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    if missing:
        raise WrongArguments(f"{_name(slot)} demands {missing[0]!r} by keyword; a slot gets {_expected(event)}")
    unbound = inspect.isfunction(slot) and positional[:1] and positional[0].name == "self"
    if required > given or unbound:
        hint = " Make an instance first and give its bound method." if unbound else ""
        raise WrongArguments(f"{_name(slot)} takes {required} arguments; a slot gets {_expected(event)}.{hint}")
    takes_any = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    return max(required, min(limit, given if takes_any else len(positional)))


def _limited(slot: Callable[..., object], count: int) -> Callable[..., object]:
    @wraps(slot)
    def limited(*arguments: object) -> object:
        return slot(*arguments[:count])

    limited.__wrapped__ = slot
    return limited


def _expected(event: Event) -> str:
    return event.python_signature


def _name(slot: object) -> str:
    return getattr(slot, "__qualname__", repr(slot))
