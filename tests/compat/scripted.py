"""A control double: a small broker whose answers are written down, on a real or a virtual clock."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Callable
from typing import Any

from kiwoom.clock import SECOND_US, Clock, RealClock, VirtualClock
from kiwoom.control import Control, ControlUrl
from kiwoom.control.base import Mode
from kiwoom.control.contract import FUNCTIONS, Value

NAMES = {"005930": "삼성전자", "000660": "SK하이닉스", "035420": "NAVER"}
DAY = ["종목코드", "현재가", "거래량", "거래대금", "일자", "시가", "고가", "저가"]
PAGES = [
    [
        ["005930", "77000", "7715780", "595861", "20220118", "77600", "77800", "76600"],
        ["", "77500", "8785122", "678903", "20220117", "77600", "77800", "76900"],
        ["", "77300", "10096725", "781575", "20220114", "77700", "78100", "77100"],
    ],
    [["005930", "77900", "13889401", "1088598", "20220113", "79300", "79300", "77900"]],
]
SINGLE = {"종목코드": "005930", "종목명": "삼성전자", "현재가": "-77000", "기준가": "77500"}
TICK = {20: "102830", 10: "-78700", 11: "-300", 15: "+5", 13: "4712130"}
LATENCY_US = 1_000


class ScriptedControl(Control):
    """
    Answers login, opt10001, opt10081, real-time data, conditions and orders from the tables above.

    `calls` holds every call that arrived, in the contract's types.
    """

    def __init__(self, clock: Clock | None = None, url: str = "scripted:") -> None:
        super().__init__(ControlUrl.parse(url), clock or VirtualClock(1_000 * SECOND_US))
        self.calls: list[tuple[Any, ...]] = []
        self.connected = False
        self._planned: list[tuple[int, int, Callable[[], None]]] = []
        self._serial = itertools.count()
        self._stack: list[dict[str, Any]] = []
        self._inputs: dict[str, str] = {}
        self._ticking: dict[str, set[str]] = {}
        self._orders = itertools.count(1)

    @property
    def mode(self) -> Mode:
        return "simulated"

    # --- the pump

    def plan(self, delay_us: int, name: str, *arguments: str | int, data: dict[str, Any] | None = None) -> None:
        """Have an event delivered after a delay."""
        self.later(delay_us, lambda: self._deliver(name, arguments, data or {}))

    def later(self, delay_us: int, action: Callable[[], None]) -> None:
        heapq.heappush(self._planned, (self.clock.now_us() + delay_us, next(self._serial), action))
        self.wake()

    def _deliver(self, name: str, arguments: tuple[str | int, ...], data: dict[str, Any]) -> None:
        self._stack.append({"event": name, **data})
        try:
            self._emit(name, arguments)
        finally:
            self._stack.pop()

    def next_due(self) -> float | None:
        if self._work:
            return 0.0
        if not self._planned:
            return None
        return max(0.0, self.clock.real_seconds(self._planned[0][0] - self.clock.now_us()))

    def pump(self, timeout_s: float = 0.0) -> int:
        count = self._run_work()
        until = self.clock.now_us() + round(timeout_s * SECOND_US)
        while True:
            delivered = 0
            while self._planned and self._planned[0][0] <= self.clock.now_us():
                _, _, action = heapq.heappop(self._planned)
                action()
                delivered += 1
            count += delivered
            if count or self.clock.now_us() >= until:
                return count
            target = min(until, self._planned[0][0]) if self._planned else until
            if self.clock.virtual:
                self.clock.advance_to(target)
            else:
                self._wake.clear()
                self._wake.wait(self.clock.real_seconds(target - self.clock.now_us()))
                count += self._run_work()

    # --- the functions

    def _dispatch(self, name: str, arguments: tuple[str | int, ...]) -> Value:
        self.calls.append((name, *arguments))
        answer = getattr(self, f"_do_{name}", None)
        if answer is not None:
            return answer(*arguments)  # type: ignore[no-any-return]
        returns = FUNCTIONS[name].returns
        return {"str": "", "long": 0, "void": None, "variant": None}[returns]

    @property
    def _event(self) -> dict[str, Any]:
        return self._stack[-1] if self._stack else {}

    def _do_CommConnect(self) -> int:
        def login() -> None:
            self.connected = True
            self._deliver("OnEventConnect", (0,), {})

        self.later(LATENCY_US, login)
        return 0

    def _do_GetConnectState(self) -> int:
        return int(self.connected)

    def _do_GetLoginInfo(self, tag: str) -> str:
        table = {"ACCNO": "8012345611;", "USER_ID": "tester", "USER_NAME": "시험용", "GetServerGubun": "1"}
        return table.get(tag, "")

    def _do_GetMasterCodeName(self, code: str) -> str:
        return NAMES.get(code, "")

    def _do_GetCodeListByMarket(self, market: str) -> str:
        return "005930;000660;035420;" if market == "0" else ""

    def _do_GetAPIModulePath(self) -> str:
        return "C:\\OpenAPI"

    def _do_KOA_Functions(self, name: str, parameter: str) -> str:
        return "1" if name == "GetServerGubun" else ""

    def _do_SetInputValue(self, item: str, value: str) -> None:
        self._inputs[item] = value

    def _do_CommRqData(self, rq_name: str, tr_code: str, prev_next: int, scr_no: str) -> int:
        if tr_code not in ("opt10001", "opt10081"):
            return -202
        page = 1 if prev_next == 2 else 0
        data: dict[str, Any] = {"tr": tr_code, "rows": PAGES[page] if tr_code == "opt10081" else []}
        more = "2" if tr_code == "opt10081" and page == 0 else "0"
        self.plan(LATENCY_US, "OnReceiveMsg", scr_no, rq_name, tr_code, "[00Z310] 모의투자 조회가 완료되었습니다")
        arguments = (scr_no, rq_name, tr_code, "", more, 0, "", "", "")
        self.plan(LATENCY_US, "OnReceiveTrData", *arguments, data=data)
        return 0

    def _do_GetRepeatCnt(self, tr_code: str, record: str) -> int:
        return len(self._event.get("rows", ()))

    def _do_GetCommData(self, tr_code: str, record: str, index: int, item: str) -> str:
        event = self._event
        if event.get("tr") == "opt10001":
            return SINGLE.get(item.strip(), "")
        rows = event.get("rows", ())
        if index < len(rows) and item.strip() in DAY:
            return str(rows[index][DAY.index(item.strip())])
        if item == "주문번호":
            return str(event.get("order", ""))
        return ""

    def _do_CommGetData(self, code: str, real_type: str, field: str, index: int, inner: str) -> str:
        if real_type == "-1":
            return self._do_GetChejanData(int(field))
        if inner:
            return self._do_GetCommData(code, field, index, inner)
        return self._do_GetCommRealData(code, int(field))

    def _do_GetCommDataEx(self, tr_code: str, record: str) -> Value:
        rows = self._event.get("rows", [])
        return [list(row) for row in rows] or None

    def _do_SetRealReg(self, scr_no: str, codes: str, fids: str, kind: str) -> int:
        for code in codes.split(";"):
            fresh = code not in self._ticking
            self._ticking.setdefault(code, set()).add(scr_no)
            if fresh:
                self.later(LATENCY_US, lambda code=code: self._tick(code))  # type: ignore[misc]
        return 0

    def _tick(self, code: str) -> None:
        if self._ticking.get(code):
            values = "\t".join(TICK.values())
            self.later(20 * LATENCY_US, lambda: self._tick(code))
            self._deliver("OnReceiveRealData", (code, "주식체결", values), {"code": code})

    def _do_SetRealRemove(self, scr_no: str, code: str) -> None:
        for known in list(self._ticking):
            if code in (known, "ALL"):
                del self._ticking[known]

    def _do_DisconnectRealData(self, scr_no: str) -> None:
        for code in [c for c, screens in self._ticking.items() if scr_no in screens]:
            self._ticking[code].discard(scr_no)

    def _do_GetCommRealData(self, code: str, fid: int) -> str:
        return TICK.get(fid, "") if self._event.get("code") == code else ""

    def _do_GetConditionLoad(self) -> int:
        self.plan(LATENCY_US, "OnReceiveConditionVer", 1, "[OK] 사용자 조건검색식 읽기")
        return 1

    def _do_GetConditionNameList(self) -> str:
        return "0^대형 저평가 우량주;"

    def _do_SendCondition(self, scr_no: str, name: str, index: int, search: int) -> int:
        self.plan(LATENCY_US, "OnReceiveTrCondition", scr_no, "005930;000660;", name, index, 0)
        if search == 1:
            self.plan(2 * LATENCY_US, "OnReceiveRealCondition", "035420", "I", name, str(index))
        return 1

    def _do_SendOrder(
        self,
        rq_name: str,
        scr_no: str,
        account: str,
        kind: int,
        code: str,
        qty: int,
        price: int,
        gb: str,
        original: str,
    ) -> int:
        number = f"{next(self._orders):07d}"
        tr_code = "KOA_NORMAL_BUY_KP_ORD"
        self.plan(LATENCY_US, "OnReceiveMsg", scr_no, rq_name, tr_code, "[100000] 모의투자 매수주문완료")
        arguments = (scr_no, rq_name, tr_code, "", "", 0, "", "", "")
        self.plan(LATENCY_US, "OnReceiveTrData", *arguments, data={"order": number})
        for status in ("접수", "체결"):
            notice = {9201: account, 9203: number, 9001: f"A{code}", 913: status, 900: str(qty)}
            fids = ";".join(map(str, notice))
            self.plan(LATENCY_US, "OnReceiveChejanData", "0", len(notice), fids, data={"notice": notice})
        return 0

    def _do_GetChejanData(self, fid: int) -> str:
        return str(self._event.get("notice", {}).get(fid, ""))


def real_clock() -> RealClock:
    """A clock that runs with real time."""
    return RealClock(monotonic_ns=time.monotonic_ns)
