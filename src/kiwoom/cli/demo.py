"""`kiwoom demo`: a session from login to profit and loss, on the simulator."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from kiwoom import Kiwoom, catalog, config
from kiwoom.cli.candles import draw
from kiwoom.cli.transaction import ask
from kiwoom.errors import UsageError, WaitTimeout, error_for

__all__ = ["demo_url", "run_demo"]

# 삼성전자, which every reader knows.
_CODE = "005930"
_QUANTITY = 10
_PRICES = 8
# Seconds of the control's clock: a demo that stands still says so instead of waiting for ever.
_WAIT_S = 60.0


def demo_url(seed: int, live: bool = False) -> str:
    """
    The simulator of a demo: the same session for a seed on any day, without a wait; `live` begins now and takes time.
    """
    # A Friday ten minutes after the opening: trades come from the first second on.
    return f"sim:?seed={seed}&speed=3" if live else f"sim:?seed={seed}&clock=virtual&at=2026-02-06 09:10"


def run_demo(console: Console, url: str) -> None:
    """
    Log in, read the account, draw a chart, watch prices, buy, and show what it cost. Blocks for some seconds.

    Refuses any control but a simulated one before anything is sent.
    """
    if not url.startswith("sim:"):
        raise UsageError(f"the demo sends an order and runs on the simulator only, not on {url}")
    config.MUTE = True
    Kiwoom.message(False)
    with Kiwoom(url) as api:
        _login(console, api)
        account = api.get_login_info("ACCNO").split(";")[0]
        _account(console, api, account)
        _chart(console, api)
        _prices(console, api)
        _order(console, api, account)
        _account(console, api, account, after=True)
    console.print("\nThis was the simulator. The same program runs on the OCX with Kiwoom('ocx:').", style="dim")


def _headline(console: Console, number: int, text: str, code: str) -> None:
    console.print(f"\n[bold]{number}. {text}[/bold]")
    console.print(f"   [dim]{code}[/dim]")


def _login(console: Console, api: Kiwoom) -> None:
    _headline(console, 1, "Log in", "api = Kiwoom('sim:'); api.login()")
    api.login(timeout=_WAIT_S)
    console.print(f"   {api.get_login_info('USER_NAME')} ({api.get_login_info('USER_ID')}), {api.mode} server")


def _account(console: Console, api: Kiwoom, account: str, after: bool = False) -> None:
    code = "api.comm_rq_data('balance', 'opw00018', 0, '0200')"
    _headline(console, 6 if after else 2, "Profit and loss" if after else "The account", code)
    inputs = {"계좌번호": account, "비밀번호": "", "비밀번호입력매체구분": "00", "조회구분": "1"}
    received = ask(api, catalog.tr("opw00018"), inputs, pages=0, screen="0200")
    table = Table("종목", "수량", "매입가", "현재가", "평가손익", "수익률")
    # As many as leave the rest of the demo on a screen.
    for row in received.rows[:6]:
        change = float(row["수익률(%)"] or 0)
        style = "red" if change > 0 else "blue" if change < 0 else ""
        cells = (f"{int(row[name] or 0):,}" for name in ("보유수량", "매입가", "현재가", "평가손익"))
        table.add_row(row["종목명"], *cells, f"{change:+.2f}%", style=style)
    if len(received.rows) > 6:
        table.add_row(f"… {len(received.rows) - 6} more", "", "", "", "", "")
    console.print(table)
    total, profit = received.single["총평가금액"], received.single["총평가손익금액"]
    console.print(f"   총평가금액 {int(total or 0):,}원, 총평가손익 {int(profit or 0):+,}원")


def _chart(console: Console, api: Kiwoom) -> None:
    _headline(
        console, 3, f"A chart: {api.get_master_code_name(_CODE)}, 60 days", "api.comm_rq_data('chart', 'opt10081', …)"
    )
    received = ask(api, catalog.tr("opt10081"), {"종목코드": _CODE, "기준일자": "", "수정주가구분": "1"}, screen="0201")
    # Without the first, the bar of the day that is still running; oldest first, as a chart is read.
    rows = received.rows[1:61][::-1]
    bars = [(r["일자"], int(r["시가"]), int(r["고가"]), int(r["저가"]), int(r["현재가"])) for r in rows]
    console.print(draw(bars))


def _prices(console: Console, api: Kiwoom) -> None:
    _headline(console, 4, "Live prices", f"api.set_real_reg('1000', '{_CODE}', '10;15', '0')")
    seen = 0

    def price(code: str, real_type: str, _data: str) -> None:
        nonlocal seen
        # The registration brings the other real types of the code too: order books and best quotes.
        if real_type != "주식체결" or seen == _PRICES:
            return
        seen += 1
        time, last, quantity = (api.get_comm_real_data(code, fid) for fid in (20, 10, 15))
        rate = api.get_comm_real_data(code, 12)
        side = {"+": "매수체결", "-": "매도체결"}.get(quantity[:1], "동시호가")
        # The sign of a price is its direction against the base price.
        style = "red" if last.startswith("+") else "blue" if last.startswith("-") else ""
        clock = f"{time[:2]}:{time[2:4]}:{time[4:]}"
        console.print(
            f"   {clock}  {int(last.lstrip('+-')):>9,}  {rate:>6}%  {side} {quantity.strip('+- ')}주", style=style
        )

    api.OnReceiveRealData.connect(price)
    api.set_real_reg("1000", _CODE, "10;15", "0")
    try:
        api.run(until=lambda: seen == _PRICES, timeout=_WAIT_S)
    finally:
        api.set_real_remove("1000", "ALL")
        api.OnReceiveRealData.disconnect(price)


def _order(console: Console, api: Kiwoom, account: str) -> None:
    call = f"api.send_order('buy', '1001', account, 1, '{_CODE}', {_QUANTITY}, 0, '03', '')"
    _headline(console, 5, f"An order: {_QUANTITY} at the market", call)
    left = _QUANTITY

    def notice(gubun: str, _count: int, _fids: str) -> None:
        nonlocal left
        # 0 is an order or a fill; the balance (1) follows each fill.
        if gubun != "0":
            return
        status, number, time = (api.get_chejan_data(fid).strip() for fid in (913, 9203, 908))
        if status == "체결":
            left = int(api.get_chejan_data(902))
            console.print(
                f"   {status} {number} {time}: {api.get_chejan_data(915)}주 {int(api.get_chejan_data(914)):,}원"
            )
        else:
            console.print(f"   {status} {number} {time}")

    api.OnReceiveChejanData.connect(notice)
    # 03 is 시장가: its price is 0.
    result = api.send_order("buy", "1001", account, 1, _CODE, _QUANTITY, 0, "03", "")
    if result < 0:
        raise error_for(result, "send_order")
    try:
        api.run(until=lambda: left == 0, timeout=_WAIT_S)
    except WaitTimeout:
        raise WaitTimeout(f"the order was not filled within {_WAIT_S:.0f} s: {left} of {_QUANTITY} are left") from None
    finally:
        api.OnReceiveChejanData.disconnect(notice)
