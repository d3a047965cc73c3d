"""Each program runs unmodified to its right end, and what it produced is right."""

from __future__ import annotations

import csv
import itertools
import shutil
import sqlite3
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from tests.compat.running import Ran, run_in

from kiwoom.compat import hints

pytestmark = [pytest.mark.qt, pytest.mark.timeout(100)]

HERE = Path(__file__).parent
MORNING = "sim:?seed=7&clock=virtual&at=2026-02-06 09:30"
UNTIL = datetime(2026, 2, 6, 20)
"""No program runs longer than its day: one that waits for ever is ended, and its test fails with what is missing."""
Run = Callable[..., Ran]


@pytest.fixture
def run_program_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run one of the programs, as it stands in this folder, on a simulator."""

    def run(
        name: str, *arguments: str, url: str = MORNING, files: dict[str, str] | None = None, **settings: Any
    ) -> Ran:
        settings.setdefault("until", UNTIL)
        if (HERE / name).is_dir():
            shutil.copytree(HERE / name, tmp_path, dirs_exist_ok=True)
            name = "main.py"
        for source in (HERE / name, (HERE / name).with_suffix(".ui")):
            if source.exists():
                shutil.copy(source, tmp_path)
        for file, text in (files or {}).items():
            (tmp_path / file).write_text(text, encoding="utf-8")
        ran = run_in(tmp_path, capfd, [name, *arguments], url, **settings)
        missing = [text for kind, text in ran.report.notes if kind != "answered"]
        assert not missing, "the layer lacked something"
        return ran

    return run


def test_downloader(run_program_file: Run, reference_data: Path) -> None:
    """The candles in the database are those of the reference data, day by day."""
    codes = ["263750", "293490"]
    url = f"sim:?data={reference_data}&clock=virtual"
    ran = run_program_file("downloader.py", *codes, url=url, until=datetime(2099, 1, 1))
    assert ran.code == 0
    assert ran.lines[0] == "connected"
    connection = sqlite3.connect(ran.folder / "drives" / "C" / "Users" / "stock" / "stock.db")
    for code in codes:
        with (reference_data / "daily" / f"{code}.csv").open(encoding="utf-8") as file:
            truth = {
                row["date"].replace("-", ""): tuple(int(row[k]) for k in ("open", "high", "low", "close", "volume"))
                for row in csv.DictReader(file)
            }
        rows = connection.execute(f'SELECT * FROM "{code}"').fetchall()
        got = {row[0]: row[1:] for row in rows}
        assert len(rows) == len(got)
        assert sorted(got, reverse=True) == [row[0] for row in rows]
        assert {day: got[day] for day in truth if day in got} == {day: truth[day] for day in truth if day in got}
        assert len(set(truth) & set(got)) > 600
    connection.close()


@pytest.mark.slow
def test_trader_with_windows(run_program_file: Run) -> None:
    """The list is bought after nine, the tables fill, and the picture shows it."""
    ran = run_program_file(
        "trader.py",
        url="sim:?seed=7&clock=virtual&at=2026-02-06 08:58",
        files={"buy_list.txt": "매수;005930;시장가;10;0;매수전\n매수;000660;시장가;5;0;매수전\n"},
        until=datetime(2026, 2, 6, 9, 5),
    )
    assert ran.code == 0
    text = (ran.folder / "buy_list.txt").read_text(encoding="utf-8")
    assert text.count("주문완료") == 2
    assert {(o.code, o.status, o.left) for o in ran.report.orders.values()} == {
        ("A005930", "체결", "0"),
        ("A000660", "체결", "0"),
    }
    balances = [line.split() for line in ran.lines if line.startswith("balance")]
    assert len(balances) > 20
    assert int(balances[-1][1]) > 0
    assert balances[-1][2] != balances[0][2], "the deposit of d+2 did not fall by what was bought"


@pytest.mark.slow
def test_the_picture_shows_the_filled_tables(run_program_file: Run, tmp_path: Path) -> None:
    """The picture of the windows has ink where the rows of the balance are, and none in it before."""
    image_type = pytest.importorskip("PyQt5.QtGui").QImage
    pictures = {}
    for name, minute in (("before", 0), ("after", 2)):
        place = tmp_path / f"{name}.png"
        run_program_file(
            "trader.py",
            url="sim:?seed=7&clock=virtual&at=2026-02-06 09:30",
            files={"buy_list.txt": "매수;005930;시장가;10;0;매수전\n"},
            until=datetime(2026, 2, 6, 9, 30 + minute, 5),
            screenshot=place,
        )
        pictures[name] = image_type(str(place))
    for name, picture in pictures.items():
        assert (picture.width(), picture.height()) >= (900, 600), name

    def ink(picture: Any) -> int:
        """Dark points where the table of the holdings has its rows."""
        points = ((x, y) for x in range(270, 880) for y in range(130, 330))
        return sum(1 for x, y in points if picture.pixelColor(x, y).lightness() < 100)

    assert ink(pictures["before"]) < 50
    assert ink(pictures["after"]) > 500


@pytest.mark.slow
def test_condition_bot(run_program_file: Run) -> None:
    """It buys what the condition finds, sells all by a quarter past three, and its log and the account agree."""
    ran = run_program_file("condition_bot.py", url="sim:?seed=7&clock=virtual&at=2026-02-06 08:58&list=small")
    assert ran.code == 0
    last = ran.lines[-1].split()
    assert (last[0], last[1], last[2], last[3]) == ("bought", "4", "left", "0")
    assert "15:16" <= last[4] <= "15:25"
    reasons = dict(line.split() for line in ran.lines[:-1])
    assert len(reasons) == 4
    assert set(reasons.values()) <= {"익절", "손절", "장마감"}
    bought = {o.code[1:]: o for o in ran.report.orders.values() if o.side == "+매수"}
    sold = {o.code[1:]: o for o in ran.report.orders.values() if o.side == "-매도"}
    assert set(bought) == set(sold) == set(reasons)
    for code, why in reasons.items():
        assert bought[code].filled == sold[code].filled > 0
        change = (sold[code].amount / bought[code].amount - 1) * 100
        if why == "익절":
            assert change > 0, code
        elif why == "손절":
            assert change < 0, code
    log = (ran.folder / "bot.log").read_text(encoding="utf-8")
    assert "2026-02-06 09:0" in log
    assert "login 0" in log


@pytest.mark.slow
def test_recorder(run_program_file: Run) -> None:
    """Trades and books until the close, in order, with volumes that add up."""
    ran = run_program_file("recorder.py", "005930", "000660", url="sim:?seed=7&clock=virtual&at=2026-02-06 15:00")
    assert ran.code == 0
    assert ran.lines[-1] == "D:\\ticks\\20260206.db True 15:30"
    connection = sqlite3.connect(ran.folder / "drives" / "D" / "ticks" / "20260206.db")
    for code in ("005930", "000660"):
        trades = connection.execute("SELECT time, price, qty, volume FROM trade WHERE code = ?", (code,)).fetchall()
        assert len(trades) > 20
        assert [t[0] for t in trades] == sorted(t[0] for t in trades)
        assert trades[0][0] >= "150000"
        assert "151900" < trades[-1][0] <= "153000"
        for before, after in itertools.pairwise(trades):
            assert after[3] - before[3] == abs(after[2]), "a trade is missing between two that follow each other"
        books = connection.execute("SELECT ask1, bid1 FROM book WHERE code = ? AND time < '152000'", (code,)).fetchall()
        assert len(books) > 20
        assert all(ask > bid > 0 for ask, bid in books)
    sessions = [row[0] for row in connection.execute("SELECT gubun FROM session").fetchall()]
    assert "2" in sessions
    assert sessions[-1] in ("4", "8")
    connection.close()


@pytest.mark.slow
def test_watcher(run_program_file: Run) -> None:
    """250 codes on three screens; after one is let go, nothing comes for it."""
    ran = run_program_file("watcher.py", url="sim:?seed=7&clock=virtual&at=2026-02-06 10:00")
    assert ran.code == 0
    assert ran.lines == [
        "codes 250 names 250 priced 250",
        "screens 5000 5001 5002",
        "trades True",
        "after disconnect 0",
    ]


@pytest.mark.slow
def test_collector(run_program_file: Run) -> None:
    """One process holds the OCX, the others talk to it through queues; all end well."""
    ran = run_program_file("collector.py", url="sim:?seed=7&speed=20&at=2026-02-06 10:00")
    assert ran.code == 0
    assert ran.lines == [
        "opt10001 005930 삼성전자 True datetime",
        "opt10001 000660 SK하이닉스 True datetime",
        "000660 True True",
        "005930 True True",
        "exit codes 0 0",
    ]


@pytest.mark.slow
def test_account(run_program_file: Run) -> None:
    """Deposit, holdings over two pages, an order that waits and is cancelled, all in CP949 files on drive C."""
    ran = run_program_file("account.py", url="sim:?seed=7&clock=virtual&at=2026-02-06 10:00")
    assert ran.code == 0
    folder = ran.folder / "drives" / "C" / "account"
    with (folder / "보유종목.csv").open(encoding="cp949", newline="") as file:
        holdings = list(csv.DictReader(file))
    words = ran.lines[0].split()
    assert int(words[1]) > 0
    assert int(words[3]) == len(holdings) == len({row["code"] for row in holdings}) > 0
    for row in holdings:
        assert int(row["qty"]) > 0
        assert row["name"]
        paper = (int(row["now"]) / int(row["price"]) - 1) * 100
        assert abs(float(row["rate"]) - paper) < 2, "rate and prices disagree by more than fees and tax"
    with (folder / "미체결.csv").open(encoding="cp949", newline="") as file:
        waiting = list(csv.DictReader(file))
    number = ran.lines[1].rpartition(" ")[2]
    assert [row["주문번호"] for row in waiting] == [number]
    assert waiting[0]["미체결수량"] == "1"
    assert ran.lines[1].startswith("open []"), "the cancelled order is still open"
    states = [line.split()[1] for line in ran.lines[2:-1]]
    assert states[0] == "접수"
    assert "확인" in states
    assert ran.lines[-1] == "2026-02-06 10"


@pytest.mark.parametrize("clock", ["clock=virtual", "speed=20"])
def test_condition_button(clock: str, run_program_file: Run) -> None:
    """A button that is pressed after a pause: its call plans an event, on a clock that runs too."""
    ran = run_program_file("condition_button.py", "8000", url=f"sim:?seed=7&at=2026-02-06 09:30&{clock}")
    assert (ran.code, ran.lines[:3]) == (0, ["로그인 0", "요청 1", f"조건식 1 {ran.lines[2].split()[-1]}"])
    assert int(ran.lines[2].split()[-1]) > 0
    assert ran.lines[3] == "검색 True True"


def test_opening(run_program_file: Run) -> None:
    """A loop on the clock before the control is made, and one that asks every five minutes afterwards."""
    ran = run_program_file("opening.py", url="sim:?seed=7&clock=virtual&at=2026-02-06 08:40")
    assert ran.code == 0
    assert ran.lines == ["장 시작 전 08:40", "장 시작 09:00", "가격 4 True", "종료 09:20"]


def test_guard(run_program_file: Run) -> None:
    """It begins only on 32-bit Windows, and keeps its files in the folders of Windows' environment."""
    ran = run_program_file("guard.py")
    assert (ran.code, ran.lines[0].split()[1]) == (0, "True"), ran.err
    user = ran.folder / "drives" / "C" / "Users" / "kiwoom"
    log = (user / "AppData" / "Local" / "kiwoom" / "log" / "guard.log").read_text(encoding="utf-8")
    assert "2026-02-06 09:30" in log
    assert "로그인 성공" in log
    assert int(ran.lines[0].split()[0]) == len((user / "Documents" / "kiwoom" / "계좌.txt").read_bytes().splitlines())


