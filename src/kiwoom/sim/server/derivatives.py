"""The functions that list futures and options: GetFutureList, GetOptionCode, GetSFutureList and others."""

from __future__ import annotations

import logging

from kiwoom.sim.base.formats import scaled
from kiwoom.sim.rules.derivatives import INDEX_CODE, Chain, chain_of
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.session.control import Part, dispatch

__all__ = ["Derivatives"]

log = logging.getLogger("kiwoom.sim")

# nCp of the guide.
_RIGHTS = {2: "call", 3: "put"}


class Derivatives(Part):
    """Lists of futures and options of the day. Before the login all is empty."""

    # --- index futures -----------------------------------------------------------------------------------------

    def _of(self, kind: str, sector: str | None = None) -> list[Instrument]:
        if not self.control.connected:
            return []
        return [
            i for i in self.broker.market.derivatives() if i.kind == kind and (sector is None or i.sector == sector)
        ]

    @dispatch("GetFutureList")
    def get_future_list(self) -> str:
        # No trailing semicolon, unlike GetCodeListByMarket (both captured).
        return ";".join(i.code for i in self._of("FUTURE", INDEX_CODE))

    @dispatch("GetFutureCodeByIndex")
    def get_future_code_by_index(self, index: int) -> str:
        return _nth(self._of("FUTURE", INDEX_CODE), index)

    # --- index options -----------------------------------------------------------------------------------------

    def _chain(self) -> Chain | None:
        if not self.control.connected:
            return None
        market = self.broker.market
        return chain_of(market.trading_day(), market.index_level())

    @dispatch("GetActPriceList")
    def get_act_price_list(self) -> str:
        chain = self._chain()
        # Captured: strikes x 100 without a point, ascending; the PDF guide shows points, descending.
        return ";".join(str(strike) for strike in chain.strikes) if chain else ""

    @dispatch("GetMonthList")
    def get_month_list(self) -> str:
        chain = self._chain()
        if chain is None:
            return ""
        months = [f"{year}{month:02d}" for year, month in chain.months]
        # Captured: the calls' months from far to near, then the puts' from near to far.
        return ";".join([*reversed(months), *months])

    @dispatch("GetOptionATM")
    def get_option_atm(self) -> str:
        chain = self._chain()
        return str(chain.at_the_money) if chain else ""

    @dispatch("GetOptionCode")
    def get_option_code(self, strike: str, right: int, month: str) -> str:
        return self._option(INDEX_CODE, strike, right, month)

    @dispatch("GetOptionCodeByMonth")
    def get_option_code_by_month(self, code: str, right: int, month: str) -> str:
        found = self.broker.market.find(code.strip())
        if found is None or found.kind != "OPTION":
            return ""
        return self._option(found.sector, scaled(found.strike, found.scale), right, month)

    @dispatch("GetOptionCodeByActPrice")
    def get_option_code_by_act_price(self, code: str, right: int, ticks: int) -> str:
        found = self.broker.market.find(code.strip())
        if found is None or found.kind != "OPTION":
            return ""
        same = sorted(
            (i for i in self._of("OPTION", found.sector) if i.expiry == found.expiry and i.right == _RIGHTS.get(right)),
            key=lambda i: i.strike,
        )
        strikes = [i.strike for i in same]
        # one tick down the list of strikes is a higher strike: -1 of the 260.0 call is the 262.5 one
        position = strikes.index(found.strike) - ticks if found.strike in strikes else -1
        return same[position].code if 0 <= position < len(same) else ""

    def _option(self, sector: str, strike: str, right: int, month: str) -> str:
        try:
            wanted = round(float(strike) * 100)
        except (ValueError, OverflowError):
            return ""
        for instrument in self._of("OPTION", sector):
            assert instrument.expiry is not None
            if instrument.right == _RIGHTS.get(right) and f"{instrument.expiry:%Y%m}" == month.strip():
                strike_now = instrument.strike if instrument.scale == 100 else instrument.strike * 100
                if strike_now == wanted:
                    return instrument.code
        return ""

    # --- stock futures and options -----------------------------------------------------------------------------

    @dispatch("GetSFOBasisAssetList")
    def get_sfo_basis_asset_list(self) -> str:
        assets = self._assets()
        return ";".join(f"{_isin(stock)}|{_padded(stock.name)}" for stock in assets)

    def _assets(self) -> list[Instrument]:
        codes = dict.fromkeys(i.sector for i in self._of("FUTURE") if i.sector != INDEX_CODE)
        return [stock for stock in (self.broker.market.find(code) for code in codes) if stock is not None]

    @dispatch("GetSFutureList")
    def get_sfuture_list(self, base: str) -> str:
        futures = self._stock_futures(base)
        names = {stock.code: stock.name for stock in self._assets()}
        return "".join(f"{i.code}^{i.name}^{names[i.sector]};" for i in futures)

    @dispatch("GetSFutureCodeByIndex")
    def get_sfuture_code_by_index(self, base: str, index: int) -> str:
        return _nth(self._stock_futures(base), index) if base.strip() else ""

    def _stock_futures(self, base: str) -> list[Instrument]:
        """Futures of one asset, given by its code, its ISIN or the two characters of its derivatives; "" = all."""
        wanted = base.strip()
        futures = [i for i in self._of("FUTURE") if i.sector != INDEX_CODE]
        if not wanted:
            return futures
        return [
            i
            for i in futures
            if wanted in (i.sector, f"KR7{i.sector}", i.code[1:3]) or wanted.startswith(f"KR7{i.sector}")
        ]

    @dispatch("GetSActPriceList")
    def get_sact_price_list(self, gubun: str) -> str:
        return self._no_stock_options("GetSActPriceList", gubun)

    @dispatch("GetSMonthList")
    def get_smonth_list(self, gubun: str) -> str:
        return self._no_stock_options("GetSMonthList", gubun)

    @dispatch("GetSOptionCode")
    def get_soption_code(self, gubun: str, _strike: str, _right: int, _month: str) -> str:
        return self._no_stock_options("GetSOptionCode", gubun)

    @dispatch("GetSOptionCodeByMonth")
    def get_soption_code_by_month(self, gubun: str, _code: str, _right: int, _month: str) -> str:
        return self._no_stock_options("GetSOptionCodeByMonth", gubun)

    @dispatch("GetSOptionCodeByActPrice")
    def get_soption_code_by_act_price(self, gubun: str, _code: str, _right: int, _ticks: int) -> str:
        return self._no_stock_options("GetSOptionCodeByActPrice", gubun)

    @dispatch("GetSOptionATM")
    def get_soption_atm(self, gubun: str) -> str:
        return self._no_stock_options("GetSOptionATM", gubun)

    def _no_stock_options(self, call: str, gubun: str) -> str:
        log.warning("%s(%r): the simulator lists no stock options", call, gubun)
        return ""


def _nth(instruments: list[Instrument], index: int) -> str:
    return instruments[index].code if 0 <= index < len(instruments) else ""


def _padded(name: str) -> str:
    """Padded with blanks to 40 bytes of CP949."""
    return name + " " * max(0, 40 - len(name.encode("cp949", "replace")))


def _isin(stock: Instrument) -> str:
    """The ISIN, with its check digit, of a Korean share."""
    if stock.isin:
        return stock.isin
    body = f"KR7{stock.code}00"
    digits = "".join(str(int(character, 36)) for character in body)
    total = 0
    for position, digit in enumerate(reversed(digits)):
        # The check digit of ISO 6166: every second digit doubled, from the right.
        number = int(digit) * (2 if position % 2 == 0 else 1)
        total += number // 10 + number % 10
    return f"{body}{-total % 10}"
