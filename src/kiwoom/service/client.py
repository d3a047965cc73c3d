"""
Clients of the service's RPCs with plain Python results: `ServiceClient` for threads, `AsyncServiceClient` for asyncio.

    with ServiceClient("127.0.0.1:5943") as client:
        client.login()
        answer = client.transaction("opt10081", {"종목코드": "005930", "수정주가구분": "1"}, until=("일자", "20250101"))
        answer.frame()

Both have the same methods; those that stream give iterators, or asynchronous ones, and end when they are closed. An
error of the service is a `grpc.RpcError` with its status. For all of the API, with events and their data, open
``grpc://host:port`` as a control instead.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import grpc

from kiwoom.errors import MissingDependency, OutcomeUnknown, UsageError
from kiwoom.installing import pip_install
from kiwoom.local import is_loopback, listener_is_ours, local_token
from kiwoom.wire import koapy_pb2 as pb

if TYPE_CHECKING:
    import pandas

__all__ = ["Answer", "AsyncServiceClient", "Heard", "OrderOutcomeUnknown", "ServiceClient", "Tick"]

_PREFIX = "/koapy.backend.kiwoom_open_api_plus.grpc.KiwoomOpenApiPlusService"

# As they are written in Python; the wire has numbers for them.
_COMPARATORS = {
    "<=": pb.LESS_THAN_OR_EQUAL_TO,
    "<": pb.LESS_THAN,
    ">=": pb.GREATER_THAN_OR_EQUAL_TO,
    ">": pb.GREATER_THAN,
    "==": pb.EQUAL_TO,
    "!=": pb.NOT_EQUAL_TO,
}


@dataclass
class Answer:
    """The answer of a TR: the single record, and the rows of the multi record. All values are text, as they came."""

    single: dict[str, str] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)

    @property
    def records(self) -> list[dict[str, str]]:
        """The rows as dictionaries."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]

    def frame(self) -> pandas.DataFrame:
        """The rows as a DataFrame of text. Raises MissingDependency without pandas."""
        try:
            import pandas
        except ImportError:
            raise MissingDependency(f"frame() needs pandas: {pip_install('pandas')}") from None
        return pandas.DataFrame(self.rows, columns=self.columns)

    def add(self, page: Answer) -> None:
        """Take a further page in; the single record stays that of the first."""
        self.single = self.single or page.single
        self.columns = self.columns or page.columns
        self.rows += page.rows


@dataclass(frozen=True)
class Tick:
    """A real-time message: the code, the real type, and the values by FID (as text) or by name."""

    code: str
    type: str
    values: dict[str, str]


@dataclass(frozen=True)
class Heard:
    """An event: its name, its arguments, and its data."""

    name: str
    arguments: tuple[str | int | bool, ...]
    data: dict[str, str]
    answer: Answer


# --- between Python and the wire ------------------------------------------------------------------------------------


def _call(name: str, arguments: Iterable[str | int | bool]) -> pb.CallRequest:
    request = pb.CallRequest(name=name)
    for argument in arguments:
        # Before int, since a bool is an int: KOAPY's wire has a field of its own for it.
        if isinstance(argument, bool):
            request.arguments.add(bool_value=argument)
        elif isinstance(argument, int):
            request.arguments.add(long_value=argument)
        else:
            request.arguments.add(string_value=argument)
    return request


def _value(argument: Any) -> str | int | bool | None:
    kind = argument.WhichOneof("value")
    value: str | int | bool | None = getattr(argument, kind) if kind else None
    return value


def _answer(response: pb.ListenResponse) -> Answer:
    return Answer(
        dict(zip(response.single_data.names, response.single_data.values, strict=True)),
        list(response.multi_data.names),
        [list(row.values) for row in response.multi_data.values],
    )


def _heard(response: pb.ListenResponse) -> Heard:
    answer = _answer(response)
    arguments = tuple(value for value in map(_value, response.arguments) if value is not None)
    return Heard(response.name, arguments, answer.single, answer)


def _tick(response: pb.ListenResponse) -> Tick:
    heard = _heard(response)
    return Tick(str(heard.arguments[0]), str(heard.arguments[1]), heard.data)


