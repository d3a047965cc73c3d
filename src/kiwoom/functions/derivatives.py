"""Codes of futures and options: answered from files that the login loads, without a request."""

from __future__ import annotations

from kiwoom.functions.base import Caller, Number, alias

__all__ = ["DerivativeFunctions"]


class DerivativeFunctions(Caller):
    """
    Functions 29-45 of the control. All need a login, answer at once, and are not limited.

    Common arguments: `cp` is 2 for a call, 3 for a put; `month` YYYYMM; index options' strikes are text with two
    decimals (``'260.00'``); `base_gb` is the group of a stock option's underlying (``'11'``).
    """

    def get_future_list(self) -> str:
        """
        List the codes of index, mini and sector futures and their spreads: ``101PC000;101Q3000;...;408PCQ9S``.

        Nearest maturity first within a kind; no trailing semicolon.
        """
        return self._text("GetFutureList")

    GetFutureList = alias(get_future_list)

    def get_future_code_by_index(self, index: Number) -> str:
        """
        Tell the n-th futures code, from 0; "" beyond the last.

        The guide says 0-3 futures and 4-7 spreads; observed is the n-th entry of `get_future_list`.
        """
        # Follows the capture of 2019, not the guide: with more than four maturities, 4 is the fifth and not a spread.
        return self._text("GetFutureCodeByIndex", index)

    GetFutureCodeByIndex = alias(get_future_code_by_index)

    def get_act_price_list(self) -> str:
        """List the strikes of index options times 100, ascending: ``19000;19250;...;40000``; no trailing semicolon."""
        # Follows the capture of 2019, not the guide's ``265.00;262.50``: no point, and ascending.
        return self._text("GetActPriceList")

    GetActPriceList = alias(get_act_price_list)

    def get_month_list(self) -> str:
        """List the maturities of index options: calls far to near, then puts near to far: ``202112;...;201911;...``."""
        # Captured in 2019 with each month twice, mirrored in the middle: no list of distinct months.
        return self._text("GetMonthList")

    GetMonthList = alias(get_month_list)

    def get_option_code(self, act_price: str, cp: Number, month: str) -> str:
        """
        Find the code of an index option by strike, call or put, and maturity; "" if there is none.

        >>> api.get_option_code('260.00', 2, '201407')
        '201J7260'
        """
        # The strike has its point here and none in GetActPriceList: a value of that list does not fit as it is.
        return self._text("GetOptionCode", act_price, cp, month)

    GetOptionCode = alias(get_option_code)

    def get_option_code_by_month(self, code: str, cp: Number, month: str) -> str:
        """
        Find the option with the strike of `code` in another maturity.

        >>> api.get_option_code_by_month('201J7260', 2, '201412')
        '201JC260'
        """
        return self._text("GetOptionCodeByMonth", code, cp, month)

    GetOptionCodeByMonth = alias(get_option_code_by_month)

    def get_option_code_by_act_price(self, code: str, cp: Number, tick: Number) -> str:
        """
        Find the option `tick` strikes away from `code` in the same maturity; a negative tick is a higher strike.

        >>> api.get_option_code_by_act_price('201J7260', 2, -1)     # 262.50
        '201J7262'
        """
        # The sign is the guide's example: strikes are counted down its descending list, so -1 leads to the higher one.
        return self._text("GetOptionCodeByActPrice", code, cp, tick)

    GetOptionCodeByActPrice = alias(get_option_code_by_act_price)

    def get_option_atm(self) -> str:
        """Tell the at-the-money strike of index options times 100: ``28500`` is 285.00."""
        # Captured: times 100 without a point, as GetActPriceList has it.
        return self._text("GetOptionATM")

    GetOptionATM = alias(get_option_atm)

    def get_sfuture_list(self, base_code: str = "") -> str:
        """List stock futures: ``code^name^underlying;...;`` (trailing semicolon); "" as `base_code` lists all."""
        # The three fields are known from KOA Studio's text and breadum/kiwoom; the guide names only the semicolon.
        return self._text("GetSFutureList", base_code)

    GetSFutureList = alias(get_sfuture_list)
    get_futures_list = alias(get_sfuture_list)

    def get_sfuture_code_by_index(self, base_code: str, index: Number) -> str:
        """Tell a stock future of an underlying: `index` 0-3 futures, 4-7 spreads, 8-11 star futures, 12- spreads."""
        return self._text("GetSFutureCodeByIndex", base_code, index)

    GetSFutureCodeByIndex = alias(get_sfuture_code_by_index)

    def get_sact_price_list(self, base_gb: str) -> str:
        """List the strikes of the stock options of a group of underlyings."""
        # No capture of the stock option functions is known: their formats are those of the guide's examples.
        return self._text("GetSActPriceList", base_gb)

    GetSActPriceList = alias(get_sact_price_list)

    def get_smonth_list(self, base_gb: str) -> str:
        """List the maturities of the stock options of a group of underlyings."""
        return self._text("GetSMonthList", base_gb)

    GetSMonthList = alias(get_smonth_list)

    def get_soption_code(self, base_gb: str, act_price: str, cp: Number, month: str) -> str:
        """Find a stock option by group, strike in won (``'1300000'``), call or put, and month in four digits (1412)."""
        # Two digits of the year less than GetOptionCode takes: so the guide's example has it (``1412``).
        return self._text("GetSOptionCode", base_gb, act_price, cp, month)

    GetSOptionCode = alias(get_soption_code)

    def get_soption_code_by_month(self, base_gb: str, code: str, cp: Number, month: str) -> str:
        """Find the stock option with the strike of `code` in another month (four digits, ``1412``)."""
        return self._text("GetSOptionCodeByMonth", base_gb, code, cp, month)

    GetSOptionCodeByMonth = alias(get_soption_code_by_month)

    def get_soption_code_by_act_price(self, base_gb: str, code: str, cp: Number, tick: Number) -> str:
        """Find the stock option `tick` strikes away from `code` in the same maturity."""
        return self._text("GetSOptionCodeByActPrice", base_gb, code, cp, tick)

    GetSOptionCodeByActPrice = alias(get_soption_code_by_act_price)

    def get_sfobasis_asset_list(self) -> str:
        """
        List the underlyings of stock futures and options: ``KR7078340007|컴투스`` and so on.

        ISIN and name, the name padded with blanks to 40 bytes; semicolons between, none after the last.
        """
        # Follows the capture of 2019 (142 entries): the guide's example shows option codes instead.
        return self._text("GetSFOBasisAssetList")

    GetSFOBasisAssetList = alias(get_sfobasis_asset_list)

    def get_soption_atm(self, base_gb: str) -> str:
        """Tell the at-the-money strike of the stock options of a group of underlyings."""
        return self._text("GetSOptionATM", base_gb)

    GetSOptionATM = alias(get_soption_atm)
