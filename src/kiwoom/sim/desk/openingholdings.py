"""The holdings of the accounts at the start: bought long ago, at prices of the history."""

from __future__ import annotations

import random
from collections.abc import Sequence

from kiwoom.sim.accounts.stockaccount import Account
from kiwoom.sim.base.collecting import collection_paused
from kiwoom.sim.desk.stockdesk import StockDesk
from kiwoom.sim.market.market import Market
from kiwoom.sim.rules.instruments import Instrument

__all__ = ["FEW", "MANY", "fill_accounts"]

FEW, MANY = 7, 27
"""Holdings of the first stock account, and of the second: more than a page of opw00018."""

# Codes that examples and tutorials use: a program finds something to sell at once.
_FAMILIAR = ("005930", "000660", "035420", "005380", "051910", "069500", "035720")


def fill_accounts(desk: StockDesk, market: Market, accounts: Sequence[Account], seed: int) -> None:
    """Put shares into the stock accounts of a list, at costs near the prices of the last months."""
    rng = random.Random(f"{seed}/portfolio")
    stocks = [i for i in market.instruments() if i.is_stock and i.kind in ("COMMON", "ETF") and i.market != "KONEX"]
    by_code = {stock.code: stock for stock in stocks}
    familiar = [by_code[code] for code in _FAMILIAR if code in by_code] or stocks[:FEW]
    for_stocks = [account for account in accounts if account.kind != "선물옵션"]
    chosen = [familiar[:FEW], rng.sample(stocks, min(MANY, len(stocks)))]
    # An index fund's price needs the index's, and that the daily bars of 174 members from the base date on.
    with collection_paused():
        for account, holdings in zip(for_stocks, chosen, strict=False):
            for stock in holdings:
                _deliver(desk, market, account, stock, rng)


def _deliver(desk: StockDesk, market: Market, account: Account, stock: Instrument, rng: random.Random) -> None:
    # A state of the day would make a tape, and for an index fund those of thirty members.
    price = market.base_price(stock)
    cost_price = max(1, round(price * rng.uniform(0.85, 1.12)))
    # One to five million won each, whatever the price of a share.
    quantity = max(1, round(rng.uniform(1, 5) * 1_000_000 / cost_price))
    holding = desk.ledger.deliver(account, stock.code, quantity, cost_price * quantity, desk.margin_percent(stock))
    holding.untaxed = stock.is_fund
