"""A control double: a small broker whose answers are written down, on a real or a virtual clock."""

from __future__ import annotations

import itertools
import time

from kiwoom.clock import SECOND_US, Clock, RealClock, VirtualClock
from kiwoom.testing import Page
from kiwoom.testing import ScriptedControl as Scripted

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
LATENCY_S = 0.001


class ScriptedControl(Scripted):
    """Answers login, opt10001, opt10081, real-time data, conditions and orders from the tables above."""

    def __init__(self, clock: Clock | None = None, url: str = "scripted:") -> None:
        super().__init__(clock or VirtualClock(1_000 * SECOND_US), url, latency_s=LATENCY_S)
        self._ticking: dict[str, set[str]] = {}
        self._orders = itertools.count(1)
        for name in dir(self):
            if name.startswith("_do_"):
                self.answers[name.removeprefix("_do_")] = getattr(self, name)

    # --- the functions

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

    def _do_CommRqData(self, rq_name: str, tr_code: str, prev_next: int, scr_no: str) -> int:
        if tr_code not in ("opt10001", "opt10081"):
            return -202
        number = 1 if prev_next == 2 else 0
        page = Page(SINGLE) if tr_code == "opt10001" else _page(number)
        more = "2" if tr_code == "opt10081" and number == 0 else "0"
        message = "[00Z310] 모의투자 조회가 완료되었습니다"
        self.fire("OnReceiveMsg", scr_no, rq_name, tr_code, message, after_s=LATENCY_S)
        arguments = (scr_no, rq_name, tr_code, "", more, 0, "", "", "")
        self.fire("OnReceiveTrData", *arguments, after_s=LATENCY_S, page=page)
        return 0

    def _do_SetRealReg(self, scr_no: str, codes: str, fids: str, kind: str) -> int:
        for code in codes.split(";"):
            fresh = code not in self._ticking
            self._ticking.setdefault(code, set()).add(scr_no)
            if fresh:
                self.plan(LATENCY_S, lambda code=code: self._tick(code))  # type: ignore[misc]
        return 0

    def _tick(self, code: str) -> None:
        if self._ticking.get(code):
            self.plan(20 * LATENCY_S, lambda: self._tick(code))
            self.fire_real(code, "주식체결", TICK)

    def _do_SetRealRemove(self, scr_no: str, code: str) -> None:
        for known in list(self._ticking):
            if code in (known, "ALL"):
                del self._ticking[known]

    def _do_DisconnectRealData(self, scr_no: str) -> None:
        for code in [c for c, screens in self._ticking.items() if scr_no in screens]:
            self._ticking[code].discard(scr_no)

    def _do_GetConditionLoad(self) -> int:
        self.fire("OnReceiveConditionVer", 1, "[OK] 사용자 조건검색식 읽기", after_s=LATENCY_S)
        return 1

    def _do_GetConditionNameList(self) -> str:
        return "0^대형 저평가 우량주;"

    def _do_SendCondition(self, scr_no: str, name: str, index: int, search: int) -> int:
        self.fire("OnReceiveTrCondition", scr_no, "005930;000660;", name, index, 0, after_s=LATENCY_S)
        if search == 1:
            self.fire("OnReceiveRealCondition", "035420", "I", name, str(index), after_s=2 * LATENCY_S)
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
        self.fire("OnReceiveMsg", scr_no, rq_name, tr_code, "[100000] 모의투자 매수주문완료", after_s=LATENCY_S)
        arguments = (scr_no, rq_name, tr_code, "", "", 0, "", "", "")
        self.fire("OnReceiveTrData", *arguments, page=Page({"주문번호": number}), after_s=LATENCY_S)
        for status in ("접수", "체결"):
            notice = {9201: account, 9203: number, 9001: f"A{code}", 913: status, 900: str(qty)}
            self.fire_chejan("0", notice, after_s=LATENCY_S)
        return 0


def _page(number: int) -> Page:
    return Page(rows=[dict(zip(DAY, row, strict=True)) for row in PAGES[number]])


def real_clock() -> RealClock:
    """A clock that runs with real time."""
    return RealClock(monotonic_ns=time.monotonic_ns)
