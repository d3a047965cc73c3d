"""`Bot` and `Server`: a program of version 1.5 runs as it is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kiwoom import Bot, Server, config
from kiwoom.config.screen import Screen
from kiwoom.config.types import ExitType
from kiwoom.data import Share
from kiwoom.data.preps import prep
from kiwoom.errors import UsageError
from kiwoom.utils import date, effective_args, list_wrapper, name, unpack_args

URL = "sim:?clock=virtual&at=2026-02-06 09:00"


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "MUTE", True)


class MyServer(Server):
    def __init__(self) -> None:
        super().__init__()
        self.codes: list[int] = []

    def login(self, err_code: int) -> None:
        self.codes.append(err_code)
        self.api.unloop()

    def price(self, scr_no, rq_name, tr_code, record_name, prev_next):
        value = prep(self.api.get_comm_data(tr_code, rq_name, 0, "현재가"))
        self.share.update_single(name(), "price", value)
        self.api.unloop()


class MyBot(Bot):
    def __init__(self, server: MyServer) -> None:
        super().__init__(server, URL)
        self.api.connect("on_receive_tr_data", signal=self.price, slot=self.server.price)  # type: ignore[attr-defined]

    def price(self, code: str) -> None:
        self.api.set_input_value("종목코드", code)
        self.api.comm_rq_data(name(), "opt10001", "0", self.scr.alloc("opt10001", code))
        self.api.loop()


@pytest.fixture
def bot() -> Iterator[MyBot]:
    bot = MyBot(MyServer())
    bot.login()
    yield bot
    bot.api.control.close()


def test_signals_slots_and_what_they_share(bot: MyBot) -> None:
    assert bot.connected()
    assert bot.server.codes == [0]  # type: ignore[attr-defined]
    bot.price("005930")
    price = bot.share.get_single("price", "price")
    assert isinstance(price, int) and abs(price) > 1000
    assert bot.server.bot is bot and bot.server.share is bot.share


def test_lists(bot: MyBot) -> None:
    assert bot.stock_list("0")[:1] == sorted(bot.api.get_code_list_by_market("0").split(";")[:-1])[:1]
    assert "001" in bot.sector_list("0")
    with pytest.raises(UsageError):
        bot.stock_list("77")


def test_histories_says_how_it_ended(bot: MyBot, tmp_path: Path) -> None:
    arguments = {"market": "0", "period": "day", "start": "20260101", "slice": (0, 5), "path": str(tmp_path)}
    assert bot.histories(**arguments) is ExitType.SUCCESS  # type: ignore[arg-type]
    assert len(list(tmp_path.glob("*.csv"))) == 5
    assert bot.histories(**arguments) is ExitType.FAILURE, "the files are there"  # type: ignore[arg-type]
    assert bot.histories(**arguments, merge=True) is ExitType.SUCCESS  # type: ignore[arg-type]
    assert int(ExitType.SUCCESS) == 0


def test_histories_of_stocks_that_trade_at_both_exchanges(bot: MyBot, tmp_path: Path) -> None:
    both = set(bot.api.get_code_list_by_market("NXT").split(";")[:-1])
    arguments = {"market": "0", "period": "day", "start": "20260101", "slice": (0, 12), "path": str(tmp_path)}
    assert bot.histories(**arguments) is ExitType.SUCCESS  # type: ignore[arg-type]
    names = {p.stem for p in tmp_path.glob("*.csv")}
    assert any(n.endswith("_AL") for n in names)
    assert all(n.endswith("_AL") == (n.removesuffix("_AL") in both) for n in names)
    assert all(len((tmp_path / f"{n}.csv").read_bytes().splitlines()) > 20 for n in names if n.endswith("_AL"))


def test_histories_gives_the_slice_that_is_left_when_the_limits_end_it(bot: MyBot, tmp_path: Path) -> None:
    while True:
        bot.api.control.call("SetInputValue", "종목코드", "000660")
        if bot.api.control.call("CommRqData", "x", "opt10001", 0, "0101"):
            break
        bot.api.run(timeout=0.21)
    assert bot.histories(market="0", period="day", start="20260101", slice=(2, 6), path=str(tmp_path)) == (2, 6)
    bot.login()
    assert bot.histories(market="0", period="day", start="20260101", slice=(2, 6), path=str(tmp_path)) == (
        ExitType.SUCCESS
    )


def test_histories_needs_a_market_or_a_sector(bot: MyBot, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="market or sector"):
        bot.histories(period="day", path=str(tmp_path))
    assert bot.histories(sector="2", period="day", start="20260101", path=str(tmp_path)) is ExitType.SUCCESS


def test_one_code(bot: MyBot, tmp_path: Path) -> None:
    assert bot.history("005930", "day", start="20260101", path=str(tmp_path)).ok
    assert (tmp_path / "005930.csv").exists()
    with pytest.raises(FileExistsError):
        bot.history("005930", "day", start="20260101", path=str(tmp_path), merge=False)


def test_histories_before_the_login_ends_the_program() -> None:
    bot = Bot(url=URL)
    with pytest.raises(SystemExit):
        bot.histories(market="0", period="day")
    bot.api.control.close()


def test_a_bot_without_a_server_of_its_own(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config, "MUTE", False)
    bot = Bot(url=URL)
    bot.login()
    assert "로그인 0 : OP_ERR_NONE" in capsys.readouterr().out
    bot.server.on_receive_msg("0101", "x", "opt10001", "조회")
    assert "조회" in capsys.readouterr().out
    bot.exit()
    bot.api.control.close()


def test_screens() -> None:
    screen = Screen()
    first = screen("opw00018")
    assert screen("opw00018") == first and screen("opt10001") != first
    numbers = [screen.alloc("opt10081", f"{n:06}") for n in range(200)]
    assert len(set(numbers)) == 3 and max(numbers.count(n) for n in numbers) == 90
    assert screen.alloc("opt10081", "000000") == numbers[0]
    assert "opt10081" in screen and first in screen
    del screen["opw00018"]
    assert first not in screen
    with pytest.raises(RuntimeError, match="200 screen numbers"):
        for n in range(300):
            screen(f"tr{n}")


def test_utils() -> None:
    assert name() == "test_utils"
    assert str(date("20260206")) == "2026-02-06" == str(date("2026-02-06 09:00:00"))
    assert list_wrapper(None) is None and list_wrapper("a") == ["a"] and list_wrapper(["a"]) == ["a"]
    assert effective_args({"self": 1, "a": None, "b": "", "c": 0, "d": "x"}, remove="d") == {"c": 0}
    assert unpack_args({"self": 1, "code": "005930", "period": "day"}) == "code=005930, period=day"


def test_share() -> None:
    share = Share()
    share.update_single("balance", "cash", 1)
    share.extend_multi("balance", "codes", ["a"])
    share.extend_multi("balance", "codes", ["b"])
    share.extend_history("005930", "일자", ["20260206"])
    share.update_args("balance", {"code": "005930"})
    assert share.get("single", "balance", "cash") == share.get_single("balance", "cash") == 1
    assert share.get_multi("balance", "codes") == ["a", "b"]
    assert share.get_history("005930", "일자") == ["20260206"] and set(share.get_history()) == {"005930"}
    assert share.get_args("balance", "code") == "005930" and share.isin_args("balance", "code")
    assert share.isin_single("balance") and share.isin_multi("balance", "codes")
    assert dict(share.items("single", "balance")) == {"cash": 1} and "balance" in share.keys("multi")
    for remove in (share.remove_single, share.remove_multi, share.remove_args, share.remove_history):
        remove("balance")
    share.remove_single("balance", "cash")
    for wrong in (("single", "missing"), ("single", "balance"), ("triple", "x")):
        with pytest.raises(KeyError):
            share.get(*wrong)
