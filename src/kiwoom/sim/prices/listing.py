"""
Which instruments there are, and their real bars: from the package's own table, or from a folder with real data.

A folder (`data=DIR`) may hold `krx_listing.csv`, `daily/CODE.csv`, `index_daily.csv`, and days to be lived again in
`minute/` and `ticks/`. A file is read when it is first needed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, ValuesView
from datetime import date
from functools import cached_property
from pathlib import Path

from kiwoom import catalog
from kiwoom.catalog import calendar
from kiwoom.sim.prices.dailyfiles import check_header, last_day_in, read_bars
from kiwoom.sim.prices.datafiles import FileDay, IntradayFiles
from kiwoom.sim.prices.history import DayBar
from kiwoom.sim.prices.tables import day_in, number, records
from kiwoom.sim.rules.instruments import Instrument, Kind

__all__ = ["BASE_DATE", "INDICES", "Listing", "builtin_listing", "listing_from"]

log = logging.getLogger("kiwoom.sim")

BASE_DATE = date(2026, 1, 2)
"""The day whose closes the package's table gives as base prices."""

# Closing levels of the main indices near BASE_DATE, rounded; an industry's index starts from its market's.
INDICES = {"001": 4300, "002": 4400, "003": 3600, "004": 2600, "101": 945, "201": 620, "138": 1850, "701": 8800}


class Instruments(Mapping[str, Instrument]):
    """
    Instruments by code, in the order of their codes; `make` gives one when it is first looked at.

    A login looks at a few of the 4,400: to make all of them would double its time.
    """

    def __init__(self, codes: Iterable[str], make: Callable[[str], Instrument]) -> None:
        self._made: dict[str, Instrument] = {}
        self._waiting = dict.fromkeys(codes)
        """The codes in their order, until all of them are made."""
        self._make = make

    def __getitem__(self, code: str) -> Instrument:
        found = self._made.get(code)
        if found is None:
            if code not in self._waiting:
                raise KeyError(code)
            found = self._made[code] = self._make(code)
        return found

    def __iter__(self) -> Iterator[str]:
        # `_waiting` is emptied once all are made; until then it alone has the order.
        return iter(self._waiting or self._made)

    def __len__(self) -> int:
        return len(self._waiting or self._made)

    def __contains__(self, code: object) -> bool:
        return code in self._made or code in self._waiting

    def find(self, code: str) -> Instrument | None:
        """The instrument of a code, None if there is none."""
        return self._made.get(code) or (self[code] if code in self._waiting else None)

    def values(self) -> ValuesView[Instrument]:
        """All instruments, which makes them."""
        if self._waiting:
            self._made = {code: self[code] for code in self._waiting}
            self._waiting = {}
        return self._made.values()

    def add(self, instruments: Iterable[Instrument]) -> None:
        """Append further ones."""
        for instrument in instruments:
            self._made[instrument.code] = instrument
            if self._waiting:
                self._waiting[instrument.code] = None


class Listing:
    """The instruments by code, in the listing's order, and the real bars of those that have some."""

    def __init__(
        self,
        instruments: Instruments,
        read_bars: Callable[[str], list[DayBar]] | None = None,
        last_day: date | None = None,
        read_days: Callable[[str], dict[date, FileDay]] | None = None,
        read_until: Callable[[str], date | None] | None = None,
    ) -> None:
        self.instruments = instruments
        self.last_day = last_day
        """The last day of real data, None without any."""
        self._read_bars = read_bars
        self._read_days = read_days
        self._read_until = read_until

    def real_bars(self, code: str) -> list[DayBar]:
        """The real daily bars of a code, oldest first; empty if there are none."""
        return self._read_bars(code) if self._read_bars else []

    def real_until(self, code: str) -> date | None:
        """The last day of a code's file, with a bar or suspended; None without a file."""
        return self._read_until(code) if self._read_until else None

    def intraday(self, code: str, day: date) -> FileDay | None:
        """A code's day in the files of minutes and trades, None if they do not have it."""
        return self._read_days(code).get(day) if self._read_days else None

    def add(self, instruments: Iterable[Instrument]) -> None:
        """List further instruments (index derivatives of the day)."""
        self.instruments.add(instruments)


def _indices(base_date: date, levels: dict[str, int]) -> list[Instrument]:
    """The sector indices of the catalog as instruments, in hundredths of a point."""
    result = []
    for sector in catalog.sectors().values():
        # An index without a level of its own starts from its market's main one.
        parent = {"1": "101", "2": "201"}.get(sector.market, "001")
        level = levels.get(sector.code) or INDICES.get(sector.code) or levels.get(parent) or INDICES[parent]
        scaled = round(level * 100)
        result.append(
            Instrument(
                sector.code, sector.name, "INDEX", "INDEX", 50_000_000_000, scaled, base_date,
                sector=sector.code, scale=100, multiplier=5,
            )
        )  # fmt: skip
    return result


