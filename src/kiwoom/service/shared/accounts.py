"""
The account that an event is about.

A token that is limited to accounts neither asks about others nor hears their answers. An answer does not name its
account, so the account of the request is kept, under the screen and request name that the answer comes with.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from kiwoom import catalog

if TYPE_CHECKING:
    from kiwoom.service.base.security import Identity
    from kiwoom.service.delivery.occasion import Occasion

__all__ = ["ACCOUNT_INPUT", "Accounts"]

ACCOUNT_INPUT = "계좌번호"
_KEPT = 2000


class Accounts:
    """Which account was asked about, by screen and request name. Owner thread."""

    def __init__(self) -> None:
        self._asked: OrderedDict[tuple[str, str], str] = OrderedDict()

    def asked(self, screen: str, rq_name: str, account: str | None) -> None:
        """A request goes out, about an account or none."""
        key = (screen, rq_name)
        self._asked.pop(key, None)
        if account is not None:
            self._asked[key] = account
            if len(self._asked) > _KEPT:
                self._asked.popitem(last=False)

    def may_hear(self, occasion: Occasion, identity: Identity) -> bool:
        """Whether `identity` may see this event. If its account is unknown, only an unrestricted identity may."""
        if identity.accounts is None:
            return True
        if occasion.name == "OnReceiveChejanData":
            return occasion.account in identity.accounts
        if occasion.name not in ("OnReceiveTrData", "OnReceiveMsg"):
            return True
        screen, rq_name, tr_code = (str(argument) for argument in occasion.arguments[:3])
        account = self._asked.get((screen, rq_name))
        if account is not None:
            return account in identity.accounts
        return not _about_an_account(tr_code)


def _about_an_account(tr_code: str) -> bool:
    """Whether a TR asks about an account or is an order."""
    code = tr_code.strip().lower()
    tr = catalog.trs().get(code)
    return ACCOUNT_INPUT in tr.inputs if tr is not None else bool(code)
