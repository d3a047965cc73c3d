"""A program that trades all day and through everything that goes wrong, and whose books have to add up afterwards."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, datetime, time

from tests.sim.soak.books import Books, Sent, number_of
from tests.sim.soak.session import Session

from kiwoom.clock import SECOND_US

__all__ = ["Trader"]

_TOO_LONG_US = 15 * SECOND_US  # without a word about an order: look it up
_ROUTINE_US = 1800 * SECOND_US
_FIDS = (9203, 9001, 900, 902, 903, 904, 905, 911, 913, 819, 920, 938, 939)


class Trader(Session):
    """
    Buys and sells a handful of stocks in every session of the day, changes and cancels, and keeps its own books.

    `troubles` is what it found wrong; `reconciled` how often its books agreed with the account TRs.
    """

    def __init__(self, url: str, seed: int) -> None:
        super().__init__(url)
        self.rng = random.Random(f"{seed}/trader")
        self.books = Books()
        self.account = ""
        self.troubles: list[str] = []
        self.reconciled = 0
        self.unreconciled = 0
        self.must_look = True
        self._day: date | None = None
        self._looked_us = 0
        self._sent = 0
        self._nested = False

    # --- the day -----------------------------------------------------------------------------------------------

    def work(self, until: datetime) -> Iterator[datetime]:
        """Trade until a time; yields after every step."""
        while (now := self.control.clock.now()) < until:
            if now.date() != self._day:
                self._day = now.date()
                self.books.new_day()
            if not self.alive():
                self.connect_again()
                self.must_look = True
                continue
            if not self.account:
                self.account = self.get_login_info("ACCNO").split(";")[1]
            self.restore()
            self._look_after_orders()
            if self.alive() and self.books.started:
                self._trade(now.time())
            self.rest(self.rng.uniform(4, 50) if time(8, 20) <= now.time() < time(18) else self.rng.uniform(60, 400))
            yield self.control.clock.now()

    def _look_after_orders(self) -> None:
        now = self._now()
        silent = any(not order.number and now - order.sent_us > _TOO_LONG_US for order in self.books.unsettled())
        if self.must_look or silent or now - self._looked_us > _ROUTINE_US:
            self._looked_us = now
            self.must_look = not self.reconcile()

    # --- orders ------------------------------------------------------------------------------------------------

    def _trade(self, now: time) -> None:
        if not time(8, 20) <= now < time(18) and self.rng.random() < 0.9:
            return  # what is sent at night is refused, and that is seen soon enough
        mine = self.books.open_orders()
        chance = self.rng.random()
        if mine and chance < 0.2:
            self._cancel(self.rng.choice(mine))
        elif mine and chance < 0.4:
            self._modify(self.rng.choice(mine))
        elif len(mine) < 25:
            for _ in range(self.rng.choice((1, 1, 1, 1, 2, 4))):
                self._new(now)

    def _quote_type(self, now: time) -> str:
        choose = self.rng.choice
        if now < time(8, 30):
            return "00"
        if now < time(8, 40):
            return choose(("00", "03", "61", "61"))
        if time(9) <= now < time(15, 20):
            return choose(("00",) * 8 + ("03", "03", "05", "06", "07", "10", "13", "16", "20", "23", "26"))
        if time(15, 30) <= now < time(16):
            return "81"
        if time(16) <= now < time(18):
            return "62"
        return choose(("00", "00", "03"))

    def _new(self, now: time) -> None:
        code = self.rng.choice([code for codes in self.codes.values() for code in codes])
        price, ask, bid = self.last.get(code, (0, 0, 0))
        if not price:
            answer = self.ask("opt10001", 종목코드=code)
            if answer is None or not answer.single["현재가"].strip():
                return
            price = abs(number_of(answer.single["현재가"]))
            self.last[code] = price, price, price
            ask = bid = price
        held = self.books.shares().get(code, 0)
        sells = held > 0 and self.rng.random() < 0.5
        quote_type = self._quote_type(now)
        priced = quote_type in ("00", "05", "10", "20", "62")
        limit = self.rng.choice((price, ask or price, bid or price)) if priced else 0
        quantity = self.rng.choice((1, 3, 10, 50))
        if self.rng.random() < 0.05:
            quantity *= 40  # more than the best level offers
        if sells and self.rng.random() < 0.9:
            quantity = max(1, min(quantity, held))
        self._send(2 if sells else 1, code, quantity, limit, quote_type)

    def _cancel(self, order: Sent) -> None:
        quantity = order.left if self.rng.random() < 0.7 else max(1, order.left // 2)
        self._send(3 if order.buys else 4, order.code, quantity, 0, order.quote_type, order.number)

    def _modify(self, order: Sent) -> None:
        price, ask, bid = self.last.get(order.code, (order.price,) * 3)
        quantity = order.left if self.rng.random() < 0.7 else max(1, order.left // 2)
        limit = self.rng.choice((price, ask, bid)) if order.price else 0
        self._send(5 if order.buys else 6, order.code, quantity, limit, order.quote_type, order.number)

    def _send(self, kind: int, code: str, quantity: int, price: int, quote_type: str, original: str = "") -> None:
        self._sent += 1
        order = Sent(
            f"order{self._sent}", f"{3000 + self._sent % 150}", kind, code, quantity, price, quote_type, original,
            self._now(), self.books.highest,
        )  # fmt: skip
        self.books.add(order)
        result = self.send_order(
            order.rq_name, order.screen, self.account, kind, code, quantity, price, quote_type, original
        )
        self.counts[f"SendOrder({result})"] += 1
        if result != 0:
            order.end("refused by the control")

    def ordered(self, rq_name: str, number: str) -> None:
        self.books.answered(rq_name, number)

    def on_receive_chejan_data(self, gubun: str, item_cnt: int, fid_list: str) -> None:
        self.counts[f"OnReceiveChejanData({gubun})"] += 1
        if gubun == "0":
            self.books.noticed({fid: self.get_chejan_data(fid) for fid in _FIDS})

    def on_receive_real_condition(self, code: str, type: str, condition_name: str, condition_index: str) -> None:
        self.counts[f"OnReceiveRealCondition({type})"] += 1
        inside = self.entered[condition_name]
        (inside.add if type == "I" else inside.discard)(code)
        if type == "I" and not self._nested and self.rng.random() < 0.2:
            self._nested = True  # a request inside a handler
            try:
                if self.ask("opt10001", 종목코드=code) is not None:
                    self.counts["asked inside a handler"] += 1
            finally:
                self._nested = False

    # --- the truth ---------------------------------------------------------------------------------------------

    def reconcile(self) -> bool:
        """Compare the books with the account TRs, correct them where notices were lost, and say what stays wrong."""
        differences: list[str] = []
        for _ in range(12):
            if not self.alive():
                return False
            found = self._truth()
            if found is None:
                continue
            held, cash = found
            if not self.books.started:
                self.books.started, self.books.start_shares, self.books.start_cash = True, held, cash
            differences = self._differences(held, cash)
            if not differences:
                self.reconciled += 1
                return True
        self.unreconciled += 1
        if differences:
            self.troubles.append(f"{self.control.clock.now()}: {differences}")
        return False

    def _truth(self) -> tuple[dict[str, int], int] | None:
        """Holdings and deposit, read while nothing changed, with the orders looked up; None if that failed."""
        account = {"계좌번호": self.account, "비밀번호": "", "비밀번호입력매체구분": "00"}
        unsettled = self.books.unsettled()
        numbers = [order.number or str(number_of(order.after) + 1) for order in unsettled]
        start = min((n.zfill(7) for n in numbers), default=self.books.highest)
        before = self._details(start) if self.books.started else []
        traded = self.ask_all(
            "opt10075", 계좌번호=self.account, 전체종목구분="0", 매매구분="0", 종목코드="", 체결구분="0"
        )
        held = self.ask_all("opw00018", **account, 조회구분="1")
        deposit = self.ask("opw00001", **account, 조회구분="2")
        after = self._details(start) if self.books.started else []
        if None in (before, traded, held, deposit, after) or before != after or deposit is None or held is None:
            return None
        if not deposit.single["d+2추정예수금"].strip():
            self.counts["blank answers"] += 1
            return None
        assert before is not None and traded is not None
        self.books.looked_up(before, traded, self._now())
        shares = {row["종목번호"].strip().lstrip("AQ"): number_of(row["보유수량"]) for row in held}
        return shares, number_of(deposit.single["d+2추정예수금"])

    def _details(self, start: str) -> list[dict[str, str]] | None:
        today = self.control.clock.now().strftime("%Y%m%d")
        return self.ask_all(
            "opw00007", 주문일자=today, 계좌번호=self.account, 비밀번호="", 비밀번호입력매체구분="00", 조회구분="1",
            주식채권구분="1", 매도수구분="0", 종목코드="", 시작주문번호=start,
        )  # fmt: skip

    def _differences(self, held: dict[str, int], cash: int) -> list[str]:
        mine = self.books.shares()
        found = [
            f"{code}: {mine.get(code, 0)} in the books, {held.get(code, 0)} in the account"
            for code in sorted(mine.keys() | held.keys())
            if mine.get(code, 0) != held.get(code, 0)
        ]
        if self.books.cash() != cash:
            found.append(f"cash: {self.books.cash()} in the books, {cash} in the account")
        return found
