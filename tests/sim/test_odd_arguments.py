"""Every function of the control with the arguments of mistaken programs: a value or a known code, no exception."""

from __future__ import annotations

import random

import pytest
from tests.sim.answers.sweep import WRONG
from tests.sim.driver import Driver

from kiwoom.control.contract import FUNCTIONS
from kiwoom.errors import CODES

_TEXTS = (
    *WRONG, "005930", "0000", "0101", "ALL", "10;11;215", "00", "03", "0", "1", "2", "opt10081", "\x00", "😀",
    "가" * 50, ";;;", "^", ",", "%s", "{0}", "nan", "inf", "1e400", "9" * 20, "0x10", "주식체결", "ACCNO",
    "005930;000660", "202602",
)  # fmt: skip
_NUMBERS = (-(2**31), -1000, -1, *range(9), 99, 100, 2**31 - 1)
# What is not an error: the market of a code that does not exist.
_NO_MARKET = ("GetMarketType", -1)


@pytest.mark.parametrize("seed", range(3))
def test_every_function(seed: int) -> None:
    driver = Driver("limits=off&list=small&accounts=stock,futures&at=2026-02-06 10:00")
    control, rng = driver.control, random.Random(seed)
    account = str(control.call("GetLoginInfo", "ACCNO")).split(";")[0]
    for _ in range(40):
        for function in FUNCTIONS.values():
            if function.name in ("CommConnect", "CommTerminate"):
                continue
            arguments = [
                rng.choice(_NUMBERS) if each.kind == "long" else rng.choice((*_TEXTS, account))
                for each in function.arguments
            ]
            value = control.call(function.name, *arguments)
            if isinstance(value, int) and value < 0 and (function.name, value) != _NO_MARKET:
                assert value in CODES, f"{function.name}{arguments} gave {value}, which means nothing"
        driver.run(2)
    driver.run(60)
    assert not control.engine.failures.count
    assert driver.ask("opt10001", 종목코드="005930").single["종목명"] == "삼성전자"
