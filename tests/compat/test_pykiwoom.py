"""pykiwoom 0.1.6 from PyPI, unmodified, in an environment of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.compat.environments import environment
from tests.compat.running import Ran

from kiwoom.control import Control, open_control

pytestmark = [pytest.mark.qt, pytest.mark.slow, pytest.mark.timeout(900)]

URL = "sim:?seed=7&clock=virtual&at=2026-02-06 10:00"
SINGLE = """
    import json
    import pandas as pd
    from pykiwoom.kiwoom import Kiwoom

    def say(**what):
        print("::" + json.dumps(what, ensure_ascii=False, default=str))

    kiwoom = Kiwoom()
    kiwoom.CommConnect(block=True)
    say(state=kiwoom.GetConnectState(), accounts=kiwoom.GetLoginInfo("ACCNO"))
    say(codes=kiwoom.GetCodeListByMarket("0"), name=kiwoom.GetMasterCodeName("005930"),
        last=kiwoom.GetMasterLastPrice("005930"), listed=kiwoom.GetMasterListedStockDate("005930"),
        states=kiwoom.GetMasterStockState("005930"), module=kiwoom.GetAPIModulePath(),
        themes=len(kiwoom.GetThemeGroupList(1)))
    df = kiwoom.block_request("opt10001", 종목코드="005930", output="주식기본정보", next=0)
    say(single=df.to_dict("records"))
    pages = [kiwoom.block_request("opt10081", 종목코드="005930", 기준일자="20260205", 수정주가구분=1,
                                  output="주식일봉차트조회", next=0)]
    while kiwoom.tr_remained and len(pages) < 3:  # SendCondition below is a query too: five a second
        pages.append(kiwoom.block_request("opt10081", 종목코드="005930", 기준일자="20260205", 수정주가구분=1,
                                          output="주식일봉차트조회", next=2))
    df = pd.concat(pages)
    say(candles=df[["일자", "시가", "고가", "저가", "현재가", "거래량"]].values.tolist(), pages=[len(p) for p in pages])
    kiwoom.GetConditionLoad()
    conditions = kiwoom.GetConditionNameList()
    index, name = conditions[0]
    say(conditions=conditions, found=kiwoom.SendCondition("0101", name, index, 0))
    account = kiwoom.GetLoginInfo("ACCNO")[0]
    say(order=kiwoom.SendOrder("시장가매수", "0101", account, 1, "005930", 10, 0, "03", ""))
    import pythoncom, time
    notices = []
    kiwoom.ocx.OnReceiveChejanData.connect(lambda gubun, n, fids: notices.append(
        {fid: kiwoom.GetChejanData(fid) for fid in ("9001", "900", "911", "930")} | {"gubun": gubun}))
    ticks = []
    kiwoom.ocx.OnReceiveRealData.connect(lambda code, kind, data: ticks.append((code, kind, kiwoom.GetCommRealData(code, 10))))
    kiwoom.SetRealReg("0102", "005930", "10;15", "0")
    until = time.time() + 600
    while time.time() < until and not (len(ticks) > 10 and any(n["gubun"] == "1" for n in notices)):
        pythoncom.PumpWaitingMessages()
    say(notices=notices, ticks=[t for t in ticks if t[1] == "주식체결"])
"""  # noqa: E501 - written as users write

MANAGER = """
    import json
    from pykiwoom import KiwoomManager

    def say(**what):
        print("::" + json.dumps(what, ensure_ascii=False, default=str))

    if __name__ == "__main__":
        km = KiwoomManager()
        km.put_method(("GetMasterCodeName", "005930"))
        km.put_method(("GetLoginInfo", "ACCNO"))
        name, accounts = km.get_method(), km.get_method()
        say(name=name, accounts=accounts)
        km.put_tr({"rqname": "opt10001", "trcode": "opt10001", "next": "0", "screen": "1000",
                   "input": {"종목코드": "005930"}, "output": ["종목코드", "종목명", "현재가"]})
        data, remain = km.get_tr()
        say(single=data.to_dict("records"), remain=remain)
        km.put_tr({"rqname": "opt10081", "trcode": "opt10081", "next": "0", "screen": "1001",
                   "input": {"종목코드": "005930", "기준일자": "20260205", "수정주가구분": "1"},
                   "output": ["일자", "현재가"]})
        data, remain = km.get_tr()
        say(candles=data[["일자", "현재가"]].values.tolist(), remain=remain)
        km.put_cond({"func_name": "GetConditionNameList"})
        conditions = km.get_cond(method=True)
        km.put_cond({"func_name": "SendCondition", "screen": "2000", "cond_name": conditions[0][1],
                     "index": conditions[0][0], "search": 0})
        say(found=km.get_cond(real=False, method=False)["code_list"])
        km.put_real({"func_name": "SetRealReg", "screen": "3000", "code_list": ["005930"], "fid_list": ["10", "15"],
                     "opt_type": 0})
        say(ticks=[km.get_real() for _ in range(3)])
        km.put_order({"rqname": "매수", "screen": "4989", "acc_no": accounts[0], "order_type": 1, "code": "005930",
                      "quantity": 1, "price": 0, "hoga_gb": "03", "order_no": ""})
        notices = [km.get_chejan() for _ in range(3)]
        say(notices=[(n["gubun"], n.get("913"), n.get("930")) for n in notices])
