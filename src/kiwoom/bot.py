"""
`Bot` and `Server` as version 1.5 of breadum/kiwoom offers them: signals, slots, and the store that they share.

Thin covers over `Kiwoom` for programs that subclass them. New programs use `Kiwoom` itself.
"""

from __future__ import annotations

import sys
from typing import Any

from kiwoom import config
from kiwoom.config.screen import Screen
from kiwoom.config.types import ExitType
from kiwoom.control import Control, ControlUrl
from kiwoom.data.share import Share
from kiwoom.errors import RequestLimited, UsageError, msg
from kiwoom.history import Report, histories
from kiwoom.history.plan import resolve
from kiwoom.kiwoom import Kiwoom

__all__ = ["Bot", "Server", "Signal", "Slot"]


class Server:
    """
    The slots: what receives answers. Subclass it and hand it to a `Bot`, which fills in `bot`, `api` and `share`.
    """

    bot: Bot
    api: Kiwoom
    share: Share

    def init(self, bot: Bot, api: Kiwoom, share: Share) -> None:
        """Take over the bot, its API and what they share; called by the bot."""
        self.bot = bot
        self.api = api
        self.share = share

    def login(self, err_code: int) -> None:
        """Slot of on_event_connect: print the result and end the waiting for it."""
        if not config.MUTE:
            print(f"로그인 {msg(err_code)}")
        self.api.unloop()

    def on_receive_msg(self, scr_no: str, rq_name: str, tr_code: str, msg: str) -> None:
        """Slot of on_receive_msg: print the message, unless `Kiwoom.message(False)`."""
        # A download's messages go into its report.
        if self.api.msg and rq_name not in self.api._unprinted:
            print(f"화면번호: {scr_no}, 요청이름: {rq_name}, TR코드: {tr_code}\n{msg}")

    def history(self, scr_no: str, rq_name: str, tr_code: str, record_name: str, prev_next: str) -> None:
        """Slot of requests named "history". Downloads read their answers themselves and do not come here."""


class Signal:
    """The signals of a program for release 0.1, which gave this class an API and nothing else."""

    def __init__(self, api: Kiwoom) -> None:
        self.api = api


class Slot:
    """The slots of a program for release 0.1: of the login and of the server's messages."""

    def __init__(self, api: Kiwoom) -> None:
        self.api = api

    def on_event_connect(self, err_code: int) -> None:
        """Print the result of the login and end the wait for it."""
        print(f"로그인 {msg(err_code)}")
        self.api.unloop()

    def on_receive_msg(self, scr_no: str, rq_name: str, tr_code: str, msg: str) -> None:
        """Print the message, unless `Kiwoom.message(False)`."""
        if self.api.msg:
            print(f"화면번호: {scr_no}, 요청이름: {rq_name}, TR코드: {tr_code}\n{msg}")


