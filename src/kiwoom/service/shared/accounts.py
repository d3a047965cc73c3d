"""
The account that an event is about.

A token that is limited to accounts neither asks about others nor hears their answers. An answer names neither its
account nor its client, so both are kept from the request, under the screen and request name that the answer comes with.
A request of another client under the same two would make the answer ambiguous: a limited client may not send one.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc

from kiwoom import catalog
from kiwoom.clock import SECOND_US
from kiwoom.service.base.names import canonical
from kiwoom.service.base.status import End
from kiwoom.service.delivery.hub import Hub, Listener

if TYPE_CHECKING:
    from kiwoom.service.base.security import Identity
    from kiwoom.service.delivery.occasion import Occasion

__all__ = ["ACCOUNT_INPUT", "Accounts", "account_of", "only_accounts"]

ACCOUNT_INPUT = "계좌번호"
# Tags of GetLoginInfo that tell nothing of accounts. Of any other, a limited client sees what its accounts stand in.
_HARMLESS_TAGS = frozenset({"USER_ID", "USER_NAME", "KEY_BSECGB", "FIREW_SECGB", "GETSERVERGUBUN"})
_ACCOUNT_COUNT = "ACCOUNT_CNT"
# Messages of a request come for a while after its answer.
_ANSWERED_S = 10.0
# An answer later than that comes from no server.
_UNANSWERED_S = 3600.0
_KEPT = 2000
# Requests of one limited client that are not answered: a program has a handful.
_MOST_UNANSWERED = 200


@dataclass
class _Ask:
    """A request: who sent it, about which account, and when it was sent or answered."""

    asker: str
    tr_code: str
    account: str | None
    at_us: int
    answered: bool = False


class Accounts(Listener):
    """The requests by screen and request name. Owner thread."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self._asks: OrderedDict[tuple[str, str], list[_Ask]] = OrderedDict()
        self.watching = False
        """There are clients that are limited to accounts; without, there is nothing to keep."""

    def watch(self, hub: Hub) -> None:
        """Keep the requests from now on."""
        self.watching = True
        hub.add(self, ["OnReceiveTrData"])

    def asked(self, screen: str, rq_name: str, tr_code: str, account: str | None, identity: Identity) -> None:
        """
        A request goes out, about an account or none. Orders have no `tr_code` of their own.

        Raises End(ABORTED) if a limited client asks under a screen and name that another one's answer may come with,
        End(RESOURCE_EXHAUSTED) if it has too many requests unanswered.
        """
        if not self.watching:
            return
        now_us, key = self._now_us(), (screen, rq_name)
        asks = self._fresh(key, now_us)
        if identity.accounts is not None:
            if not all(self._may(ask, identity) for ask in asks):
                text = f"another client asks on screen {screen[:10]!r} with this request name: take another one"
                raise End(grpc.StatusCode.ABORTED, text)
            if self._unanswered(identity) >= _MOST_UNANSWERED:
                text = f"{_MOST_UNANSWERED} requests of {identity.name} are not answered yet"
                raise End(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
        self._asks.pop(key, None)
        self._asks[key] = [*asks, _Ask(identity.key, canonical(tr_code), account, now_us)]
        # Only here: to look through all of them at each request would cost more than they do.
        if len(self._asks) > _KEPT:
            for old in list(self._asks):
                if not self._fresh(old, now_us):
                    del self._asks[old]

    def hear(self, occasion: Occasion) -> None:
        """An answer came: it is the oldest request's. Before all other listeners."""
        now_us = self._now_us()
        for ask in self._asks.get((str(occasion.arguments[0]), str(occasion.arguments[1])), ()):
            if not ask.answered and ask.tr_code in ("", canonical(occasion.arguments[2])):
                ask.answered, ask.at_us = True, now_us
                return

    def fail(self, error: Exception) -> None:
        """It does not raise."""

    def may_hear(self, occasion: Occasion, identity: Identity) -> bool:
        """Whether `identity` may see this event. If its account is unknown, only an unrestricted identity may."""
        if identity.accounts is None:
            return True
        if occasion.name == "OnReceiveChejanData":
            return occasion.account in identity.accounts
        if occasion.name not in ("OnReceiveTrData", "OnReceiveMsg"):
            return True
        screen, rq_name, tr_code = (str(argument) for argument in occasion.arguments[:3])
        asks = self._fresh((screen, rq_name), self._now_us())
        if asks:
            # All, not any: two requests under one name make the answer either's, and a wrong guess shows an account.
            return all(self._may(ask, identity) for ask in asks)
        return not _about_an_account(tr_code)

    def _may(self, ask: _Ask, identity: Identity) -> bool:
        return ask.account is None or ask.asker == identity.key or identity.may_use(ask.account)

    def _fresh(self, key: tuple[str, str], now_us: int) -> list[_Ask]:
        """The requests under a key whose answer or messages may still come."""
        return [
            ask
            for ask in self._asks.get(key, ())
            if now_us - ask.at_us <= (_ANSWERED_S if ask.answered else _UNANSWERED_S) * SECOND_US
        ]

    def _unanswered(self, identity: Identity) -> int:
        return sum(a.asker == identity.key and not a.answered for asks in self._asks.values() for a in asks)


def _about_an_account(tr_code: str) -> bool:
    """Whether a TR asks about an account or is an order. An unknown one may be both."""
    code = canonical(tr_code)
    tr = catalog.trs().get(code.lower())
    return ACCOUNT_INPUT in tr.inputs if tr is not None else bool(code)


def account_of(tr_code: str, inputs: dict[str, str], identity: Identity) -> str | None:
    """
    The account that a request is about, None if about none.

    Raises End(PERMISSION_DENIED) if `identity` may not use it, or is limited and names none where the TR needs one: the
    server may take the account of the request before.
    """
    named = {canonical(name): value for name, value in inputs.items()}
    account = named.get(canonical(ACCOUNT_INPUT))
    if identity.accounts is not None and (account is not None or _about_an_account(tr_code)):
        # "" is no account and so refused: a TR without the input is answered for the account asked for last.
        identity.require_account(account or "")
    return account


def only_accounts(tag: str, text: str, accounts: frozenset[str]) -> str:
    """What a client that is limited to accounts sees of an answer of GetLoginInfo."""
    tag = canonical(tag)
    if tag in _HARMLESS_TAGS:
        return text
    if tag == _ACCOUNT_COUNT:
        return str(len(accounts))
    return "".join(f"{part};" for part in text.split(";") if part.partition(",")[0].strip() in accounts)
