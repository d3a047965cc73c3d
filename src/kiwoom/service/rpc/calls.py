"""
`Call`: one function of the control, or one of the helpers that KOAPY's users call by name.

Nothing but the contract and the helpers can be called, with the contract's arguments. Inputs that a client sets are
kept for that client until its request takes them along: another client's request in between does not use them up.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import grpc

from kiwoom.control.contract import (
    FUNCTIONS,
    KOA_FUNCTIONS,
    Argument,
    Function,
    Value,
    convert_arguments,
    function,
)
from kiwoom.control.eventdata import GETTERS
from kiwoom.errors import ComError, KiwoomError, OutcomeUnknown, UnknownFunction, WrongArguments
from kiwoom.limits import MAX_CODES_PER_SCREEN, ORDER_FUNCTIONS, QUERY_FUNCTIONS
from kiwoom.service.base.bounds import check_fields
from kiwoom.service.base.names import canonical
from kiwoom.service.base.status import End
from kiwoom.service.delivery import koapywire as encode
from kiwoom.service.shared.accounts import ACCOUNT_INPUT, account_of, only_accounts
from kiwoom.service.shared.clients import MOST_INPUTS, Client
from kiwoom.service.shared.core import Core
from kiwoom.wire import koapy_pb2 as pb

if TYPE_CHECKING:
    from kiwoom.service.rpc.conditions import Conditions
    from kiwoom.service.rpc.login import Login

__all__ = ["LIMITED", "Caller", "check_arguments", "wire_arguments"]

log = logging.getLogger("kiwoom.service")

# Lists of codes and of FIDs are the longest honest texts; what is longer is an attack or a mistake.
_LONGEST_TEXT = 100_000
# Digits of a number that came as text: what 64 bits hold, with a sign. Longer text would only make `int` slow.
_LONGEST_NUMBER = 20
# SendOrder has nine. Room for a few unknown fields of a newer interface.
_MOST_ARGUMENTS = 50
# By whether it is an order: what the broker gives for one too many.
_ONE_TOO_MANY = (-200, -308)
_TOO_MANY = (-200, -209, -210, -211, -308, -311)
# Functions that only read. GetConditionLoad asks the server, and an event answers it.
_READS = frozenset(name for name in FUNCTIONS if name.startswith("Get") and name != "GetConditionLoad")
# Requests that only read and were understood before: programs ask the same things over and over.
_MOST_KNOWN = 4096
# Bytes of a request as it came: a name and a few short arguments.
_LONGEST_KNOWN = 100
_UNREGISTER = frozenset({"SetRealRemove", "DisconnectRealData"})
# Functions that the service keeps account of before or after the control.
_NOTED = frozenset(
    {"SetInputValue", "CommRqData", "CommConnect", "GetLoginInfo", *QUERY_FUNCTIONS, *ORDER_FUNCTIONS, *_UNREGISTER}
    | {"SetRealReg", "SendConditionStop"}
)
LIMITED = QUERY_FUNCTIONS | ORDER_FUNCTIONS
"""Functions that the request limits count."""
# Functions that register or take back on screens that all clients share.
_OWNED = frozenset({"SetRealReg", "SendConditionStop", *_UNREGISTER})


def wire_arguments(arguments: Sequence[pb.Argument]) -> list[str | int | bool]:
    """The Python values of arguments on the wire. Raises WrongArguments for one without a value."""
    values: list[str | int | bool] = []
    for number, argument in enumerate(arguments, start=1):
        kind = argument.WhichOneof("value")
        if kind == "string_value":
            values.append(argument.string_value)
        elif kind == "long_value":
            values.append(argument.long_value)
        elif kind == "bool_value":
            values.append(argument.bool_value)
        else:
            raise WrongArguments(f"argument {number} has no value: set string_value, long_value or bool_value")
    return values


def check_arguments(called: Function, arguments: Sequence[str | int | bool | None]) -> tuple[str | int, ...]:
    """The arguments in the contract's types. Raises WrongArguments, naming the signature."""
    # The common case first: thousands of reads a second come with the right types.
    if len(arguments) == len(called.arguments) and all(map(_fits, called.arguments, arguments)):
        return tuple(arguments)  # type: ignore[arg-type]  # they are text and numbers
    for spec, value in zip(called.arguments, arguments, strict=False):
        if isinstance(value, str):
            longest = _LONGEST_NUMBER if spec.kind == "long" else _LONGEST_TEXT
            if len(value) > longest:
                _refuse(called, spec.name, f"is {len(value)} characters long")
            if "\0" in value:
                _refuse(called, spec.name, "has a null character")
        # "True" as a code or an account is never meant.
        elif spec.kind == "str" and isinstance(value, bool):
            _refuse(called, spec.name, f"must be text, got {value}")
    converted = convert_arguments(called, arguments)
    for spec, number in zip(called.arguments, converted, strict=True):
        # COM would cut it: a price of 5,000,000,000 won would go out as 705,032,704.
        if isinstance(number, int) and not -(2**31) <= number < 2**31:
            _refuse(called, spec.name, f"is {number}, which 32 bits do not hold")
    return converted


