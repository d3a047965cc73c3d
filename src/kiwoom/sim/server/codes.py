"""Functions that answer from the master files of the login: code lists, names, states, sectors, themes."""

from __future__ import annotations

import logging
from collections.abc import Callable

from kiwoom import catalog
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.margins import margin_percent
from kiwoom.sim.session.control import Part, SimControl, dispatch

__all__ = ["Master"]

log = logging.getLogger("kiwoom.sim")

# One more than the largest number of the OCX's 32-bit long.
_LONG_MAX = 2**31


class Master(Part):
    """GetCodeListByMarket, GetMaster..., themes, branches and the KOA_Functions. Before the login all is empty."""

    def __init__(self, control: SimControl) -> None:
        super().__init__(control)
        self._koa: dict[str, Callable[[str], str]] = {
            "showaccountwindow": self._show_account_window,
            # 1 is the mock server; programs use it to refuse to trade real money by mistake.
            "getservergubun": lambda _: "1",
            "getmasterstockinfo": self._stock_info,
            "setconditionsearchflag": self._condition_flag,
            "getupjongcode": self._sector_codes,
            "getupjongnamebycode": self._sector_name,
            # 0: no warning. The real OCX shows a modal window on buying a caution stock (since 2020).
            "isorderwarningetf": lambda code: "0" if self._find(code) else "",
            "isorderwarningstock": lambda code: "0" if self._find(code) else "",
            "getmasterlistedstockcntex": self._shares_text,
            "getstockmarketkind": self._market_kind,
        }
        self.condition_prices = False
        """Whether condition results carry prices (SetConditionSearchFlag)."""

    def _find(self, code: str) -> Instrument | None:
        if not self.control.connected:
            return None
        return self.broker.market.find(code.strip())

    # --- lists -------------------------------------------------------------------------------------------------

    @dispatch("GetCodeListByMarket")
    def get_code_list_by_market(self, market: str) -> str:
        if not self.control.connected:
            return ""
        market = market.strip()
        # With a trailing semicolon, as captured; lists of futures and themes have none.
        return "".join(f"{i.code};" for i in self.broker.market.instruments() if i.is_stock and _belongs(i, market))

    @dispatch("GetMarketType")
    def get_market_type(self, code: str) -> int:
        found = self._find(code)
        if found is None:
            return -1
        return {"KOSDAQ": 10, "KONEX": 50, "ETF": 8, "ETN": 60}.get(found.market, 6 if found.kind == "REIT" else 0)

    @dispatch("GetThemeGroupList")
    def get_theme_group_list(self, order: int) -> str:
        if not self.control.connected:
            return ""
        themes = sorted(catalog.themes(), key=lambda theme: theme.name if order == 1 else theme.code)
        return ";".join(f"{theme.code}|{theme.name}" for theme in themes)

    @dispatch("GetThemeGroupCode")
    def get_theme_group_code(self, theme_code: str) -> str:
        theme = next((theme for theme in catalog.themes() if theme.code == theme_code.strip()), None)
        if theme is None or not self.control.connected:
            return ""
        return ";".join(f"A{code}" for code in theme.codes if self.broker.market.find(code))

    @dispatch("GetBranchCodeName")
    def get_branch_code_name(self) -> str:
        if not self.control.connected:
            return ""
        return ";".join(f"{code}|{name}" for code, name in catalog.branches().items())

    # --- one code ----------------------------------------------------------------------------------------------

    @dispatch("GetMasterCodeName")
    def get_master_code_name(self, code: str) -> str:
        found = self._find(code)
        return found.name if found else ""

    @dispatch("GetMasterListedStockCnt")
    def get_master_listed_stock_cnt(self, code: str) -> int:
        found = self._find(code)
        if found is None or not found.is_stock:
            return 0
        # A 32-bit number: large companies overflow. GetMasterListedStockCntEx exists for that reason.
        return (found.shares + _LONG_MAX) % (2 * _LONG_MAX) - _LONG_MAX

    @dispatch("GetMasterConstruction")
    def get_master_construction(self, code: str) -> str:
        # No stock of the simulator is under warning or administration.
        return "정상" if self._find(code) else ""

    @dispatch("GetMasterListedStockDate")
    def get_master_listed_stock_date(self, code: str) -> str:
        found = self._find(code)
        return f"{found.listed:%Y%m%d}" if found and found.listed else ""

    @dispatch("GetMasterLastPrice")
    def get_master_last_price(self, code: str) -> str:
        found = self._find(code)
        # Captured 00015950: today's base price, eight digits, not the last trade.
        return f"{self.broker.market.live_as_seen(found).base:08d}" if found else ""

    @dispatch("GetMasterStockState")
    def get_master_stock_state(self, code: str) -> str:
        found = self._find(code)
        if found is None or not found.is_stock:
            return ""
        if self.broker.market.halted(found):
            return "증거금100%|거래정지"
        margin = margin_percent(found)
        if margin == 100:
            return "증거금100%"
        # Captured: 증거금40% alone, and 증거금20% with 담보대출 and 신용가능.
        return f"증거금{margin}%|담보대출|신용가능" if margin < 40 else f"증거금{margin}%"

    # --- KOA_Functions -----------------------------------------------------------------------------------------

    @dispatch("KOA_Functions")
    def koa_functions(self, name: str, parameter: str) -> str:
        # Programs write these names in any case.
        function = self._koa.get(name.strip().lower())
        if function is None:
            log.error("KOA_Functions has no %r", name)
            return ""
        return function(parameter.strip())

    def _show_account_window(self, _parameter: str) -> str:
        log.info("ShowAccountWindow: the simulator's accounts have their passwords registered (0000)")
        return ""

    def _stock_info(self, code: str) -> str:
        found = self._find(code)
        if found is None:
            return ""
        if found.market in ("ETF", "ETN"):
            return f"시장구분0|{found.market};"
        # Captured with and without a semicolon behind the last part; here each part has one.
        parts = [f"시장구분0|{'코스닥' if found.market == 'KOSDAQ' else '거래소'};"]
        if found.size and found.kind != "PREFERRED":
            parts.append(f"시장구분1|{found.size};")
        sector = catalog.sectors().get(found.sector)
        if sector is not None:
            parts.append(f"업종구분|{sector.name};")
        return "".join(parts)

    def _condition_flag(self, flag: str) -> str:
        if flag.lower() in ("addprice", "delprice"):
            self.condition_prices = flag.lower() == "addprice"
        else:
            log.error("SetConditionSearchFlag takes AddPrice or DelPrice, got %r", flag)
        return ""

    def _sector_codes(self, market: str) -> str:
        if not self.control.connected:
            return ""
        found = [sector for sector in catalog.sectors().values() if sector.market == market]
        return "|".join(f"{sector.market},{sector.code},{sector.name}" for sector in found)

    def _sector_name(self, code: str) -> str:
        sector = catalog.sectors().get(code)
        return sector.name if sector and self.control.connected else ""

    def _shares_text(self, code: str) -> str:
        found = self._find(code)
        return str(found.shares) if found and found.is_stock else ""

    def _market_kind(self, code: str) -> str:
        found = self._find(code)
        if found is None:
            return ""
        if found.kind == "REIT":
            return "6"
        return {"KOSDAQ": "10", "ETF": "8", "ETN": "60", "KONEX": "50"}.get(found.market, "0")


def _belongs(instrument: Instrument, market: str) -> bool:
    if market == "":
        return True
    if market == "0":
        # the exchange's list holds its funds too
        return instrument.market in ("KOSPI", "ETF", "ETN")
    if market == "6":
        return instrument.kind == "REIT"
    if market == "NXT":
        # No list of NXT's codes is known here: the largest ones, the KOSPI200, stand for it.
        return instrument.kospi200
    return instrument.market == {"10": "KOSDAQ", "8": "ETF", "60": "ETN", "50": "KONEX"}.get(market)