def _transaction(
    code: str, inputs: Mapping[str, str], until: tuple[str, ...] | None, name: str
) -> pb.TransactionRequest:
    request = pb.TransactionRequest(transaction_code=code, request_name=name, inputs=dict(inputs))
    if until is not None:
        # "<=" by default: charts come newest first, so the first row up to a date ends what is wanted.
        comparator, value = until[1:] if len(until) == 3 else ("<=", until[1])
        stop = pb.TransactionStopCondition(name=until[0], value=value, comparator=_COMPARATORS[comparator])
        request.stop_condition.CopyFrom(stop)
    return request


def _real(codes: Iterable[str], fids: Iterable[int], names: bool, infer: bool, fast: bool) -> pb.RealRequest:
    flags = pb.RealRequestFlags(infer_fids=infer, readable_names=names, fast_parse=fast)
    # Our service shares registrations and ignores opt_type; KOAPY's own takes "0" as "replace".
    return pb.RealRequest(code_list=list(codes), fid_list=list(fids), opt_type="0", flags=flags)


def _condition(name: str, index: int, realtime: bool, info: bool) -> pb.ConditionRequest:
    flags = pb.ConditionRequestFlags(with_info=info)
    return pb.ConditionRequest(condition_name=name, condition_index=index, search_type=int(realtime), flags=flags)


def _conditions(text: str) -> dict[int, str]:
    pairs = (part.partition("^") for part in text.split(";") if "^" in part)
    return {int(number): name for number, _, name in pairs}


class OrderOutcomeUnknown(OutcomeUnknown, grpc.RpcError):
    """
    An order was sent, or may have been, and nothing says what became of it: look it up (opt10075).

    The status of the service is in `code()` and `details()`.
    """

    def __init__(self, error: Any) -> None:
        super().__init__(f"the outcome of the order is unknown, look it up before sending it again: {error.details()}")
        self._error = error

    def code(self) -> grpc.StatusCode:
        """The status with which the call ended."""
        code: grpc.StatusCode = self._error.code()
        return code

    def details(self) -> str:
        """The words of the status."""
        return str(self._error.details())


# Ends of an OrderCall that say for certain that there is no order, or which one there is.
_CERTAIN = frozenset(
    {
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.PERMISSION_DENIED,
        grpc.StatusCode.UNAUTHENTICATED,
        grpc.StatusCode.UNIMPLEMENTED,
        grpc.StatusCode.FAILED_PRECONDITION,
        grpc.StatusCode.ALREADY_EXISTS,
    }
)


def _order_error(error: Any, answered: bool) -> grpc.RpcError:
    """The error of an order's stream, as OrderOutcomeUnknown unless something is certain."""
    # When in doubt unknown: a program that takes "failed" for "not sent" sends the order twice.
    certain = answered or error.code() in _CERTAIN or str(error.details()).startswith("the order was not sent")
    return error if certain else OrderOutcomeUnknown(error)


def _order_id(order_id: str) -> tuple[tuple[str, str], ...]:
    return (("kiwoom-order-id", order_id),) if order_id else ()


def _metadata(target: str, token: str, secure: bool) -> tuple[tuple[str, str], ...]:
    """The token that the service is shown: the given one, or the user's own of a service on this machine."""
    host, _, port = target.rpartition(":")
    local = is_loopback(host)
    # Refused before the channel is used: a token that went out in clear would have to be changed.
    if token and not secure and not local:
        raise UsageError(f"a token is not sent in clear to {target}: give credentials, with TLS")
    if not token and local and port.isdecimal() and listener_is_ours(int(port)):
        token = local_token(int(port))
    return (("authorization", f"Bearer {token}"),) if token else ()


_OPTIONS = (
    ("grpc.max_receive_message_length", -1),
    # Each client has a connection of its own: the service tells clients apart by it.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
)


