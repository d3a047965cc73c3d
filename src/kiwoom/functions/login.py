"""Logging in, and the facts that a login brings."""

from __future__ import annotations

from kiwoom.functions.base import Caller, alias

__all__ = ["LoginFunctions"]


class LoginFunctions(Caller):
    """Functions 1, 2, 4, 13, 15 and 50 of the control."""

    def comm_connect(self) -> int:
        """
        Start the login. Returns at once; the result comes in `on_event_connect`.

        The OCX opens its login window (or logs in by itself if automatic login is set up); the simulator needs
        nothing. `Kiwoom.login()` does this and waits.

        Returns 0 if the login has started, a negative code if not.
        Source: developer guide, CommConnect. A login with automatic login took 9.7 s on the real server.
        """
        # 0 says that the window opened, not that the login succeeded: a wrong password still gives 0 here.
        return self._number("CommConnect")

    CommConnect = alias(comm_connect)

    def comm_terminate(self) -> None:
        """
        Do nothing: the function is kept by Kiwoom for old programs only.

        A session ends with the program, or with `close()`.
        """
        # Called all the same: a recording or a scripted control sees what the program did.
        self._void("CommTerminate")

    CommTerminate = alias(comm_terminate)

    def get_connect_state(self) -> int:
        """
        Say whether there is a session: 1 connected, 0 not. Needs no login, costs no request.

        After a disconnection (`on_event_connect` with -106) it is 0 again.
        """
        return self._number("GetConnectState")

    GetConnectState = alias(get_connect_state)

    def get_login_info(self, tag: str) -> str:
        """
        Read a fact about the user. After the login; "" before it and for an unknown tag.

        ==================  ==========================================================================
        tag                 result
        ==================  ==========================================================================
        ACCOUNT_CNT         number of accounts: ``1``
        ACCNO, ACCLIST      accounts, each followed by a semicolon: ``8012345611;`` (even if there is one)
        ACCTLIST_DETAIL     ``account,name,kind;`` per account; kinds such as 위탁종합, 선물옵션
        USER_ID, USER_NAME  as they are, without padding
        KEY_BSECGB          keyboard security: ``0`` on, ``1`` released
        FIREW_SECGB         firewall: ``0`` not set, ``1`` set, ``2`` released
        GetServerGubun      ``1`` the mock server (모의투자), anything else the real one
        ==================  ==========================================================================

        Accounts have ten digits; the last two tell the kind: 10 or 11 stocks, 31 futures and options.
        Not a request: answers at once and is not limited.
        """
        # The last semicolon is captured; the guide's text does not show it, and ``split(';')`` gives one empty account.
        return self._text("GetLoginInfo", tag)

    GetLoginInfo = alias(get_login_info)

    def get_api_module_path(self) -> str:
        r"""Name the folder in which the OCX is installed, such as ``C:\OpenAPI``. Works before the login too."""
        return self._text("GetAPIModulePath")

    GetAPIModulePath = alias(get_api_module_path)

    def set_info_data(self, info_data: str) -> int:
        """
        Choose the user id of an automatic login when the ids of several users are stored.

        Call it before `comm_connect`. Returns 0, or a negative code. Source: developer guide, SetInfoData.
        """
        return self._number("SetInfoData", info_data)

    SetInfoData = alias(set_info_data)
