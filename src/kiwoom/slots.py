"""Fitting a callable to an event: how many of the event's arguments it takes, as Qt does for slots."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps

from kiwoom.control.contract import EVENTS, Event
from kiwoom.errors import WrongArguments

__all__ = ["event_of", "fit", "taken"]


def fit(slot: Callable[..., object], event: Event, count: int | None = None) -> Callable[..., object]:
    """
    Make a callable for all arguments of an event out of one that may take fewer.

    `slot` gets the first arguments: as many as it takes, at most `count` (by default all), and more than `count` only
    if it demands them. Gives `slot` itself if it takes all. Raises WrongArguments, naming the event's arguments, for
    a slot that cannot be called or demands more than the event has (such as a method not bound to an instance).
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
    # By convention only: Python cannot tell a class's function from any other.
    unbound = inspect.isfunction(slot) and positional[:1] and positional[0].name == "self"
    if required > given or unbound:
        hint = " Make an instance first and give its bound method." if unbound else ""
        raise WrongArguments(f"{_name(slot)} takes {required} arguments; a slot gets {_expected(event)}.{hint}")
    takes_any = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    # `*args` takes all that are given, as in Qt; defaults are filled too, up to `limit`.
    return max(required, min(limit, given if takes_any else len(positional)))


def event_of(slot: Callable[..., object] | None, signal: Callable[..., object] | None, key: str | None) -> str | None:
    """
    Tell for which event a slot is made, by its own name, the names of its parameters and their number; None if unclear.

    A slot of five parameters, or one with a signal whose parameters fit several events, is for on_receive_tr_data: the
    first tutorials of breadum/kiwoom connect every TR without naming the event.
    """
    # Kiwoom never raises that one: a slot of one parameter is meant for something else.
    python_names = {event.python_name: event for event in EVENTS.values() if event.name != "OnReceiveInvestRealData"}
    for name in (key, getattr(slot, "__name__", None), getattr(signal, "__name__", None)):
        if name in python_names:
            return name
    if slot is None:
        return None
    try:
        parameters = inspect.signature(slot).parameters.values()
    except (TypeError, ValueError):
        return None
    names = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    scores = {}
    for python_name, event in python_names.items():
        arguments = [argument.name for argument in event.arguments[: event.python_count]]
        alike = sum(one == other for one, other in zip(names, arguments, strict=False))
        if len(names) == len(arguments) or (names and names == arguments[: len(names)]):
            scores[python_name] = (len(names) == len(arguments), alike)
    # Same number of parameters first, then same names: a slot may name its parameters as it likes, but takes them all.
    best = [python_name for python_name, score in scores.items() if score == max(scores.values())]
    if len(best) == 1:
        return best[0]
    return "on_receive_tr_data" if len(names) == 5 or signal is not None else None


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
