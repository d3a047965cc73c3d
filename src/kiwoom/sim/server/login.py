"""Login, connection state, and GetLoginInfo."""

from __future__ import annotations

import logging

from kiwoom.sim.base.engine import Timer
from kiwoom.sim.server.orders import Ordering
from kiwoom.sim.server.requests import Requests
from kiwoom.sim.session.control import Part, dispatch

__all__ = ["Login"]

log = logging.getLogger("kiwoom.sim")

# OP_ERR_CONNECT of the error table: the server could not be reached.
_LOGIN_FAILED = -101


class Login(Part):
    """CommConnect, CommTerminate, GetConnectState, SetInfoData, GetAPIModulePath and GetLoginInfo."""

    _pending: Timer | None = None

    def disconnected(self) -> None:
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None

    @dispatch("CommConnect")
    def comm_connect(self) -> int:
        if self._pending is not None:
            return 0
        # No refusal when already connected: a new login is the way out of the request limits' penalty.
        # A real login takes some 10 s with its window and the versions; the option's default is short for the sake of
        # tests.
        self._pending = self.broker.engine.after(self.broker.options.login_ms * 1000, self._finish)
        return 0

    def _finish(self) -> None:
        self._pending = None
        # A fault outranks the option: it was switched on later.
        code = self.control.faults.login_code() or self.broker.options.login_error
        if code == 0:
            try:
                # First the accounts, then `connected`: a program must not see a login whose accounts failed.
                self.control.part(Ordering).connected()
            except Exception as error:
                self.broker.engine.failures.report("the login", error)
                code = _LOGIN_FAILED
            else:
                self.control.connected = True
                self.control.part(Requests).logged_in()
        self.control.send("OnEventConnect", code)

    @dispatch("CommTerminate")
    def comm_terminate(self) -> None:
        """Does nothing: the guide calls it no longer supported."""

    @dispatch("GetConnectState")
    def get_connect_state(self) -> int:
        return int(self.control.connected)

    @dispatch("SetInfoData")
    def set_info_data(self, _info: str) -> int:
        return 0

    @dispatch("GetAPIModulePath")
    def get_api_module_path(self) -> str:
        return "C:\\OpenAPI"

    @dispatch("GetLoginInfo")
    def get_login_info(self, tag: str) -> str:
        if not self.control.connected:
            return ""
        options = self.broker.options
        accounts = self.broker.accounts(options.user)
        key = tag.strip().upper()
        if key in ("ACCNO", "ACCLIST"):
            return "".join(f"{number};" for number, _ in accounts)
        if key == "ACCOUNT_CNT":
            return str(len(accounts))
        if key == "ACCTLIST_DETAIL":
            return "".join(f"{number},{options.name},{kind};" for number, kind in accounts)
        fixed = {
            "USER_ID": options.user,
            "USER_NAME": options.name,
            # 1: keyboard security released; FIREW_SECGB 2: the personal firewall released (guide).
            "KEY_BSECGB": "1",
            "FIREW_SECGB": "2",
            "GETSERVERGUBUN": "1",
        }
        if key not in fixed:
            log.error("GetLoginInfo has no tag %r", tag)
        return fixed.get(key, "")