def _fits(spec: Argument, value: str | int | bool | None) -> bool:
    """Whether a value needs no conversion, as nearly all do not."""
    if spec.kind == "str":
        return type(value) is str and len(value) <= _LONGEST_TEXT and "\0" not in value
    return type(value) is int and -(2**31) <= value < 2**31


def _refuse(called: Function, argument: str, reason: str) -> NoReturn:
    raise WrongArguments(f"{called.name}: argument {argument!r} {reason}. {_signature(called)}")


def _signature(called: Function) -> str:
    return f"The signature is {called.python_signature} = {called.signature}."


def _opens_a_window(arguments: tuple[str | int, ...]) -> bool:
    """Whether a sub-function of KOA_Functions shows a window on the desktop of the service."""
    return canonical(arguments[0]).startswith("SHOW")


@dataclass(frozen=True)
class _Helper:
    """A name that is no function of the control: its signature, what it takes, and what it does."""

    signature: str
    types: tuple[type, ...]
    optional: bool
    run: Callable[[Caller, Client, Sequence[str | int | bool]], Awaitable[Value | bool]]


class Caller:
    """Carries out calls for clients."""

    def __init__(self, core: Core, login: Login, conditions: Conditions) -> None:
        self._core = core
        self._login = login
        self._conditions = conditions
        self._known: dict[bytes, tuple[Function, tuple[str | int, ...]]] = {}

    def prepare(
        self, client: Client, name: str, arguments: Sequence[str | int | bool | None]
    ) -> tuple[Function, tuple[str | int, ...]]:
        """
        The function of this name and its checked arguments.

        Raises UnknownFunction, WrongArguments, End(PERMISSION_DENIED).
        """
        called = FUNCTIONS.get(name)
        if called is None:
            sub = KOA_FUNCTIONS.get(name)
            if sub is not None:
                called = FUNCTIONS["KOA_Functions"]
                if len(arguments) != (1 if sub.parameter else 0):
                    raise WrongArguments(f"{name}: the signature is {sub.python_name}({sub.parameter})")
                arguments = (name, *(arguments or ("",)))
            else:
                # Cut: the name stands in the error's text, and may be megabytes.
                called = function(name[:100])
        converted = check_arguments(called, arguments)
        identity = client.identity
        if called.name in ORDER_FUNCTIONS:
            identity.require("trade")
            # Argument 2 is the account in all three order functions.
            identity.require_account(str(converted[2]))
        elif called.name == "CommTerminate" or (called.name == "KOA_Functions" and _opens_a_window(converted)):
            identity.require("admin")
        elif called.name == "SetInputValue" and canonical(converted[0]) == canonical(ACCOUNT_INPUT):
            identity.require_account(str(converted[1]))
        return called, converted

    def carry_out(
        self, client: Client, called: Function, arguments: tuple[str | int, ...], program: object = None
    ) -> Value:
        """
        Call the function for this client, or for a program of its that goes on when its connection breaks.

        Owner thread. Raises End(ABORTED) for the next page of a TR that another client asked for in between. A plain
        client without limits on accounts is not checked: its connection may carry several programs.
        """
        name = called.name
        control = self._core.owner.control
        if name in GETTERS:
            # First what this client holds: its late event is not the one that the control delivers now.
            for holder in client.holders:
                if holder.data is not None:
                    return holder.data.get(name, arguments)
            held = self._core.hub.held
            # The getters need no listening: a limited client could read another account's notice while it is held.
            if held is not None and not self._core.accounts.may_hear(held, client.identity):
                return "" if called.returns == "str" else 0 if called.returns == "long" else None
            return control.read_many(name, (arguments,))[0]
        if name not in _NOTED:
            return control.read_many(name, (arguments,))[0]
        if name == "SetInputValue":
            item, value = str(arguments[0]).strip(), str(arguments[1])
            if item not in client.inputs and len(client.inputs) >= MOST_INPUTS:
                _refuse(called, "id", f"would be one of more than {MOST_INPUTS}: a request takes the inputs along")
            # Kept here and not in the control, where another client's request would take them along.
            if not self._core.inputs.set(client, item, value):
                _refuse(called, "value", "is more than there is room for")
            return None
        if name == "CommRqData":
            # The control drops inputs with the request, also with one that it refuses.
            inputs = self._core.inputs.take(client)
            account = account_of(str(arguments[1]), inputs, client.identity)
            goes_on = arguments[2] == 2 and (program is not None or client.identity.accounts is not None)
            # Before the inputs are set: a refusal must leave none of them in the control.
            self._core.paging.asks(str(arguments[1]), program or client, goes_on)
            self._core.accounts.asked(str(arguments[3]), str(arguments[0]), str(arguments[1]), account, client.identity)
            for item, value in inputs.items():
                control.call("SetInputValue", item, value)
        elif name in ORDER_FUNCTIONS:
            self._core.permit_order(client.identity)
            self._core.accounts.asked(str(arguments[1]), str(arguments[0]), "", str(arguments[2]), client.identity)
        elif name == "CommConnect" and "admin" not in client.identity.rights:
            return self._already_connected(client)
        elif program is None and name in _OWNED:
            return self._owned(client, name, arguments)
        limiter = self._core.limits.of(name)
        if limiter is not None:
            if client.permitted:
                limiter.sent(client.permitted.popleft())
            else:
                limiter.count()
        result = self._order(name, arguments) if name in ORDER_FUNCTIONS else control.call(name, *arguments)
        if limiter is not None and result in _TOO_MANY:
            limiter.refused()
            self._core.owner.post(self._core.shares[limiter].refused, client)
        if name in _UNREGISTER:
            # A program that unregisters its own codes must not unregister those of the streams.
            self._core.registrar.restore()
        elif name == "SendCondition" and program is None and result == 1:
            self._core.ownership.searched(client, arguments[:3])
        elif name == "GetLoginInfo" and client.identity.accounts is not None:
            return only_accounts(str(arguments[0]), str(result), client.identity.accounts)
        return result

    async def make_ready(self, arguments: tuple[str | int, ...]) -> None:
        """Have the control prepare a SetRealReg, so that the call itself takes no time. It may refuse it as before."""
        codes = [code.strip() for code in str(arguments[1]).split(";")]
        fids = [fid.strip() for fid in str(arguments[2]).split(";")]
        numbers = frozenset(int(fid) for fid in fids if fid.isascii() and fid.isdecimal() and len(fid) < 10)
        # The control refuses longer lists, and need not prepare them.
        if len(codes) <= MAX_CODES_PER_SCREEN:
            await self._core.make_ready(codes, numbers)

    async def one_too_many(self, client: Client, name: str) -> int | None:
        """
        What a request gives that goes beyond the client's share of the limits, None for one that may be sent.

        It is what the broker gives for one too many, and this one does not reach it: in the longer windows it would
        lock all clients out until the next login.
        """
        limiter = self._core.limits.of(name)
        if limiter is None or await self._core.admit(limiter, client):
            return None
        if name == "CommRqData":
            # The control drops inputs with a request that it refuses.
            await self._core.owner.submit(partial(self._core.inputs.take, client))
        return 0 if name == "SendCondition" else _ONE_TOO_MANY[name in ORDER_FUNCTIONS]

    def _already_connected(self, client: Client) -> int:
        """CommConnect of a client that may not log in: 0 if the session is logged in. Raises End(PERMISSION_DENIED)."""
        if self._core.owner.control.call("GetConnectState") != 1:
            client.identity.require("admin")
        return 0

    def _owned(self, client: Client, name: str, arguments: tuple[str | int, ...]) -> Value:
        """A function that registers or takes back; it touches what the client has, and not what others have."""
        ownership, texts = self._core.ownership, [str(argument) for argument in arguments]
        if name == "SetRealReg":
            return ownership.register(client, texts[0], texts[1], texts[2], texts[3])
        everything = name == "SetRealRemove" and canonical(texts[0]) == canonical(texts[1]) == "ALL"
        if everything and client.identity.authenticated and "admin" in client.identity.rights:
            self._core.owner.control.call(name, *arguments)
        elif name == "SetRealRemove":
            ownership.remove(client, texts[0], texts[1])
        elif name == "DisconnectRealData":
            ownership.disconnect(client, texts[0])
        else:
            ownership.stop(client, arguments)
            return None
        # Streams share the codes that a client may have taken back.
        self._core.registrar.restore()
        return None

    def _order(self, name: str, arguments: tuple[str | int, ...]) -> Value:
        """Send an order. Raises End(UNKNOWN) if it may have left although the function raised."""
        try:
            return self._core.owner.control.call(name, *arguments)
        except (ComError, OutcomeUnknown) as error:
            why: Exception = error
        except KiwoomError:
            # Raised on purpose, before anything left.
            raise
        except Exception as error:
            log.error("%s raised %r", name, error, exc_info=error)
            why = error
        text = f"the outcome of the order is unknown, look it up (opt10075) before sending it again: {why}"
        raise End(grpc.StatusCode.UNKNOWN, text)

    async def call(self, client: Client, name: str, arguments: Sequence[str | int | bool]) -> Value | bool:
        """Carry out a function or a helper by name."""
        try:
            called, converted = self.prepare(client, name, arguments)
        except UnknownFunction as error:
            helper = _HELPERS.get(name)
            if helper is None:
                known = ", ".join((*_HELPERS, *KOA_FUNCTIONS))
                raise UnknownFunction(f"{error} Helpers: {known}.") from None
            _check_helper(name, helper, arguments)
            return await helper.run(self, client, arguments)
        if called.returns == "variant":
            raise End(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"{called.name} returns a table, which Call cannot carry: ask with TransactionCall, or by GetCommData",
            )
        owner = self._core.owner
        if owner.at_hand and called.name in _READS:
            # A read has no consequences that the owner would have to look after.
            return self.carry_out(client, called, converted)
        if called.name == "SetRealReg":
            await self.make_ready(converted)
        if called.name in LIMITED:
            code = await self.one_too_many(client, called.name)
            if code is not None:
                return code
        return await owner.submit(partial(self.carry_out, client, called, converted))

    async def wire_call(self, client: Client, raw: bytes) -> bytes:
        """The RPC: call a function by name. A negative return code is a response, not an error."""
        known = self._known.get(raw)
        if known is not None and self._core.owner.at_hand:
            return encode.call_response(self.carry_out(client, *known))
        check_fields(raw, _MOST_ARGUMENTS, "a call")
        request = pb.CallRequest.FromString(raw)
        arguments = wire_arguments(request.arguments)
        value = await self.call(client, request.name, arguments)
        called = FUNCTIONS.get(request.name)
        if called is not None and called.name in _READS and len(raw) <= _LONGEST_KNOWN:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            self._known[raw] = (called, check_arguments(called, arguments))
        return encode.call_response(value)

    # --- helpers ---------------------------------------------------------------------------------------------

    async def is_connected(self, client: Client, arguments: Sequence[str | int | bool]) -> bool:
        return await self._login.connected()

    async def connect(self, client: Client, arguments: Sequence[str | int | bool]) -> int:
        if await self._login.connected() and "admin" not in client.identity.rights:
            return 0
        client.identity.require("admin")
        return await self._login.connect()

    async def ensure_connected(self, client: Client, arguments: Sequence[str | int | bool]) -> bool:
        if await self._login.connected():
            return True
        client.identity.require("admin")
        return await self._login.connect() == 0

    async def load_condition(self, client: Client, arguments: Sequence[str | int | bool]) -> int:
        return (await self._conditions.load())[0]

    async def is_condition_loaded(self, client: Client, arguments: Sequence[str | int | bool]) -> bool:
        return self._conditions.loaded

    async def ensure_condition_loaded(self, client: Client, arguments: Sequence[str | int | bool]) -> int:
        if self._conditions.loaded and not (arguments and arguments[0]):
            return 1
        return (await self._conditions.load())[0]

    async def is_simulation_server(self, client: Client, arguments: Sequence[str | int | bool]) -> bool:
        control = self._core.owner.control
        return bool(await self._core.owner.submit(lambda: control.call("KOA_Functions", "GetServerGubun", "")) == "1")


_HELPERS = {
    "IsConnected": _Helper("IsConnected() -> bool", (), False, Caller.is_connected),
    "Connect": _Helper("Connect() -> int", (), False, Caller.connect),
    "EnsureConnected": _Helper("EnsureConnected() -> bool", (), False, Caller.ensure_connected),
    "LoadCondition": _Helper("LoadCondition() -> int", (), False, Caller.load_condition),
    "IsConditionLoaded": _Helper("IsConditionLoaded() -> bool", (), False, Caller.is_condition_loaded),
    "EnsureConditionLoaded": _Helper(
        "EnsureConditionLoaded(force: bool = False) -> int", (bool,), True, Caller.ensure_condition_loaded
    ),
    "IsSimulationServer": _Helper("IsSimulationServer() -> bool", (), False, Caller.is_simulation_server),
}


def _check_helper(name: str, helper: _Helper, arguments: Sequence[str | int | bool]) -> None:
    fits = len(arguments) == len(helper.types) or (helper.optional and len(arguments) < len(helper.types))
    if not fits or any(not isinstance(a, t) for a, t in zip(arguments, helper.types, strict=False)):
        raise WrongArguments(f"{name}: the signature is {helper.signature}")
