"""
The accounts, in whole won: cash, settlement, holdings, reservations of open orders, and every trade.

The one source of every figure of account TRs and balance notices (`views/` puts them together). Each trade is posted on
both sides: the account's payment goes to the other side of the trade, the broker and the state, so that cash and shares
are conserved to the won (`Ledger.check`).

Settlement is T+2: a trade changes the holding at once and the cash two trading days later. Until then the estimated
deposits of the next two days (D+1, D+2) count it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, datetime

from kiwoom.sim.accounts.stockaccount import Account, AccountTrade, Holding, share_of
from kiwoom.sim.exchange.order import Execution, Order
from kiwoom.sim.rules.trading import BUY, LOAN_RATE_PPM, MOCK_FEES, SELL, FeeSchedule

__all__ = ["Ledger"]


class Ledger:
    """
    All accounts of a broker, and the other side of all their trades.

    `settles(day)` gives the day on which a trade of `day` settles. `roll` moves `today` on.
    """

    def __init__(self, today: date, settles: Callable[[date], date]) -> None:
        self.today = today
        self.settles = settles
        self.accounts: dict[str, Account] = {}
        self.market_cash = 0
        """Won that the market received for shares sold to accounts, less won paid for shares bought from them."""
        self.market_shares: defaultdict[str, int] = defaultdict(int)
        """Shares the market bought from accounts, less those it sold to them."""
        self.fees = 0
        self.taxes = 0
        self.lent = 0
        self.interest = 0
        self.paid_in = 0
        self.shares_in: defaultdict[str, int] = defaultdict(int)

    def open_account(
        self, number: str, owner: str, deposit: int = 0, us: int = 0, fees: FeeSchedule = MOCK_FEES, **options: object
    ) -> Account:
        """Open an account with a first deposit. `options` are further fields of `Account`."""
        if number in self.accounts:
            raise ValueError(f"account {number} exists already")
        account = Account(number, owner, self.today, self.settles, fees, opened=self.today, **options)  # type: ignore[arg-type]
        self.accounts[number] = account
        if deposit:
            self.deposit(account, deposit, us)
        return account

    def deposit(self, account: Account, amount: int, us: int = 0) -> None:
        """Pay cash in (or out, if negative)."""
        account.deposited += amount
        self.paid_in += amount
        account.write(us, "이체입금" if amount >= 0 else "이체출금", amount, self.today)

    def deliver(self, account: Account, code: str, quantity: int, cost: int, margin_percent: int = 100) -> Holding:
        """Put shares into an account that were bought elsewhere, for a `cost` in won."""
        holding = account.holding(code)
        holding.quantity += quantity
        holding.cost += cost
        holding.margin_percent = margin_percent
        self.shares_in[code] += quantity
        return holding

    # --- trades ------------------------------------------------------------------------------------------------

    def post_fill(
        self, order: Order, number: int, us: int, price: int, quantity: int, *, untaxed: bool = False
    ) -> tuple[Execution, list[AccountTrade]]:
        """
        Post one fill of an order: the order, the holding, the settlement, the other side.

        Fee and tax are those of the order's whole amount so far less those of its earlier fills, so that cutting them
        to whole units happens once an order. `untaxed` is for funds.
        """
        account = self.accounts[order.account_no]
        amount = price * quantity
        # The order's whole amount: fees are cut to 10 won once an order, however many fills it has.
        total = order.amount + amount
        fee = account.fees.fee(total) - order.fee
        tax = 0
        if order.side != BUY and not untaxed:
            tax = total * account.tax_ppm(self.today) // 1_000_000 - order.tax
        execution = Execution(number, us, price, quantity, amount, fee, tax)
        if order.side == BUY:
            account.release(order, quantity, order.left - quantity)
            trades = [self._buy(account, order, execution, untaxed)]
        else:
            trades = self._sell(account, order, execution)
        order.take(execution)
        for trade in trades:
            account.post(trade)
        self.fees += fee
        self.taxes += tax
        if order.side == BUY:
            self.market_cash += amount
            self.market_shares[order.code] -= quantity
        else:
            self.market_cash -= amount
            self.market_shares[order.code] += quantity
        return execution, trades

    def _buy(self, account: Account, order: Order, done: Execution, untaxed: bool) -> AccountTrade:
        holding = account.holding(order.code, order.loan_date)
        lent = 0
        if order.loan_date:
            # The customer's part is rounded up, so that loan and payment always make the whole amount.
            lent = done.amount - -(-done.amount * order.margin_percent // 100)
            holding.loan += lent
            self.lent += lent
        holding.quantity += done.quantity
        holding.cost += done.amount
        holding.fees += done.fee
        holding.margin_percent = order.margin_percent
        holding.untaxed = untaxed
        return AccountTrade(
            self.today, done.us, order.number, done.number, order.code, BUY, done.quantity, done.price, done.amount,
            done.fee, 0, order.loan_date, order.credit, lent=lent,
        )  # fmt: skip

    def _sell(self, account: Account, order: Order, done: Execution) -> list[AccountTrade]:
        """One trade for each loan that the sold shares were bought on; fee and tax by the shares."""
        trades: list[AccountTrade] = []
        fee, tax, rest = done.fee, done.tax, done.quantity
        for loan_date, quantity in account.unlot(order, done.quantity):
            holding = account.holdings[order.code, loan_date]
            # Of what is left each time: the last loan takes the remainder, and the parts add up.
            part_fee, part_tax = fee * quantity // rest, tax * quantity // rest
            fee, tax, rest = fee - part_fee, tax - part_tax, rest - quantity
            held = holding.quantity
            cost, fees, repaid = (share_of(n, quantity, held) for n in (holding.cost, holding.fees, holding.loan))
            # Captured rates (-0.69 %) come from the cost before it is rounded to a won.
            exact_cost = share_of(holding.cost * 1_000_000, quantity, held)
            interest = self._interest(repaid, loan_date)
            holding.quantity -= quantity
            holding.cost -= cost
            holding.fees -= fees
            holding.loan -= repaid
            self.lent -= repaid
            self.interest += interest
            trades.append(
                AccountTrade(
                    self.today,
                    done.us,
                    order.number,
                    done.number,
                    order.code,
                    SELL,
                    quantity,
                    done.price,
                    done.price * quantity,
                    part_fee,
                    part_tax,
                    loan_date,
                    order.credit,
                    cost,
                    fees,
                    repaid,
                    0,
                    interest,
                    exact_cost,
                )
            )
        return trades

    def _interest(self, loan: int, loan_date: str) -> int:
        """Interest on a loan that is repaid today."""
        if not loan:
            return 0
        days = (self.today - datetime.strptime(loan_date, "%Y%m%d").date()).days
        return loan * LOAN_RATE_PPM * days // (365 * 1_000_000)

    # --- days --------------------------------------------------------------------------------------------------

    def roll(self, day: date, us: int = 0) -> None:
        """Go on to a later trading day: settle due trades, end and put away the orders, forget holdings sold out."""
        # Going back would settle trades twice.
        if day <= self.today:
            raise ValueError(f"the ledger is on {self.today}: it cannot go to {day}")
        self.today = day
        for account in self.accounts.values():
            account.roll(day, us)

    # --- checks ------------------------------------------------------------------------------------------------

    def check(self) -> None:
        """Raise AssertionError unless cash and shares add up to the won and the reservations to the open orders."""
        cash = sum(a.cash + sum(t.net for t in a.unsettled) for a in self.accounts.values())
        assert cash + self.market_cash + self.fees + self.taxes + self.interest == self.paid_in + self.lent, (
            "cash leaked"
        )
        held: Counter[str] = Counter()
        for account in self.accounts.values():
            offered: Counter[tuple[str, str]] = Counter()
            bound = 0
            for order in account.orders.values():
                if not order.live:
                    assert order.reserved == 0, f"{order} binds {order.reserved}"
                elif order.side == BUY:
                    bound += order.reserved
                else:
                    assert sum(quantity for _, quantity in order.lots) == order.left, f"{order}: lots {order.lots}"
                    offered.update({(order.code, loan_date): quantity for loan_date, quantity in order.lots})
            assert bound == account.reserved_cash, f"{account.number}: {bound} bound, {account.reserved_cash} reserved"
            for key, holding in account.holdings.items():
                held[holding.code] += holding.quantity
                assert 0 <= holding.reserved == offered[key] <= holding.quantity, f"{holding}: offered {offered[key]}"
                assert holding.quantity or not (holding.cost or holding.fees or holding.loan), f"{holding}: cost left"
            assert account.cash == sum(entry.amount for entry in account.entries), "the cash book does not add up"
        for code in held.keys() | self.market_shares.keys() | self.shares_in.keys():
            assert held[code] + self.market_shares[code] == self.shares_in[code], f"shares of {code} leaked"
