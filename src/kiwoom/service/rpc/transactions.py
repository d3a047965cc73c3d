"""
`TransactionCall`: a TR with all its pages.

Each request has a screen of its own, so that two that look alike never get each other's answers. The limits are
waited for in the scheduler. What the TR registered for real-time data is undone at the end.
"""

from __future__ import annotations

import operator
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing

import grpc

from kiwoom import catalog
from kiwoom.errors import UsageError
from kiwoom.service.base.bounds import check_fields
from kiwoom.service.base.status import End
from kiwoom.service.rpc.pages import Pages, Request, Stop
from kiwoom.service.rpc.watchlist import TYPES, WatchList
from kiwoom.service.shared.accounts import account_of
from kiwoom.service.shared.clients import MOST_INPUTS
from kiwoom.service.shared.core import Rpc
from kiwoom.service.shared.screens import screen_asked_for
from kiwoom.wire import koapy_pb2 as pb

__all__ = ["transaction_call"]

_INVALID = grpc.StatusCode.INVALID_ARGUMENT

# Characters; OPTKWFID's list of 20,000 codes is the longest honest input, and twice that is taken.
_LONGEST_INPUT = 100_000

_COMPARE: Mapping[int, Callable[[str, str], bool]] = {
    pb.LESS_THAN_OR_EQUAL_TO: operator.le,
    pb.LESS_THAN: operator.lt,
    pb.GREATER_THAN_OR_EQUAL_TO: operator.ge,
    pb.GREATER_THAN: operator.gt,
    pb.EQUAL_TO: operator.eq,
    pb.NOT_EQUAL_TO: operator.ne,
}


async def transaction_call(rpc: Rpc, raw: bytes) -> AsyncGenerator[bytes, None]:
    """Ask for a TR, page after page, until there is no more or the stop condition holds."""
    check_fields(raw, MOST_INPUTS + 50, "a transaction")
    request = pb.TransactionRequest.FromString(raw)
    code = request.transaction_code.strip()
    try:
        tr = catalog.tr(code)
    except UsageError as error:
        raise End(_INVALID, str(error)[:500]) from None
    inputs = _checked_inputs(dict(request.inputs))
    account = account_of(code, inputs, rpc.client.identity)
    screen_no = screen_asked_for(request.screen_no)
    name = _checked_name(request.request_name) or tr.name
    stop = _stop(request.stop_condition, [f.name for f in tr.multi])
    await rpc.begin()
    # CommRqData cannot ask for these two (guide); KOAPY's users do, by this RPC.
    if code.upper() in TYPES:
        watch_list = WatchList(rpc.core, rpc.client, code.upper(), name, screen_no)
        codes = [c for c in inputs.get("종목코드", "").split(";") if c]
        async for response in watch_list.ask(codes, stop):
            yield response
        return
    request_ = Request(code, name, screen_no, inputs, stop, account, rpc.client)
    # `aclosing`: a client that leaves between two pages must free the turn at once, not with the garbage.
    async with aclosing(Pages(rpc.core, request_).read()) as pages:
        async for page in pages:
            yield page.response


def _checked_name(name: str) -> str:
    if len(name) > 200 or "\0" in name:
        raise End(_INVALID, "request_name is longer than 200 characters or has a null character")
    return name


def _checked_inputs(inputs: dict[str, str]) -> dict[str, str]:
    if len(inputs) > MOST_INPUTS:
        raise End(_INVALID, f"{len(inputs)} inputs: no TR takes more than {MOST_INPUTS}")
    for name, value in inputs.items():
        if len(name) > 100 or len(value) > _LONGEST_INPUT * 2 or "\0" in name or "\0" in value:
            raise End(_INVALID, f"the input {name[:50]!r} is too long or has a null character")
    # The server strips the names too: the account that is checked here must be the one that is asked for there.
    return {name.strip(): value for name, value in inputs.items()}


def _stop(condition: pb.TransactionStopCondition, names: Sequence[str]) -> Stop | None:
    if not condition.name:
        return None
    if condition.name not in names:
        known = ", ".join(names) or "none"
        raise End(_INVALID, f"the stop condition names {condition.name[:50]!r}; fields of the rows: {known}"[:900])
    compare = _COMPARE.get(condition.comparator)
    if compare is None:
        raise End(_INVALID, f"there is no comparator {condition.comparator}")
    column, value = names.index(condition.name), condition.value
    # Compared as strings: dates and times, which have one length, are what conditions are made for.
    return lambda row: compare(row[column], value)