"""


@pytest.fixture(scope="module")
def python() -> str:
    """An environment with pykiwoom; pywin32, which it wishes for, exists on Windows only."""
    return environment("pykiwoom", ("PyQt5==5.15.11", "pandas"), ("--no-deps", "pykiwoom==0.1.6"))


@pytest.fixture
def truth() -> Iterator[Control]:
    """The same simulator, asked directly."""
    with open_control(URL) as control:
        control.call("CommConnect")
        control.pump(5)
        yield control


def said(ran: Ran) -> dict[str, Any]:
    """What the program said, by name."""
    import json

    assert ran.code == 0, ran.err
    merged: dict[str, Any] = {}
    for line in ran.lines:
        if line.startswith("::"):
            merged.update(json.loads(line[2:]))
    return merged


def test_single_process(run_text: Callable[..., Ran], python: str, truth: Control) -> None:
    """Login, master data, block_request of one and of several pages, a condition, an order, real-time."""
    ran = run_text(SINGLE, opener=URL, python=python)
    result = said(ran)
    assert result["state"] == 1
    assert result["accounts"] == str(truth.call("GetLoginInfo", "ACCNO")).split(";")[:-1]
    assert result["codes"] == str(truth.call("GetCodeListByMarket", "0")).split(";")[:-1]
    assert result["name"] == "삼성전자"
    assert result["last"] == int(str(truth.call("GetMasterLastPrice", "005930")))
    assert result["listed"].replace("-", "").startswith(str(truth.call("GetMasterListedStockDate", "005930")))
    assert result["states"] == str(truth.call("GetMasterStockState", "005930")).split("|")
    assert result["module"] == "C:\\OpenAPI"
    assert result["themes"] == len(str(truth.call("GetThemeGroupList", 1)).split(";"))
    (single,) = result["single"]
    assert (single["종목코드"], single["종목명"]) == ("005930", "삼성전자")
    assert abs(int(single["기준가"])) == result["last"]
    assert result["pages"] == [600, 600, 600]
    assert result["candles"] == candles(truth, "005930", "20260205", 3)
    truth.call("GetConditionLoad")
    truth.pump(5)
    names = str(truth.call("GetConditionNameList"))
    assert result["conditions"] == [pair.split("^") for pair in names.split(";")[:-1]]
    assert result["found"], "the first condition finds nothing"
    assert set(result["found"]) <= set(result["codes"]) | set(str(truth.call("GetCodeListByMarket", "10")).split(";"))
    assert result["order"] == 0
    filled = [n for n in result["notices"] if n["gubun"] == "0" and n["911"] not in ("", "0")]
    assert filled[-1]["9001"] == "A005930"
    assert filled[-1]["911"] == "10"
    assert int([n for n in result["notices"] if n["gubun"] == "1"][-1]["930"]) >= 10
    assert len(result["ticks"]) > 3
    assert all(code == "005930" for code, _, _ in result["ticks"])
    assert all(0.7 * result["last"] <= abs(int(price)) <= 1.3 * result["last"] for _, _, price in result["ticks"])


def candles(control: Control, code: str, day: str, pages: int) -> list[list[str]]:
    """The rows of some pages of opt10081, asked for directly."""
    rows: list[list[str]] = []
    more = ["0"]

    def answered(screen: str, rq_name: str, tr_code: str, record: str, prev_next: str, *_: object) -> None:
        count = control.call("GetRepeatCnt", tr_code, rq_name)
        assert isinstance(count, int)
        for index in range(count):
            items = ("일자", "시가", "고가", "저가", "현재가", "거래량")
            rows.append([str(control.call("GetCommData", tr_code, rq_name, index, item)).strip() for item in items])
        more.append(prev_next)

    control.subscribe("OnReceiveTrData", answered)
    for page in range(pages):
        for name, value in (("종목코드", code), ("기준일자", day), ("수정주가구분", "1")):
            control.call("SetInputValue", name, value)
        control.call("CommRqData", "직접", "opt10081", 2 if page else 0, "0101")
        while len(more) < page + 2:
            control.pump(10)
    return rows


def test_manager(run_text: Callable[..., Ran], python: str, truth: Control) -> None:
    """KiwoomManager: the OCX in another process, commands and answers through queues."""
    url = "sim:?seed=7&speed=20&at=2026-02-06 10:00"
    ran = run_text(MANAGER, opener=url, python=python)
    result = said(ran)
    assert result["name"] == "삼성전자"
    assert result["accounts"] == str(truth.call("GetLoginInfo", "ACCNO")).split(";")[:-1]
    (single,) = result["single"]
    assert (single["종목코드"], single["종목명"]) == ("005930", "삼성전자")
    assert result["remain"] == 1
    assert result["candles"] == [[row[0], row[4]] for row in candles(truth, "005930", "20260205", 1)]
    codes = {code for market in ("0", "10") for code in str(truth.call("GetCodeListByMarket", market)).split(";")}
    assert set(result["found"]) - {""} <= codes
    assert len(result["found"]) > 3
    last = int(str(truth.call("GetMasterLastPrice", "005930")))
    assert [tick["code"] for tick in result["ticks"]] == ["005930"] * 3
    prices = [abs(int(tick["10"])) for tick in result["ticks"] if tick.get("10")]
    assert prices
    assert all(0.7 * last <= price <= 1.3 * last for price in prices), (last, prices)
    assert result["notices"][0][:2] == ["0", "접수"]
    assert {notice[0] for notice in result["notices"]} == {"0", "1"}


def test_version_updater(run_text: Callable[..., Ran], python: str) -> None:
    """Its version script logs in by hand, over win32gui, in a process of its own, and ends."""
    text = """
        from pykiwoom.update import version
        if __name__ == "__main__":
            version("아이디", "비밀번호")
            print("it ended", flush=True)
    """
    ran = run_text(text, opener="sim:?speed=50", python=python)
    assert ran.lines[-2:] == ["버전처리 완료", "it ended"]
    # The module makes two QApplications and crashes at its exit, without this layer as well.
    assert ran.code in (0, 128 + 11)
    assert ran.report.calls["CommConnect"] == 1