def test_wrapper_unittest(run_program_file: Run) -> None:
    """A QApplication and a control for each test of a unittest."""
    ran = run_program_file("wrapper_unittest.py")
    assert ran.code == 0, ran.err
    assert ran.report.events["OnEventConnect"] == 3
    assert "Ran 3 tests" in ran.err


def test_hasty(run_program_file: Run) -> None:
    """It asks too fast and waits for what was refused: it is ended in time, and told why it hung."""
    ran = run_program_file("hasty.py", until=datetime(2026, 2, 6, 9, 40))
    assert 1 <= len(ran.lines) < 20
    assert "끝" not in ran.lines
    lines = hints.after(ran.report, ran.code)
    assert any("CommRqData was refused" in line and "five times a second" in line for line in lines)
    assert "2026-02-06 09:40:00" <= ran.report.ended <= "2026-02-06 09:40:15"


def test_async_bot(run_program_file: Run) -> None:
    """asyncio's sleeps and time-outs go by the market's clock, beside Qt's events."""
    ran = run_program_file("async_bot.py")
    assert (ran.code, ran.lines[-1]) == (0, "체결 True"), ran.err
    assert [line for line in ran.lines if "틱" in line] == [f"09:3{n} 틱 True" for n in (1, 2, 3)]


def test_planner(run_program_file: Run) -> None:
    """Plans by the clock, timers and waits of threads keep their minutes."""
    ran = run_program_file("planner.py")
    assert (ran.code, ran.lines) == (0, [
        "심장 09:35 09:40 09:45 09:50 09:55", "알람 09:34 09:38 09:42", "이름 삼성전자 09:40 09:50",
    ]), ran.err  # fmt: skip