def builtin_listing(small: bool = False) -> Listing:
    """The table that the package carries; `small` gives its short list alone."""
    instruments = Instruments(catalog.listed_codes(small), _listed)
    instruments.add(_indices(BASE_DATE, {}))
    return Listing(instruments)


def _listed(code: str) -> Instrument:
    row = catalog.find(code)
    assert row is not None, code
    day = row.listed_on
    return Instrument(
        code, row.name, row.market, _KINDS[row.kind], row.listed_shares, row.base_price, BASE_DATE,
        sector=row.sector, size=row.size, par=row.par_value,
        listed=date(int(day[:4]), int(day[4:6]), int(day[6:])), settle_month=row.settle_month,
        kospi200=row.kospi200, thin=not row.short,
    )  # fmt: skip


# --- a folder of real data ---------------------------------------------------------------------------------------

# Any other text of a listing counts as common stock.
_KINDS: dict[str, Kind] = {
    "COMMON": "COMMON", "PREFERRED": "PREFERRED", "REIT": "REIT", "SPAC": "SPAC", "ETF": "ETF", "ETN": "ETN",
}  # fmt: skip
# KRX's segment of KOSDAQ since 2022: the same market to Open API+.
_MARKETS = {"KOSDAQ GLOBAL": "KOSDAQ"}
_LISTING: Mapping[str, tuple[str, ...]] = {
    "code": ("code", "종목코드", "단축코드", "symbol"),
    "name": ("name", "종목명", "한글 종목약명"),
    "market": ("market", "시장구분", "시장"),
    "sec_type": ("sec_type", "kind"),
    "shares": ("listed_shares", "상장주식수", "stocks"),
    "par": ("par_value", "액면가"),
    "listed": ("listing_date", "상장일"),
    "sector": ("krx_sector_name", "sector", "업종명"),
    "settle_month": ("settle_month", "결산월"),
    "close": ("close", "종가", "현재가"),
    "close_date": ("close_date",),
    "isin": ("isin", "표준코드"),
}
"""The columns of krx_listing.csv, and other names of them."""
_SHARES = 10_000_000  # of a code without an entry in the listing