class ServiceClient:
    """A client for threads. `target` is host:port; with `credentials` (of gRPC) over TLS. Also a context manager."""

    def __init__(self, target: str, *, token: str = "", credentials: grpc.ChannelCredentials | None = None) -> None:
        self.channel = (
            grpc.insecure_channel(target, _OPTIONS)
            if credentials is None
            else grpc.secure_channel(target, credentials, _OPTIONS)
        )
        self._metadata = _metadata(target, token, credentials is not None)

    def close(self) -> None:
        """Close the connection; open streams end."""
        self.channel.close()

    def __enter__(self) -> ServiceClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _stream(
        self, method: str, request: Any, metadata: tuple[tuple[str, str], ...] = ()
    ) -> Iterator[pb.ListenResponse]:
        open_stream: Any = self.channel.unary_stream(
            f"{_PREFIX}/{method}", type(request).SerializeToString, pb.ListenResponse.FromString
        )
        stream = open_stream(request, metadata=self._metadata + metadata)
        try:
            yield from stream
        finally:
            # Also where the program leaves the loop early: the service gives the screen back only then.
            stream.cancel()

    def call(self, name: str, *arguments: str | int | bool) -> str | int | bool | None:
        """Call a function of the control or a helper; a negative code is returned, not raised."""
        method = self.channel.unary_unary(
            f"{_PREFIX}/Call", pb.CallRequest.SerializeToString, pb.CallResponse.FromString
        )
        return _value(method(_call(name, arguments), metadata=self._metadata).return_value)

    def login(self) -> int:
        """Log in unless the service is logged in already; returns 0. A failed login is an RpcError with the code."""
        return int([_heard(r).arguments[0] for r in self._stream("LoginCall", pb.LoginRequest())][-1])

    def pages(
        self, code: str, inputs: Mapping[str, str], *, until: tuple[str, ...] | None = None, name: str = ""
    ) -> Iterator[Answer]:
        """
        Ask for a TR, page after page.

        `until` is (column, value) or (column, comparator, value): the row for which ``row[column] <= value`` holds,
        compared as text, is left out with all that follows.
        """
        for response in self._stream("TransactionCall", _transaction(code, inputs, until, name)):
            yield _answer(response)

    def transaction(
        self, code: str, inputs: Mapping[str, str], *, until: tuple[str, ...] | None = None, name: str = ""
    ) -> Answer:
        """Ask for a TR with all its pages, in one answer. `until` as for `pages`."""
        whole = Answer()
        for page in self.pages(code, inputs, until=until, name=name):
            whole.add(page)
        return whole

    def order(self, *, order_id: str = "", **fields: Any) -> Iterator[Heard]:
        """
        Send an order (by the fields of OrderRequest: account_no, order_type, code, …) and follow it to its end.

        With an `order_id` of yours the service sends the order once, however often it is asked to, also when it was
        restarted in between: the second call ends with ALREADY_EXISTS and tells how far the order came.

        Raises OrderOutcomeUnknown, a `grpc.RpcError`, if the order may have been sent and no answer came.
        """
        answered = False
        try:
            for response in self._stream("OrderCall", pb.OrderRequest(**fields), _order_id(order_id)):
                # From the answer on the number is known, and an end of the stream says nothing about the order.
                answered = answered or response.name == "OnReceiveTrData"
                yield _heard(response)
        except grpc.RpcError as error:
            raise _order_error(error, answered) from None

    def orders(self) -> Iterator[Heard]:
        """Answers, messages and notices of all orders, until the iterator is closed."""
        for response in self._stream("OrderListen", pb.ListenRequest()):
            yield _heard(response)

    def real(
        self,
        codes: Iterable[str],
        fids: Iterable[int] = (),
        *,
        names: bool = True,
        infer: bool = False,
        fast: bool = False,
    ) -> Iterator[Tick]:
        """Real-time data of codes, until the iterator is closed."""
        for response in self._stream("RealCall", _real(codes, fids, names, infer, fast)):
            yield _tick(response)

    def listen(self, *events: str) -> Iterator[Heard]:
        """Events with their data, all of them if none is named, until the iterator is closed."""
        for response in self._stream("Listen", pb.ListenRequest(slots=events)):
            yield _heard(response)

    def conditions(self) -> dict[int, str]:
        """The user's conditions by number; loads them first."""
        # Without a loaded list GetConditionNameList gives "", which would look like no conditions.
        self.call("EnsureConditionLoaded")
        return _conditions(str(self.call("GetConditionNameList")))

    def search(self, name: str, index: int, *, realtime: bool = False, info: bool = False) -> Iterator[Heard]:
        """Search by a condition: once, or on with entries and exits; with `info`, data of the codes found."""
        for response in self._stream("ConditionCall", _condition(name, index, realtime, info)):
            yield _heard(response)


