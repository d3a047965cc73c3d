"""What functions return, and the arguments of events that are not about orders."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tests.sim.captured import words as real
from tests.sim.driver import Driver
from tests.sim.fidelity.report import Compared, Line, matches, same

__all__ = ["compared"]


def compared(market: Driver) -> Iterator[Compared]:
    """Functions, and the events of login, conditions and messages."""
    market.run(61)
    call = market.control.call
    call("GetConditionLoad")
    market.wait("OnReceiveConditionVer")
    result = Compared("Functions", "mock server, 2019; real server, 2024")
    for name, arguments, pattern in real.FUNCTIONS:
        shown = f"{name}({', '.join(map(repr, arguments))})"
        result.lines.append(matches(shown, pattern, str(call(name, *arguments))))
    for said, good in _SAID.items():
        result.lines.append(same(said[0], said[1], said[1] if good(market) else "not so", good(market)))
    yield result
    yield _events(market)
    yield _queries()


def _events(market: Driver) -> Compared:
    assert market.control.call("SendCondition", "0101", "중소형 저평가주", 1, 0) == 1
    market.wait("OnReceiveTrCondition")
    kind = Compared("Events of login, conditions and wrong inputs", "mock and real server, 2021-2024")
    market.control.call("SetInputValue", "종목코드", "")
    market.control.call("CommRqData", "잘못", "opt10001", 0, "0101")
    market.wait("OnReceiveMsg")
    dropped = Driver("at=2026-02-06 14:29&seed=2")
    dropped.control.faults.disconnect()
    dropped.wait("OnReceiveMsg")
    for driver, name, patterns in (
        (market, "OnEventConnect", (r"0",)),
        (market, "OnReceiveConditionVer", real.CONDITIONS_READ),
        (market, "OnReceiveTrCondition", real.CONDITION_FOUND),
        (market, "OnReceiveMsg", real.BAD_INPUT),
        (dropped, "OnReceiveMsg", real.CUT_TEXT),
    ):
        arguments = driver.named(name)[-1]
        for place, (pattern, argument) in enumerate(zip(patterns, arguments, strict=True), 1):
            kind.lines.append(matches(f"{name}, argument {place}", pattern, str(argument)))
    kind.lines += _at_night()
    return kind


def _at_night() -> list[Line]:
    """Hours after the close the server answers as during the day."""
    night = Driver("at=2026-02-06 23:46&seed=2")
    night.control.call("GetConditionLoad")
    night.wait("OnReceiveConditionVer")
    night.control.call("SendCondition", "2372", "중소형 저평가주", 1, 0)
    found = night.wait("OnReceiveTrCondition")[0]
    single = night.ask("opt10001", 종목코드="005930").single
    return [
        matches("OnReceiveTrCondition at night, codes", real.CONDITION_FOUND[1], str(found[1])),
        matches("opt10001 at night, 현재가", r"[+-]?\d+", single["현재가"]),
    ]


def _queries() -> Compared:
    """The texts after queries about an account."""
    kind = Compared("Texts about queries", "mock server, 2023; real server, 2024")
    for texts, text in real.QUERY_TEXTS:
        driver = Driver(f"at=2026-02-06 14:29&seed=2&texts={texts}")
        # the second account holds more than a page
        account = str(driver.control.call("GetLoginInfo", "ACCNO")).split(";")[1 if "계속" in text else 0]
        inputs = {"계좌번호": account, "비밀번호": "0000", "비밀번호입력매체구분": "00"}
        code = "opw00018" if "계속" in text else "OPW00004"
        more = {"조회구분": "2"} if code == "opw00018" else {"상장폐지조회구분": "0"}
        (said,) = driver.ask(code, **inputs, **more).messages
        kind.lines.append(same(f"{texts} server, {code}", text, said, said == text))
    return kind


def _codes(market: Driver, kind: str) -> list[str]:
    return str(market.control.call("GetCodeListByMarket", kind)).split(";")[:-1]


def _sorted(codes: list[str]) -> bool:
    return codes == sorted(codes)


def _sectors(market: Driver) -> bool:
    text = str(market.control.call("KOA_Functions", "GetUpjongCode", "0"))
    return [tuple(sector.split(",")[1:]) for sector in text.split("|")][: len(real.SECTORS)] == list(real.SECTORS)


def _themes(market: Driver, order: int) -> list[str]:
    return [theme.split("|")[order] for theme in str(market.control.call("GetThemeGroupList", order)).split(";")]


def _mirrored(market: Driver) -> bool:
    months = str(market.control.call("GetMonthList")).split(";")
    return months == months[::-1] and months[len(months) // 2 :] == sorted(months[len(months) // 2 :])


def _ascending(market: Driver) -> bool:
    prices = [int(price) for price in str(market.control.call("GetActPriceList")).split(";")]
    return prices == sorted(set(prices))


def _positions(market: Driver) -> bool:
    codes = str(market.control.call("GetFutureList")).split(";")
    return codes[:8] == [str(market.control.call("GetFutureCodeByIndex", place)) for place in range(8)]


def _future_names(market: Driver) -> bool:
    codes = str(market.control.call("GetFutureList")).split(";")
    names = [str(market.control.call("GetMasterCodeName", code)) for code in codes]
    minis = [name for name in names if name.startswith("미니")]
    index = names[: len(names) - len(minis)]
    return all(re.fullmatch(r"미니 F \d{6}", name) for name in minis) and all(
        re.fullmatch(r"F \d{6}", name) for name in index
    )


def _padded(market: Driver) -> bool:
    assets = str(market.control.call("GetSFOBasisAssetList")).split(";")
    return all(len(asset.partition("|")[2].encode("cp949")) == 40 for asset in assets)


_SAID: dict[tuple[str, str], Callable[[Driver], bool]] = {
    ("GetCodeListByMarket('0'), the first codes", "ascending"): lambda m: _sorted(_codes(m, "0")[:12]),
    ("GetCodeListByMarket('10'), the first codes", "foreign companies"): lambda m: _codes(m, "10")[0].startswith("900"),
    ("KOA_Functions('GetUpjongCode', '0'), 13 sectors", "codes and names"): _sectors,
    ("GetThemeGroupList(0)", "by code"): lambda m: _themes(m, 0) == sorted(_themes(m, 0)),
    ("GetThemeGroupList(1)", "by name"): lambda m: _themes(m, 1) == sorted(_themes(m, 1)),
    ("GetMonthList()", "calls descending, then puts ascending"): _mirrored,
    ("GetActPriceList()", "ascending"): _ascending,
    ("GetFutureCodeByIndex(0..7)", "the places in GetFutureList"): _positions,
    ("GetFutureList(), names", "F 202409, 미니 F 202408"): _future_names,
    ("GetSFOBasisAssetList(), names", "padded to 40 bytes"): _padded,
}  # fmt: skip