class _Folder:
    """Reads the files of a data folder, each when it is first needed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = IntradayFiles(path)
        self._days: dict[str, dict[date, FileDay]] = {}
        self._bars: dict[str, list[DayBar]] = {}
        self.daily_files = sorted((path / "daily").glob("*.csv"))

    def check(self) -> None:
        """Raise ValueError, naming file and line, for a file that is no table of prices. Reads the headers alone."""
        for path in self.daily_files:
            check_header(path)
        self.files.check()

    def bars(self, code: str) -> list[DayBar]:
        """The daily bars of a code, with the days that only `minute/` or `ticks/` have."""
        days = self.days(code)
        if not days:
            return self._daily(code)
        bars = {day: found.bar for day, found in days.items()}
        # Daily bars win: they hold the trades after hours, which minute files leave out.
        bars.update((bar.date, bar) for bar in self._daily(code))
        return [bars[day] for day in sorted(bars)]

    def days(self, code: str) -> dict[date, FileDay]:
        """The days of a code in `minute/` and `ticks/`, without those that its daily bars contradict."""
        if code not in self._days:
            daily = {bar.date: bar for bar in self._daily(code)} if self.files else {}
            self._days[code] = {
                day: found
                # Three digits are an index, counted in hundredths.
                for day, found in self.files.days(code, 100 if len(code) == 3 else 1).items()
                if day not in daily or _agree(code, daily[day], found.bar)
            }
        return self._days[code]

    def _daily(self, code: str) -> list[DayBar]:
        if len(code) == 3:
            # KRX numbers its indices otherwise than Kiwoom: 1001 KOSPI, 2001 KOSDAQ, 1028 KOSPI200.
            return self.index_bars.get({"001": "1001", "101": "2001", "201": "1028"}.get(code, ""), [])
        if code not in self._bars:
            path = self.path / "daily" / f"{code}.csv"
            try:
                found = read_bars(path) if path.exists() else {}
            except ValueError as error:
                # the header was right at the opening: the file has changed since
                log.error("%s", error)
                found = {}
            self._bars[code] = next(iter(found.values()), [])
        return self._bars[code]

    def until(self, code: str) -> date | None:
        """The last day that a code's file has a row of."""
        path = self.path / "daily" / f"{code}.csv"
        return last_day_in(path) if path.exists() else None

    @cached_property
    def index_bars(self) -> dict[str, list[DayBar]]:
        path = self.path / "index_daily.csv"
        return read_bars(path, 100) if path.exists() else {}

    @cached_property
    def industries(self) -> dict[str, str]:
        """Name of an industry sector to Kiwoom's code of it, in the old and the new wording."""
        return {sector.name: sector.code for sector in catalog.sectors().values()}

    def last_day(self) -> date | None:
        """The last day of all files of daily bars."""
        days = [bars[-1].date for bars in self.index_bars.values() if bars]
        days += [day for path in self.daily_files if (day := last_day_in(path)) is not None]
        if not days and (lived := self.files.last_day()) is not None:
            return calendar.previous_trading_day(lived)  # the session starts on the day of the files
        return max(days, default=None)

    def instruments(self, base_date: date) -> Iterable[Instrument]:
        """The folder's listing, or the package's own if it has none, with the codes of the files."""
        path = self.path / "krx_listing.csv"
        if path.exists():
            yield from self._listed(path, base_date)
            return
        known = [i for i in builtin_listing().instruments.values() if i.kind != "INDEX"]
        yield from known
        named = {path.stem for path in self.daily_files} | set(self.files.codes)
        # A delisted or new code that the package does not know: its file alone says that it exists.
        for code in sorted(named - {i.code for i in known}):
            if len(code) == 6 and (bars := self.bars(code)):
                yield Instrument(code, code, "KOSPI", "COMMON", _SHARES, bars[0].open, bars[0].date)

    def _listed(self, path: Path, base_date: date) -> Iterator[Instrument]:
        """The instruments of a listing. Raises ValueError, naming file and line, for a row that is none."""
        codes: dict[str, int] = {}
        for line, row in records(path, _LISTING, ("code", "name")):
            try:
                instrument = self._instrument(row, base_date)
            except ValueError as error:
                raise ValueError(f"{path}, line {line}: {error}") from None
            if instrument.code in codes:
                raise ValueError(f"{path}, line {line}: {instrument.code} is in line {codes[instrument.code]} already")
            codes[instrument.code] = line
            yield instrument

    def _instrument(self, row: Mapping[str, str], base_date: date) -> Instrument:
        def get(name: str) -> str:
            return row.get(name, "")

        # Excel drops the zeros in front of a number
        code = get("code").strip("\"'").upper().zfill(6)
        if len(code) != 6 or not code.isalnum() or not code.isascii():
            raise ValueError(f"{get('code')!r} is no code of six characters")
        close, shares = number(get("close")), number(get("shares"))
        if (close or 0) < 0 or (shares or 0) < 0:
            raise ValueError(f"a price or a number of shares of {code} is below 0")
        month = get("settle_month").removesuffix("월")
        known = catalog.find(code)
        return Instrument(
            code, get("name") or code, _MARKETS.get(get("market").upper(), get("market").upper() or "KOSPI"),
            _KINDS.get(get("sec_type").upper(), "COMMON"), int(shares or 1_000_000), round(close or 0) or 10_000,
            day_in(get("close_date")) if get("close_date") else base_date,
            sector=self.industries.get(get("sector"), ""), par=_par(get("par")),
            listed=day_in(get("listed")) if get("listed") else None,
            settle_month=int(month) if month.isdecimal() and 1 <= int(month) <= 12 else 12,
            isin=get("isin"), thin=not close and (known is None or not known.short),
        )  # fmt: skip


def _agree(code: str, daily: DayBar, found: DayBar) -> bool:
    """Whether a file's day lies within the daily bar. It does not if the daily prices were adjusted since."""
    # Half a percent: midpoint trades and rounding, but not a split or a dividend.
    if daily.low * 995 <= found.low * 1000 and found.high * 1000 <= daily.high * 1005:
        return True
    log.warning(
        "the minutes or trades of %s on %s are left out: they go from %d to %d, the daily bar from %d to %d",
        code, daily.date, found.low, found.high, daily.low, daily.high,
    )  # fmt: skip
    return False


def _par(text: str) -> int:
    """Par value in won; 0 for a share without one (무액면) and for one in a foreign currency below 1."""
    try:
        return int(number(text) or 0)
    except ValueError:
        return 0


def listing_from(path: Path) -> Listing:
    """
    A listing and real prices from a folder.

    Raises ValueError if the folder has neither, and for a file that cannot be read, with its name and the line.
    """
    folder = _Folder(path)
    if not (path / "krx_listing.csv").exists() and not folder.files and not folder.daily_files:
        raise ValueError(f"{path} has neither krx_listing.csv nor files in daily/, minute/ or ticks/")
    # Before anything is read: a wrong file must stop the start, not a request an hour later.
    folder.check()
    last_day = folder.last_day()
    base_date = last_day or BASE_DATE
    levels = {
        "001": folder.index_bars.get("1001"),
        "101": folder.index_bars.get("2001"),
        "201": folder.index_bars.get("1028"),
    }
    closes = {code: bars[-1].close // 100 for code, bars in levels.items() if bars}
    instruments = Instruments((), _listed)
    instruments.add(folder.instruments(base_date))
    instruments.add(_indices(base_date, closes))
    return Listing(instruments, folder.bars, last_day, folder.days, folder.until)