def test_list_editor(run_program_file: Run, tmp_path: Path) -> None:
    """A list and settings that an editor saved in Windows' encoding: read, changed, written in the same."""
    (tmp_path / "buy_list.txt").write_bytes(
        "매수;005930;시장가;10;매수전\n매도;000660;지정가;5;매도전\n".encode("cp949")
    )
    (tmp_path / "설정.ini").write_bytes("[경로]\n저장 = C:/주식\n".encode("cp949"))
    ran = run_program_file("list_editor.py")
    assert (ran.code, ran.lines) == (0, ["매수 005930 삼성전자", "매도 000660 SK하이닉스", "2 이력.csv"]), ran.err
    text = (tmp_path / "buy_list.txt").read_bytes().decode("cp949")
    assert text.split() == ["매수;005930;시장가;10;확인됨", "삼성전자", "매도;000660;지정가;5;확인됨", "SK하이닉스"]
    history = (tmp_path / "drives" / "C" / "주식" / "이력.csv").read_bytes().decode("cp949")
    assert history.startswith("매수,005930,시장가,10,확인됨 삼성전자")


def test_textbook_pyqt4(run_program_file: Run) -> None:
    """A program of 2016: PyQt4, old signals, the obsolete CommGetData; closing the window ends it."""
    ran = run_program_file("textbook_pyqt4.py")
    assert (ran.code, ran.lines) == (0, ["로그인 성공/종목명: 키움증권 True"]), ran.err


def test_com_console(run_program_file: Run) -> None:
    """No Qt: win32com with its pump, the registry, keys and bells of Windows; an order and its notices."""
    ran = run_program_file("com_console.py")
    assert ran.code == 0, ran.err
    assert ran.lines == [
        "등록 {A1574A0D-6BFA-4BD7-9020-DED88711818D}", "일봉 3 True", "주문 0", "통보 접수 체결",
    ]  # fmt: skip


def test_own_module(run_program_file: Run) -> None:
    """Its own `kiwoom.py` stands beside it, and there is a package called config."""
    ran = run_program_file("own_module")
    assert (ran.code, ran.lines) == (0, ["['005930', '000660'] ['삼성전자', 'SK하이닉스'] kiwoom"]), ran.err
