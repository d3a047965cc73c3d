"""Codes, names and master data: answered from files that the login loads, without a request."""

from __future__ import annotations

from kiwoom.functions.base import Caller, Number, alias

__all__ = ["CodeFunctions"]


class CodeFunctions(Caller):
    """
    Functions 14, 16-21, 27, 28, 46 and 58 of the control.

    All need a login (before it they give "" or 0), answer at once, and are not limited: loops over thousands of
    codes are fine.
    """

    def get_code_list_by_market(self, market: str) -> str:
        """
        List the codes of a market: ``000020;000040;...;`` (trailing semicolon, not sorted).

        `market` is ``0`` KOSPI (with its ETF, ETN, REIT), ``10`` KOSDAQ, ``3`` ELW, ``4`` mutual fund, ``5`` rights
        (신주인수권), ``6`` REIT, ``8`` ETF, ``9`` high-yield fund, ``30`` K-OTC, ``50`` KONEX, ``60`` ETN, ``NXT``; ""
        gives all. "" for a market without members. Codes are text: they may hold letters (``0039P0``).
        """
        # Handed on unsplit: old programs cut the empty last part themselves (``split(';')[:-1]``).
        # KOSPI's list keeps delisted codes for about three days (guide text in KOA Studio).
        return self._text("GetCodeListByMarket", market)

    GetCodeListByMarket = alias(get_code_list_by_market)

    def get_master_code_name(self, code: str) -> str:
        """Name a stock, future or option: ``삼성전자``. Not padded; "" for an unknown code."""
        return self._text("GetMasterCodeName", code)

    GetMasterCodeName = alias(get_master_code_name)

    def get_master_listed_stock_cnt(self, code: str) -> int:
        """
        Count the listed shares of a stock; 0 for an unknown code.

        The control's number has 32 bits and overflows for large companies: `get_master_listed_stock_cnt_ex` gives
        the right one as text.
        """
        # A `long` in the type library: 5.97 billion Samsung shares do not fit, and the control does not say so.
        return self._number("GetMasterListedStockCnt", code)

    GetMasterListedStockCnt = alias(get_master_listed_stock_cnt)

    def get_master_construction(self, code: str) -> str:
        """Tell the supervision state of a stock: 정상, 투자주의, 투자경고, 투자위험 or 투자주의환기종목."""
        return self._text("GetMasterConstruction", code)

    GetMasterConstruction = alias(get_master_construction)

    def get_master_listed_stock_date(self, code: str) -> str:
        """Tell the day a stock was listed as YYYYMMDD, ``20191018``; "" for an unknown code."""
        return self._text("GetMasterListedStockDate", code)

    GetMasterListedStockDate = alias(get_master_listed_stock_date)

    def get_master_last_price(self, code: str) -> str:
        """
        Tell the base price (기준가) of today in won, eight digits with leading zeros: ``00015950``.

        It is the price from which today's change and limits are counted (yesterday's close, adjusted), not the last
        trade.
        """
        # Text with its zeros, as captured in 2019. KOA Studio's text says 기준가, whatever "last" suggests.
        return self._text("GetMasterLastPrice", code)

    GetMasterLastPrice = alias(get_master_last_price)

    def get_master_stock_state(self, code: str) -> str:
        """
        Tell the trading state of a stock, parts joined by ``|``: ``증거금20%|담보대출|신용가능``.

        Parts: 정상, 증거금n% (margin rate), 거래정지, 관리종목, 감리종목, 투자유의종목, 담보대출, 액면분할, 신용가능.
        """
        # The word for each state and the ``|`` between them are the guide's; one stock may have several.
        return self._text("GetMasterStockState", code)

    GetMasterStockState = alias(get_master_stock_state)

    def get_market_type(self, code: str) -> int:
        """Tell the market number of a code, as `get_code_list_by_market` counts them: 0 KOSPI, 10 KOSDAQ, 8 ETF …"""
        # Not in the guide: the function stands in the type library (DispId 58) and clients use it.
        return self._number("GetMarketType", code)

    GetMarketType = alias(get_market_type)

    def get_theme_group_list(self, type: Number) -> str:
        """
        List the themes: ``100|태양광_폴리실리콘;101|...`` (code, bar, name; no trailing semicolon).

        `type` 0 sorts by code, 1 by name.
        """
        # Captured in 2019 (142 themes): no semicolon after the last one, unlike GetCodeListByMarket.
        return self._text("GetThemeGroupList", type)

    GetThemeGroupList = alias(get_theme_group_list)

    def get_theme_group_code(self, theme_code: str) -> str:
        """List the stocks of a theme, each with the prefix A: ``A000660;A005930``."""
        # The prefix stays, as the control gives it; TR inputs and SetRealReg want the bare six characters.
        return self._text("GetThemeGroupCode", theme_code)

    GetThemeGroupCode = alias(get_theme_group_code)

    def get_branch_code_name(self) -> str:
        """List the member firms (거래원): ``001|교  보;002|신한금융투자;...`` (no trailing semicolon)."""
        # Captured in 2019 with 69 firms; names keep their inner blanks (``교  보``).
        return self._text("GetBranchCodeName")

    GetBranchCodeName = alias(get_branch_code_name)