class Bot:
    """
    The signals: what asks. `api` is the `Kiwoom`, `share` what signals and slots share, `scr` gives screen numbers.

    >>> class MyBot(Bot):
    ...     def run(self):
    ...         self.login()
    ...         self.histories(market='0', period='day', start='20240101', merge=True)

    `server` is an instance of a subclass of `Server`; `url` says which control, as for `Kiwoom`.
    """

    def __init__(self, server: Server | None = None, url: str | ControlUrl | Control | None = None) -> None:
        self.api = Kiwoom(url)
        self.scr = Screen()
        self.share = Share()
        self.server = server if isinstance(server, Server) else Server()
        self.server.init(bot=self, api=self.api, share=self.share)
        self.default_connect(self.server)

    def __getattr__(self, name: str) -> Any:
        # Between 0.1 and 1.0 a bot had a signal that asks and a slot that receives; bot and server are both since then.
        if name == "signal":
            return self
        # `server` is not there yet in a subclass that asks before this class's `__init__`: a look would come back here.
        if name == "slot" and "server" in self.__dict__:
            return self.server
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    def default_connect(self, server: Server) -> None:
        """Connect login, history and the server's messages; called once, by the constructor."""
        self.api.set_connect_hook("on_receive_tr_data", "rq_name")
        self.api.connect("on_receive_tr_data", signal=self.history, slot=self.server.history, key="history")
        self.api.connect("on_event_connect", signal=self.login, slot=self.server.login)
        self.api.connect("on_receive_msg", slot=self.server.on_receive_msg)

    def login(self) -> None:
        """Log in and wait. Raises LoginError with the code if it fails."""
        self.api.login()

    def connected(self) -> bool:
        """Say whether the control is logged in."""
        return self.api.get_connect_state() == 1

    def stock_list(self, market: str) -> list[str]:
        """The codes of a market ("0", "KOSPI", ...), sorted. Raises UsageError if there are none."""
        return list(resolve(self.api.control, market=market).codes)

    def sector_list(self, market_gubun: str) -> list[str]:
        """The sectors of a group ("0" KOSPI, "1" KOSDAQ, "2" KOSPI200, "4", "7"), sorted."""
        return list(resolve(self.api.control, sector=market_gubun).codes)

    def history(
        self,
        code: str,
        period: str,
        unit: int | None = None,
        start: str | None = None,
        end: str | None = None,
        path: str | None = None,
        merge: bool = True,
        warning: bool = True,
        prev_next: str = "0",
    ) -> Report:
        """
        Download one code to `path`/`code`.csv; arguments as in `histories`.

        Pages are read to the end by itself: `prev_next` stands here for old programs. Raises the error of the code.
        """
        report = histories(
            self.api, code=code, period=period, unit=unit, start=start, end=end, path=path, merge=merge, running=True
        )  # fmt: skip
        error = report.stopped or next(iter(report.failures.values()), None)
        if error is not None:
            raise error
        self._warn(report, warning)
        return report

    def histories(
        self,
        market: str | None = None,
        sector: str | None = None,
        period: str | None = None,
        unit: int | None = None,
        start: str | None = None,
        end: str | None = None,
        slice: tuple[int | None, int | None] | None = None,
        code: str | None = None,
        path: str | None = None,
        merge: bool = False,
        warning: bool = True,
    ) -> ExitType | tuple[int, int | None]:
        """
        Download a market or a group of sectors, one CSV a code, as version 1.5 did.

        Like it, and unlike `Kiwoom.histories`, it takes the prices of KRX and NXT together where a stock trades at both
        (files `005930_AL.csv`), and today's bar even while it is running. The return value is version 1.5's, too:
        `ExitType.SUCCESS`; `ExitType.FAILURE` if something failed, which is printed (a code that fails does not keep
        the rest from being downloaded); or, when the server's request limits ended it, the `slice` for the next call.
        Exits the program if it is not logged in.
        """
        if not self.connected():
            # As version 1.5 does.
            sys.exit(0)
        if not market and not sector:
            raise UsageError("give either market or sector")
        arguments: dict[str, Any] = {"market": market, "sector": sector, "code": code, "exchange": "SOR"}
        report = histories(
            self.api, **arguments, period=period, unit=unit, start=start, end=end, slice=slice, path=path,
            merge=merge, running=True,
        )  # fmt: skip
        self._warn(report, warning)
        if report.ok:
            return ExitType.SUCCESS
        if isinstance(report.stopped, RequestLimited) and report.left:
            # Of the whole list, as version 1.5 counted, and not of the slice of this call.
            whole = resolve(self.api.control, market=market, sector=sector, exchange="SOR").codes
            return whole.index(report.left[0]), None if slice is None else slice[1]
        return ExitType.FAILURE

    @staticmethod
    def _warn(report: Report, warning: bool) -> None:
        if warning and not config.MUTE:
            for note in report.notes:
                print(note)

    def exit(self, ecode: int = 0) -> None:
        """Close all windows of the Qt application and end it with `ecode`; without Qt, end `api.run()`."""
        self.api.quit()
        for binding in ("PyQt5", "PyQt6", "PySide6", "PySide2"):
            # Only a binding that the program has loaded: importing one would load a second Qt.
            widgets = sys.modules.get(f"{binding}.QtWidgets")
            application = widgets.QApplication.instance() if widgets is not None else None
            if application is not None:
                application.closeAllWindows()
                application.exit(ecode)
