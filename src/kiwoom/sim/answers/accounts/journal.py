"""The trading journal of a day (opt10170)."""

from __future__ import annotations

from collections.abc import Callable

from kiwoom.sim.accounts.stockaccount import AccountTrade
from kiwoom.sim.accounts.views.journal import journal_view
from kiwoom.sim.answers.accounts.accounts import PLAIN, account_of, written
from kiwoom.sim.answers.inputs import choice
from kiwoom.sim.answers.registry import Answer, Request, answers

__all__: list[str] = []

_PARTS: dict[str, Callable[[AccountTrade], bool]] = {
    "0": lambda trade: True,
    # 00 is cash (FID 922); every other kind is a loan.
    "1": lambda trade: trade.credit == "00",
    "2": lambda trade: trade.credit != "00",
}


@answers("opt10170", source="the account's ledger", omits="단주구분: all sales of the day, whenever they were bought")
def journal(request: Request) -> Answer:
    """당일매매일지요청."""
    account, desk = account_of(request)
    wanted = _PARTS[choice(request, "현금신용구분", _PARTS, "0")]
    return written(request.tr, journal_view(account, desk.price_of, request.day("기준일자"), wanted), PLAIN)
