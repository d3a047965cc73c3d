"""Logging in: `LoginCall`, and the helpers `Connect`, `EnsureConnected` and `IsConnected` of `Call`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator

import grpc

from kiwoom.errors import error_for
from kiwoom.service.base.status import End, status_of
from kiwoom.service.delivery import koapywire as encode
from kiwoom.service.delivery.hub import Listener
from kiwoom.service.delivery.occasion import Occasion
from kiwoom.service.shared.core import Core, Rpc, retrieve_error
from kiwoom.wire import koapy_pb2 as pb

__all__ = ["Login", "login_call"]

log = logging.getLogger("kiwoom.service")


class _Answer(Listener):
    """Waits for OnEventConnect."""

    def __init__(self, core: Core) -> None:
        self.future: asyncio.Future[int] = core.owner.loop.create_future()
        self._post = core.owner.post

    def hear(self, occasion: Occasion) -> None:
        self._post(self._set, int(occasion.arguments[0]))

    def fail(self, error: Exception) -> None:
        # OP_ERR_FAIL: the login itself may have succeeded, but nothing will tell.
        self._post(self._set, -10)

    def _set(self, code: int) -> None:
        if not self.future.done():
            self.future.set_result(code)


class Login:
    """One login at a time: calls that come while it is under way get its result."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._under_way: asyncio.Task[int] | None = None

    async def connected(self) -> bool:
        """Whether the control says that it is logged in."""
        control = self._core.owner.control
        return bool(await self._core.owner.submit(lambda: control.call("GetConnectState")) == 1)

    async def connect(self) -> int:
        """Log in and wait for the result: 0, or the negative code. Raises End(DEADLINE_EXCEEDED)."""
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(self._connect(), name="kiwoom login")
            self._under_way.add_done_callback(retrieve_error)
        # A call that is cancelled must not cancel the login of the others.
        return await asyncio.shield(self._under_way)

    async def check(self, wanted: pb.LoginCredentials) -> None:
        """
        Make sure that the session is the one that a client asked for, as far as it says so.

        A simulator takes any user. Raises End(FAILED_PRECONDITION).
        """
        control = self._core.owner.control
        mode, user = await self._core.owner.submit(lambda: (control.mode, control.call("GetLoginInfo", "USER_ID")))
        if mode == "simulated":
            return
        if wanted.is_simulation and mode != "mock":
            raise End(grpc.StatusCode.FAILED_PRECONDITION, f"the mock server was asked for; this session is {mode}")
        if wanted.user_id and wanted.user_id != user:
            raise End(grpc.StatusCode.FAILED_PRECONDITION, "this session is another user's than was asked for")

    async def _connect(self) -> int:
        owner, hub = self._core.owner, self._core.hub
        answer = _Answer(self._core)

        def start() -> int:
            # Before the call: a simulator's event may come at once.
            hub.add(answer, ["OnEventConnect"])
            code = owner.control.call("CommConnect")
            return code if isinstance(code, int) else 0

        timeout_s = self._core.settings.login_timeout_s
        try:
            code = await owner.submit(start)
            if code < 0:
                return code
            late = f"the login was not answered within {timeout_s:g} s"
            code = await self._core.wait_for(answer.future, timeout_s, late)
            log.info("login ended with %d", code)
            return code
        finally:
            owner.tell(lambda: hub.remove(answer))


async def login_call(rpc: Rpc, login: Login, raw: bytes) -> AsyncGenerator[bytes, None]:
    """
    Log in; one OnEventConnect is the response. A session that is logged in stays as it is.

    Passwords in the request are not used: the OCX's windows are filled from the keyring of the machine that has them
    (``ocx:?login=PROFILE``). Raises End(FAILED_PRECONDITION) if the client asked for another user than the session has,
    or for the mock server while the session is with the real one, End(PERMISSION_DENIED) if the session is not logged
    in and the client has no right to that.
    """
    wanted = pb.LoginRequest.FromString(raw).credentials
    await rpc.begin()
    # A second CommConnect would bring a second window of the OCX, or a second event to all clients.
    if await login.connected():
        code = 0
    else:
        rpc.client.identity.require("admin")
        if wanted.user_password:
            log.warning("LoginCall came with passwords, which are not used; ocx:?login=PROFILE logs in unattended")
        code = await login.connect()
    if code < 0:
        raise End.of(status_of(error_for(code, "LoginCall")))
    if wanted.user_id or wanted.is_simulation:
        await login.check(wanted)
    yield encode.event_response("OnEventConnect", (code,))
