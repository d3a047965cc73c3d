"""What programs for breadum/kiwoom 1.x ask about charts, as `kiwoom.config.history` answered it there."""

from __future__ import annotations

from collections.abc import Callable, ItemsView, Iterable, Iterator
from datetime import datetime

from kiwoom import config
from kiwoom.config.types import CodeType, OutputType
from kiwoom.data.preps import number, remove_sign, string
from kiwoom.history.charts import CHARTS, Chart, chart_of, period_named

__all__ = [
    "boost",
    "get_code_type",
    "get_datetime_column",
    "get_datetime_format",
    "get_period",
    "get_record_name_for_its_name",
    "get_tr_code",
    "inputs",
    "is_date",
    "is_market",
    "is_market_gubun",
    "is_sector",
    "outputs",
    "preper",
    "regret",
]

# Digits: 001 is KOSPI. Stocks have six characters, derivatives eight.
_SECTOR_CODE_LENGTH = 3


def is_date(date: object) -> bool:
    """Say whether this is a day as YYYYMMDD."""
    text = str(date)
    try:
        # `strptime` alone takes "2020101" too.
        return len(text) == 8 and text.isdecimal() and bool(datetime.strptime(text, "%Y%m%d"))
    except ValueError:
        return False


def is_market(code: object) -> bool:
    """Say whether this is the code of a market, as in `config.MARKETS`."""
    return str(code) in config.MARKETS


def is_market_gubun(code: object) -> bool:
    """Say whether this is a group of sectors, as in `config.MARKET_GUBUNS`."""
    return str(code) in config.MARKET_GUBUNS


def is_sector(code: object) -> bool:
    """Say whether this has the length of a sector's code."""
    return len(str(code)) == _SECTOR_CODE_LENGTH


def get_code_type(code: str) -> CodeType:
    """Tell a sector's code from a stock's by its length."""
    return CodeType.SECTOR if is_sector(code) else CodeType.STOCK


def get_tr_code(periods: str | Iterable[str], ctypes: CodeType | Iterable[CodeType] | None = None) -> str | list[str]:
    """The chart TRs of periods and kinds of code (by default both); one alone comes as text, several as a list."""
    wanted = [periods] if isinstance(periods, str) else list(periods)
    kinds = list(CodeType) if ctypes is None else [ctypes] if isinstance(ctypes, CodeType) else list(ctypes)
    codes = [CHARTS["sector" if kind is CodeType.SECTOR else "stock", period_named(p)].tr_code
             for p in wanted for kind in kinds]  # fmt: skip
    return codes[0] if len(codes) == 1 else codes


def _chart(tr_code: str) -> Chart:
    found = chart_of(tr_code)
    if found is None:
        raise KeyError(f"{tr_code!r} is no chart TR")
    return found


def get_period(tr_code: str) -> str:
    """The period of a chart TR. Raises KeyError for another TR."""
    return _chart(tr_code).period


def get_record_name_for_its_name(tr_code: str) -> str:
    """The input of a chart TR that takes the code: 종목코드 or 업종코드."""
    return _chart(tr_code).code_field


def get_datetime_column(period: str) -> str:
    """The column of a file that tells when: 체결시간 or 일자."""
    return CHARTS["stock", period_named(period)].time_field


def get_datetime_format(period: str) -> str:
    """The format of that column in the server's answer, as `strptime` takes it."""
    return "%Y%m%d%H%M%S" if CHARTS["stock", period_named(period)].intraday else "%Y%m%d"


def inputs(tr_code: str, code: str, unit: int | str | None = None, end: str | None = None) -> ItemsView[str, str]:
    """The inputs of a chart TR and their values; `unit` ticks or minutes a bar, `end` the newest day."""
    return dict(_chart(tr_code).inputs(code, int(unit or 1), str(end or ""))).items()


def outputs(tr_code: str, otype: OutputType) -> list[str]:
    """The items that a download reads: of the single record the code, of the multi record the row."""
    found = _chart(tr_code)
    return [found.code_field] if otype is OutputType.SINGLE else list(found.fields)


def preper(tr_code: str, otype: OutputType) -> Iterator[tuple[str, Callable[[str], object]]]:
    """The items of `outputs`, each with the function that makes a value of its text."""
    found = _chart(tr_code)
    prices = () if otype is OutputType.SINGLE else found.fields[found.prices]
    for name in outputs(tr_code, otype):
        texts = (found.code_field, found.time_field)
        yield name, remove_sign if name in prices else string if name in texts else number


def boost() -> None:
    """Do nothing. 1.x asked faster after this, and was locked out for it; downloads keep the published limits."""


def regret() -> None:
    """Do nothing: the counterpart of `boost`."""
