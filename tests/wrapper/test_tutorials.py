"""
The predecessor's README examples and tutorials, release by release, unmodified, under Qt (offscreen) and without it.

The programs in tutorials/ make the calls of the originals in their order, with names and texts of their own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

HERE = Path(__file__).parent
URL = "sim:?clock=virtual&at=2026-02-06 10:00&limits=off"

# What each program must have printed when it has done its work, as patterns: prices and profits are the simulator's.
SAYS: dict[str, tuple[str, ...]] = {
    "readme_signal_slot": ("holdings 2 False", "market 2 of 2 files", "sector 1 of 1 files"),
    "readme_bot_server": (r"profit -?\d+", r"markets KOSPI 종합\(KOSPI\) 0", r"로그인 0 : OP_ERR_NONE \(정상처리\)"),
    "structure_0_0": ("made 0",),
    "login_0_0": ("state 1", "True True 모의투자", r"\['on_event_connect', 'on_receive_msg'", "slot 0"),
    "login_0_1": (r"login 0 : OP_ERR_NONE \(정상처리\)", "slot ends\nsignal ends", "서버구분: 모의투자"),
    "tr_data_0_1": ("holdings 7", r"single \['총수익률\(%\)', '총평가손익금액'\]"),
    "tr_data_1_0": (
        "slot.balance ends\nsignal.balance ends",
        r"{'총평가손익금액': -?\d+, '총수익률\(%\)': -?\d+\.\d+}",
    ),
    "history_1_0": ("result = ExitType.SUCCESS", "done for KOSDAQ", "all finished"),
    "login_1_1": ("server.login ends\nbot.login ends\nstate = 1", "유저이름: 홍길동"),
    "account_1_1": (r"계좌번호: \['8", r"로그인 0 : OP_ERR_NONE \(정상처리\)"),
    "tr_data_1_1": ("deposit 100,000,000", r"rate -?\d+\.\d+", r"profit -?\d+", "삼성전자"),
    "trading_1_3": (r"names \['삼성전자'", "no order", "order number True", r"notices \['0', '1'\]"),
    "history_1_5": ("result = ExitType.SUCCESS", "done for KOSPI", "sector done"),
    "records_1_5": ("all days asked",),
}

LISTING = """\
code,isin,name,name_full,name_en,market,sec_type,sec_group_kr,stock_kind_kr,dept_kr,listed_shares,par_value,\
listing_date,krx_sector_code,krx_sector_name,industry_kr,settle_month,close,market_cap,volume,trading_value,close_date
100010,KR7100010000,하나전자,하나전자보통주,Hana Electronics,KOSPI,COMMON,주권,보통주,,1000000,500,\
2010-01-04,013,전기/전자,전자부품,12월,50000,50000000000,10000,500000000,2026-02-05
100020,KR7100020009,두나은행,두나은행보통주,Duna Bank,KOSPI,COMMON,주권,보통주,,1000000,500,\
2010-01-04,021,금융업,은행,12월,20000,20000000000,10000,200000000,2026-02-05
"""


def run(mode: str, name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    url = URL
    if name == "readme_signal_slot":  # it downloads the ticks of all of KOSPI: here, two made-up stocks
        listing = folder / "listing"
        listing.mkdir()
        (listing / "krx_listing.csv").write_text(LISTING, encoding="utf-8")
        url += f"&data={listing}&density=0.2"
    environment = {
        **os.environ,
        "KIWOOM_URL": url,
        "QT_QPA_PLATFORM": "offscreen",
        "PYTHONPATH": str(HERE.parents[1] / "src"),
        "PYTHONIOENCODING": "utf-8",
        "PYTHONWARNINGS": "default::DeprecationWarning:__main__",
    }
    return subprocess.run(
        [sys.executable, str(HERE / "run_tutorial.py"), mode, str(HERE / "tutorials" / f"{name}.py")],
        env=environment, cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=100, check=False,
    )  # fmt: skip


def test_every_tutorial_is_run() -> None:
    assert {path.stem for path in (HERE / "tutorials").glob("*.py")} == set(SAYS)


@pytest.mark.parametrize("mode", ["plain", pytest.param("qt", marks=pytest.mark.qt)])
@pytest.mark.parametrize("name", SAYS)
def test_a_tutorial_runs_as_it_is(name: str, mode: str, tmp_path: Path) -> None:
    ran = run(mode, name, tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for text in SAYS[name]:
        assert re.search(text, ran.stdout), ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    assert "An error occurred" not in ran.stdout + ran.stderr
    repeated = [line for line, count in Counter(ran.stderr.splitlines()).items() if count > 1 and "0000" in line]
    assert repeated == [], "what is said of screen 0000 is said once"
    if name == "readme_signal_slot":
        files = sorted(path.name for path in tmp_path.rglob("*.csv"))
        assert files == ["021.csv", "100010.csv", "100020.csv", "krx_listing.csv"]
        assert (tmp_path / "log" / "20201015.log").exists()