class AsyncServiceClient:
    """A client for asyncio, with the methods of `ServiceClient`. Also an asynchronous context manager."""

    def __init__(self, target: str, *, token: str = "", credentials: grpc.ChannelCredentials | None = None) -> None:
        self.channel = (
            grpc.aio.insecure_channel(target, _OPTIONS)
            if credentials is None
            else grpc.aio.secure_channel(target, credentials, _OPTIONS)
        )
        self._metadata = _metadata(target, token, credentials is not None)

    async def close(self) -> None:
        """Close the connection; open streams end."""
        await self.channel.close(None)

    async def __aenter__(self) -> AsyncServiceClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _stream(
        self, method: str, request: Any, metadata: tuple[tuple[str, str], ...] = ()
    ) -> AsyncIterator[pb.ListenResponse]:
        call = self.channel.unary_stream(
            f"{_PREFIX}/{method}", type(request).SerializeToString, pb.ListenResponse.FromString
        )(request, metadata=self._metadata + metadata)
        try:
            async for response in call:
                yield response
        finally:
            call.cancel()

    async def call(self, name: str, *arguments: str | int | bool) -> str | int | bool | None:
        """As `ServiceClient.call`."""
        method = self.channel.unary_unary(
            f"{_PREFIX}/Call", pb.CallRequest.SerializeToString, pb.CallResponse.FromString
        )
        response = await method(_call(name, arguments), metadata=self._metadata)
        return _value(response.return_value)

    async def login(self) -> int:
        """As `ServiceClient.login`."""
        codes = [_heard(r).arguments[0] async for r in self._stream("LoginCall", pb.LoginRequest())]
        return int(codes[-1])

    async def pages(
        self, code: str, inputs: Mapping[str, str], *, until: tuple[str, ...] | None = None, name: str = ""
    ) -> AsyncIterator[Answer]:
        """As `ServiceClient.pages`."""
        async for response in self._stream("TransactionCall", _transaction(code, inputs, until, name)):
            yield _answer(response)

    async def transaction(
        self, code: str, inputs: Mapping[str, str], *, until: tuple[str, ...] | None = None, name: str = ""
    ) -> Answer:
        """As `ServiceClient.transaction`."""
        whole = Answer()
        async for page in self.pages(code, inputs, until=until, name=name):
            whole.add(page)
        return whole

    async def order(self, *, order_id: str = "", **fields: Any) -> AsyncIterator[Heard]:
        """As `ServiceClient.order`."""
        answered = False
        try:
            async for response in self._stream("OrderCall", pb.OrderRequest(**fields), _order_id(order_id)):
                answered = answered or response.name == "OnReceiveTrData"
                yield _heard(response)
        except grpc.RpcError as error:
            raise _order_error(error, answered) from None

    async def orders(self) -> AsyncIterator[Heard]:
        """As `ServiceClient.orders`."""
        async for response in self._stream("OrderListen", pb.ListenRequest()):
            yield _heard(response)

    async def real(
        self,
        codes: Iterable[str],
        fids: Iterable[int] = (),
        *,
        names: bool = True,
        infer: bool = False,
        fast: bool = False,
    ) -> AsyncIterator[Tick]:
        """As `ServiceClient.real`."""
        async for response in self._stream("RealCall", _real(codes, fids, names, infer, fast)):
            yield _tick(response)

    async def listen(self, *events: str) -> AsyncIterator[Heard]:
        """As `ServiceClient.listen`."""
        async for response in self._stream("Listen", pb.ListenRequest(slots=events)):
            yield _heard(response)

    async def conditions(self) -> dict[int, str]:
        """As `ServiceClient.conditions`."""
        await self.call("EnsureConditionLoaded")
        return _conditions(str(await self.call("GetConditionNameList")))

    async def search(
        self, name: str, index: int, *, realtime: bool = False, info: bool = False
    ) -> AsyncIterator[Heard]:
        """As `ServiceClient.search`."""
        async for response in self._stream("ConditionCall", _condition(name, index, realtime, info)):
            yield _heard(response)
