"""`KOA_Functions` and its sub-functions, each as a method of its own."""

from __future__ import annotations

from kiwoom.functions.base import Caller, alias

__all__ = ["KoaFunctions"]


class KoaFunctions(Caller):
    """Function 49 of the control and what Kiwoom put behind it over the years."""

    def koa_functions(self, func_name: str, param: str = "") -> str:
        """
        Call a sub-function by name; each also stands here as a method of its own.

        ShowAccountWindow, GetServerGubun, GetMasterStockInfo, SetConditionSearchFlag, GetUpjongCode,
        GetUpjongNameByCode, IsOrderWarningETF, IsOrderWarningStock, GetMasterListedStockCntEx, GetStockMarketKind.

        `param` is the sub-function's one argument, "" if it has none. Returns text; "" for an unknown name.
        Not requests: no limit.
        """
        return self._text("KOA_Functions", func_name, param)

    KOA_Functions = alias(koa_functions)

    def show_account_window(self) -> str:
        """
        Open the OCX's window for account passwords (계좌비밀번호 입력) and wait until the user closes it. Returns "".

        Account TRs and orders fail (-301, or a message) until the password is registered there. Its AUTO box sets up
        automatic login. The mock server's password is 0000. The simulator has no window and returns at once.
        """
        # Modal, and in the process of the OCX: without a desktop nothing closes it and the call never returns.
        return self.koa_functions("ShowAccountWindow", "")

    ShowAccountWindow = alias(show_account_window)

    def get_server_gubun(self) -> str:
        """Say which server the session is on: ``1`` the mock server (모의투자), else ("0", "") the real one."""
        # Compare with "1" only: the real server is seen to give "0" and "".
        return self.koa_functions("GetServerGubun", "")

    GetServerGubun = alias(get_server_gubun)

    def get_master_stock_info(self, code: str) -> str:
        """
        Classify a stock: ``시장구분0|거래소;시장구분1|중형주;업종구분|금융업;`` (trailing semicolon).

        A preferred share lacks the middle part, an ETF gives the first only, an unknown code "".
        """
        return self.koa_functions("GetMasterStockInfo", code)

    GetMasterStockInfo = alias(get_master_stock_info)

    def set_condition_search_flag(self, flag: str) -> str:
        """
        Have condition results carry prices (``AddPrice``) or not (``DelPrice``, the default).

        With prices the list in `on_receive_tr_condition` is ``code^price;code^price;...``. Not for real-time search.
        """
        return self.koa_functions("SetConditionSearchFlag", flag)

    SetConditionSearchFlag = alias(set_condition_search_flag)

    def get_upjong_code(self, market: str) -> str:
        """
        List the sectors (업종) of a market: ``0,001,종합(KOSPI)|0,002,대형주|...``.

        `market` is ``0`` KOSPI, ``1`` KOSDAQ, ``2`` KOSPI200, ``4`` KOSPI100/50, ``7`` KRX100. Each entry is market,
        sector code, name.
        """
        # Bars between the sectors and commas inside them, unlike the semicolons of the other lists (KOA Studio's text).
        return self.koa_functions("GetUpjongCode", market)

    GetUpjongCode = alias(get_upjong_code)

    def get_upjong_name_by_code(self, sector: str) -> str:
        """Name a sector: ``001`` gives ``종합(KOSPI)``; "" for an unknown one."""
        return self.koa_functions("GetUpjongNameByCode", sector)

    GetUpjongNameByCode = alias(get_upjong_name_by_code)

    def is_order_warning_etf(self, code: str) -> str:
        """Say whether an ETF or ETN is under investment caution: ``1`` yes, ``0`` no. Since 2020-09-17."""
        return self.koa_functions("IsOrderWarningETF", code)

    IsOrderWarningETF = alias(is_order_warning_etf)

    def is_order_warning_stock(self, code: str) -> str:
        """
        Tell the warning a stock is under. Since 2020-11-26.

        ``0`` none, ``2`` liquidation trading (정리매매), ``3`` short-term overheated (단기과열), ``4`` investment risk
        (투자위험), ``5`` investment warning (투자경고). Buying such a stock opens a warning window in the OCX.
        """
        return self.koa_functions("IsOrderWarningStock", code)

    IsOrderWarningStock = alias(is_order_warning_stock)

    def get_master_listed_stock_cnt_ex(self, code: str) -> str:
        """
        Tell the number of listed shares as text, "" for an unknown code. Since 2021-04-08.

        Right for large companies too, where `get_master_listed_stock_cnt` overflows its 32 bits.
        """
        # Text, as all of KOA_Functions: that is what escapes the 32 bits.
        return self.koa_functions("GetMasterListedStockCntEx", code)

    GetMasterListedStockCntEx = alias(get_master_listed_stock_cnt_ex)

    def get_stock_market_kind(self, code: str) -> str:
        """
        Tell the market of a code. From memory, without limit. Since 2022-03-03.

        ``0`` KOSPI, ``10`` KOSDAQ, ``3`` ELW, ``8`` ETF, ``4`` or ``14`` mutual fund, ``6`` or ``16`` REIT, ``9`` or
        ``19`` high-yield fund, ``30`` K-OTC, ``60`` ETN.
        """
        return self.koa_functions("GetStockMarketKind", code)

    GetStockMarketKind = alias(get_stock_market_kind)
