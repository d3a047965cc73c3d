"""
A program that lives through a day in virtual time and records it: registrations, conditions, TRs, orders of all kinds.

What it does depends on its own seed and on nothing else, so that two runs make the same calls at the same times. Run as
a script it records to a file: ``dayprogram.py FILE PUMPING URL HOURS``.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable

from kiwoom.control import Control, open_control
from kiwoom.recording import record

CODES = ("005930", "000660", "035720", "069500", "247540", "035420", "005380", "051910")
PUMPINGS = ("long", "short", "empty")
"""How the program waits: in one go, in pieces of 70 ms, or so, with an empty pump after each event."""

_TRS: tuple[tuple[str, dict[str, str]], ...] = (
    ("opt10001", {"종목코드": "005930"}),
    ("opt10004", {"종목코드": "035420"}),
    ("opt10080", {"종목코드": "000660", "틱범위": "1", "수정주가구분": "1"}),
    ("opt10079", {"종목코드": "005930", "틱범위": "1", "수정주가구분": "1"}),
    ("opt10081", {"종목코드": "005930", "기준일자": "", "수정주가구분": "1"}),
    ("opt10030", {"시장구분": "000", "정렬구분": "1"}),
    ("opt10027", {"시장구분": "000", "정렬구분": "1"}),
    ("opt20001", {"시장구분": "0", "업종코드": "001"}),
    ("opt10059", {"일자": "20260206", "종목코드": "005930", "금액수량구분": "1", "매매구분": "0", "단위구분": "1"}),
    ("opw00001", {"비밀번호": "0000", "비밀번호입력매체구분": "00", "조회구분": "2"}),
    ("opw00004", {"비밀번호": "0000", "상장폐지조회구분": "0", "비밀번호입력매체구분": "00"}),
    ("opw00018", {"비밀번호": "0000", "비밀번호입력매체구분": "00", "조회구분": "2"}),
    ("opt10075", {"전체종목구분": "0", "매매구분": "0", "체결구분": "0"}),
    ("opt10085", {}),
    ("opt10077", {"비밀번호": "0000"}),
)


class DayProgram:
    """The program. `pumping` says how it waits; what it calls, and when, is the same for each."""

    def __init__(self, control: Control, pumping: str = "long", seed: int = 1) -> None:
        assert pumping in PUMPINGS
        self.control = control
        self.call: Callable[..., object] = control.call
        self.pumping = pumping
        self.rng = random.Random(seed)
        self.open_orders: list[tuple[str, str, int]] = []
        self.counts: dict[str, int] = {}
        for name in ("OnReceiveTrData", "OnReceiveRealData", "OnReceiveChejanData", "OnReceiveRealCondition"):
            control.subscribe(name, lambda *arguments, name=name: self._seen(name, arguments))

    def _seen(self, name: str, arguments: tuple[str | int, ...]) -> None:
        self.counts[name] = self.counts.get(name, 0) + 1
        if name == "OnReceiveRealData":
            # a call inside a handler, and what it gives decides about an order
            price = str(self.call("GetCommRealData", arguments[0], 10))
            if self.rng.random() < 0.004 and arguments[0] in CODES and price.strip():
                self.order(str(arguments[0]), abs(int(price)))
        elif name == "OnReceiveChejanData" and arguments[0] == "0" and self.call("GetChejanData", 913) == "접수":
            number, code = str(self.call("GetChejanData", 9203)), str(self.call("GetChejanData", 9001))[1:]
            self.open_orders.append((number, code, int(str(self.call("GetChejanData", 907)))))

    def order(self, code: str, price: int) -> None:
        kind = self.rng.choice((1, 1, 2))
        market = self.rng.random() < 0.3
        near = price - price % 1000 if kind == 1 else price - price % 1000 + 1000
        self.call(
            "SendOrder", "주문", "0200", self.account, kind, code, self.rng.randint(1, 400), 0 if market else near,
            "03" if market else "00", "",
        )  # fmt: skip

    def change(self) -> None:
        number, code, side = self.open_orders.pop(self.rng.randrange(len(self.open_orders)))
        kind = (3 if side == 2 else 4) if self.rng.random() < 0.6 else (5 if side == 2 else 6)
        self.call("SendOrder", "정정취소", "0201", self.account, kind, code, 0, 1000, "00", number)

    def derivative_order(self) -> None:
        side, quantity = self.rng.choice("12"), self.rng.randint(1, 3)
        self.call("SendOrderFO", "선물", "0202", self.futures_account, self.future, 1, side, "3", quantity, "", "")

    def ask(self) -> None:
        code, inputs = self.rng.choice(_TRS)
        if code.startswith("opw") or code in ("opt10075", "opt10085", "opt10077"):
            inputs = {"계좌번호": self.account, **inputs}
        for name, value in inputs.items():
            self.call("SetInputValue", name, value)
        self.call("CommRqData", code, code, 0, f"03{self.rng.randrange(20):02d}")

    def until(self, end_us: int) -> None:
        """Let time pass."""
        while (left := end_us - self.control.clock.now_us()) > 0:
            if self.pumping == "long":
                self.control.pump(left / 1_000_000)
            else:
                self.control.pump(min(left, 70_000) / 1_000_000)
                if self.pumping == "empty":
                    self.control.pump(0)

    def run(self, hours: float) -> None:
        call, clock = self.call, self.control.clock
        start = clock.now_us()
        call("CommConnect")
        self.until(start + 2_000_000)
        accounts = str(call("GetLoginInfo", "ACCNO")).split(";")
        self.account, self.futures_account = accounts[0], accounts[2]
        self.future = str(call("GetFutureCodeByIndex", 0))
        call("SetRealReg", "1000", ";".join(CODES), "10;27;41;215", "0")
        call("SetRealReg", "1001", f"001;101;{self.future}", "10;41", "0")
        call("GetConditionLoad")
        self.until(start + 4_000_000)
        stored = [entry.partition("^") for entry in str(call("GetConditionNameList")).split(";") if entry]
        for index, _, name in stored[:3]:
            call("SendCondition", "0400", name, int(index), 1)
            self.until(clock.now_us() + 61_000_000)
        end = start + round(hours * 3600 * 1_000_000)
        while clock.now_us() < end:
            self.until(clock.now_us() + self.rng.randrange(400_000, 120_000_000))
            chance = self.rng.random()
            if chance < 0.3:
                self.ask()
            elif chance < 0.4:
                self.derivative_order()
            elif chance < 0.7 and self.open_orders:
                self.change()
            else:
                code = self.rng.choice(CODES)
                self.order(code, int(str(call("GetMasterLastPrice", code))))


def main() -> None:
    path, pumping, url, hours = sys.argv[1:]
    control = open_control(url)
    with record(control, path):
        program = DayProgram(control, pumping)
        program.run(float(hours))
    control.close()
    print(program.counts)


if __name__ == "__main__":
    main()
