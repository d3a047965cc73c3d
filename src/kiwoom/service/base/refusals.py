"""
The refusals that the service makes itself, each with its source.

A refusal of the broker's server is not in it; the service hands those on, with the code and the text. `basis` says what
a refusal stands on:

- ``documented``: the broker's guide forbids it, with the code or the limit that the server enforces;
- ``captured``: a log of the real server shows it;
- ``koapy``: KOAPY's service refuses it as well, and the request could not be carried out;
- ``rights``: tokens, accounts and what the operator switched on;
- ``protection``: it would hold up or fill up the service for all clients; honest requests stay far below;
- ``wire``: the interface cannot carry it, or nothing could come of it.

The service accepts what the guide only advises against, and names it once in the log: screen numbers such as 0000,
unknown FIDs, an empty list of codes, any `opt_type`, any level and any logger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["REFUSALS", "Basis", "Refusal"]

Basis = Literal["documented", "captured", "koapy", "rights", "protection", "wire"]


@dataclass(frozen=True)
class Refusal:
    """One reason to end a call: the function that decides, the gRPC status, the situation, and what it stands on."""

    where: str
    status: str
    situation: str
    basis: Basis
    source: str


# The guide as KOA Studio, Kiwoom's test program, shows it: newer than the PDF (version 1.5).
_GUIDE = "KOA Studio, 개발가이드"

REFUSALS: tuple[Refusal, ...] = (
    # --- who may do what
    Refusal("server.Server._admit", "UNAVAILABLE", "any call while the service stops", "protection", "graceful stop"),
    Refusal(
        "server.Server._stream.handle",
        "RESOURCE_EXHAUSTED",
        "more open streams than streams_per_client (1,000)",
        "protection",
        "setting streams_per_client",
    ),
    Refusal(
        "base.security.Identity.require", "PERMISSION_DENIED", "the token lacks the right", "rights", "the token file"
    ),
    Refusal(
        "base.security.Identity.require_account",
        "PERMISSION_DENIED",
        "the token is limited to other accounts, or names none where the TR asks for one",
        "rights",
        "the token file",
    ),
    Refusal(
        "shared.accounts.Accounts.asked",
        "ABORTED",
        "a client that is limited to accounts asks with the screen and request name of another one",
        "rights",
        "the answer could be either's",
    ),
    Refusal(
        "shared.accounts.Accounts.asked",
        "RESOURCE_EXHAUSTED",
        "a client that is limited to accounts has 200 requests unanswered",
        "protection",
        "what is kept of them",
    ),
    Refusal(
        "base.tokens.Tokens.identify",
        "UNAUTHENTICATED",
        "no token, an unknown one, or one that has ended",
        "rights",
        "the token file",
    ),
    Refusal(
        "shared.clients.Client.ask",
        "RESOURCE_EXHAUSTED",
        "more requests a second than the operator allows one client",
        "protection",
        "setting requests_per_second, off by default",
    ),
    Refusal(
        "server.Server._identified",
        "UNAUTHENTICATED",
        "a program of another user of the machine, at a loopback address",
        "rights",
        "kiwoom serve without --no-tokens",
    ),
    Refusal(
        "shared.core.Core.permit_order",
        "PERMISSION_DENIED",
        "an order to the real server of a client that shows no token",
        "rights",
        "any program of the machine could be it",
    ),
    # --- arguments
    Refusal(
        "base.bounds.check_fields",
        "INVALID_ARGUMENT",
        "a call of more than 50 arguments, a transaction of more than 150 inputs and fields",
        "protection",
        "no function has more than nine arguments, no TR more than a dozen inputs",
    ),
    Refusal(
        "base.bounds.check_size",
        "INVALID_ARGUMENT",
        "a real-time registration of more than 1 MB",
        "protection",
        "20,000 codes, which 200 screens hold, are half of it",
    ),
    Refusal(
        "shared.inputs.Inputs.take",
        "RESOURCE_EXHAUSTED",
        "a request whose inputs were dropped, as all clients' inputs together grew too many",
        "protection",
        "inputs that clients left behind filled the memory; a million characters are kept",
    ),
    Refusal(
        "rpc.calls.wire_arguments",
        "INVALID_ARGUMENT",
        "an argument without a value",
        "wire",
        "the Argument message of KOAPY's interface: one of string_value, long_value, bool_value",
    ),
    Refusal(
        "rpc.calls.check_arguments",
        "INVALID_ARGUMENT",
        "a text over 100,000 characters, a number over 20 digits or 32 bits, a null character, a boolean for a text",
        "wire",
        "the type library: BSTR and 32-bit LONG",
    ),
    Refusal(
        "rpc.calls.Caller.prepare",
        "INVALID_ARGUMENT",
        "the wrong number of arguments for a sub-function of KOA_Functions",
        "koapy",
        "a COM call with the wrong number of arguments fails (DISP_E_BADPARAMCOUNT)",
    ),
    Refusal(
        "rpc.calls.Caller.carry_out",
        "INVALID_ARGUMENT",
        "more than 100 inputs that no request has taken along",
        "protection",
        "the TR catalog: no TR has more than a dozen inputs",
    ),
    Refusal(
        "rpc.calls.Caller.call",
        "INVALID_ARGUMENT",
        "an unknown name, or GetCommDataEx by Call",
        "koapy",
        "KOAPY's ReturnValue message carries a text, a number or a boolean",
    ),
    Refusal("rpc.calls._check_helper", "INVALID_ARGUMENT", "a helper with other arguments", "koapy", "its signature"),
    Refusal(
        "shared.screens.screen_asked_for",
        "INVALID_ARGUMENT",
        "a screen number over 100 characters or with a null character",
        "protection",
        "the guide's four digits",
    ),
    Refusal(
        "shared.screens.Screens.borrow",
        "RESOURCE_EXHAUSTED",
        "all 200 screen numbers are in use, or an answer is still to come on them",
        "documented",
        f"{_GUIDE} > 화면번호: at most 200, beyond that answers mix",
    ),
    # --- TransactionCall
    Refusal(
        "rpc.transactions.transaction_call",
        "INVALID_ARGUMENT",
        "a TR that the catalog does not have",
        "wire",
        "an answer is read by the catalog's names, so nothing could be sent of it; Call and kiwoom.v1 take any code",
    ),
    Refusal(
        "rpc.transactions._checked_name",
        "INVALID_ARGUMENT",
        "a request name over 200 characters or with a null character",
        "protection",
        "names of requests are words",
    ),
    Refusal(
        "rpc.transactions._checked_inputs",
        "INVALID_ARGUMENT",
        "more than 100 inputs, or one that is too long or has a null character",
        "protection",
        "the TR catalog: no TR has more than a dozen inputs",
    ),
    Refusal(
        "rpc.transactions._stop",
        "INVALID_ARGUMENT",
        "a stop condition on a field that the rows do not have, or an unknown comparator",
        "koapy",
        "KOAPY looks the column up and fails too",
    ),
    Refusal(
        "rpc.watchlist.WatchList.ask",
        "INVALID_ARGUMENT",
        "OPTKWFID without codes, with over 20,000, or with one over 20 characters",
        "wire",
        f"{_GUIDE} > CommKwRqData: at most 100 codes a request, which the service divides",
    ),
    Refusal(
        "rpc.pages.Pages.read",
        "ABORTED",
        "the server gave the same page twice in a row and says that there is more",
        "protection",
        "it would never end",
    ),
    Refusal(
        "rpc.pages.Pages.read",
        "RESOURCE_EXHAUSTED",
        "the client left a page unread for reader_timeout_s (60 s; 6 s if others wait)",
        "protection",
        "setting reader_timeout_s",
    ),
    Refusal(
        "shared.paging.Paging.asks",
        "ABORTED",
        "the next page of a TR that another client asked for in between",
        "captured",
        "the server keeps its place by TR and session, on whatever screen: the page would be of the other request",
    ),
    Refusal(
        "shared.core.Core.wait_for",
        "DEADLINE_EXCEEDED",
        "the broker did not answer within answer_timeout_s",
        "wire",
        "setting answer_timeout_s",
    ),
    Refusal("shared.core.Core.permit", "UNAVAILABLE", "a wait for the limits while the service stops", "wire", "-"),
    # --- orders
    Refusal(
        "rpc.orders._reserve",
        "ALREADY_EXISTS",
        "an order whose kiwoom-order-id was used before; the details tell how far that one came",
        "protection",
        "an order is sent once",
    ),
    Refusal(
        "shared.ledger.Ledger.reserve",
        "INVALID_ARGUMENT",
        "an order id of another order, over 100 characters, or not printable",
        "protection",
        "an order is sent once",
    ),
    Refusal(
        "rpc.orders._Following._send",
        "FAILED_PRECONDITION",
        "an order whose id cannot be written to the disk; it was not sent",
        "protection",
        "after a restart it could be sent twice",
    ),
    Refusal(
        "rpc.orders._Following.deadline",
        "DEADLINE_EXCEEDED",
        "the client's deadline, with whether the order was sent",
        "wire",
        "the deadline of the call",
    ),
    Refusal(
        "v1.native.Native._order_once",
        "UNKNOWN",
        "an order whose id was used before, and whose outcome is not known",
        "protection",
        "an order is sent once",
    ),
    Refusal(
        "v1.native.Native._order_once",
        "FAILED_PRECONDITION",
        "an order whose id cannot be written to the disk; it was not sent",
        "protection",
        "after a restart it could be sent twice",
    ),
    Refusal(
        "rpc.orders._Following._end_if_over",
        "FAILED_PRECONDITION",
        "the exchange refused the order after the server took it",
        "captured",
        "FID 919 of the notice",
    ),
    Refusal(
        "rpc.orders._Following._refused",
        "FAILED_PRECONDITION",
        "the server answered without an order number",
        "captured",
        "the server's message is in the details",
    ),
    Refusal(
        "rpc.orders._Following._disconnected",
        "UNAVAILABLE",
        "the connection was lost; the order stands",
        "documented",
        f"{_GUIDE} > OnEventConnect",
    ),
    Refusal(
        "rpc.orders._Following._unknown",
        "UNKNOWN",
        "nothing says whether the server took the order",
        "wire",
        "no answer is not a refusal",
    ),
    Refusal(
        "rpc.calls.Caller._order",
        "UNKNOWN",
        "an order function raised: the order may have left",
        "wire",
        "no answer is not a refusal",
    ),
    # --- real-time data
    Refusal(
        "rpc.realtime._checked_codes",
        "INVALID_ARGUMENT",
        "over 20,000 codes, or one over 20 characters or not printable",
        "documented",
        f"{_GUIDE} > SetRealReg: 100 codes a screen, 200 screens",
    ),
    Refusal(
        "rpc.realtime._checked_fids", "INVALID_ARGUMENT", "over 1,000 FIDs at once", "protection", "the FID catalog"
    ),
    Refusal("rpc.realtime._follow", "INVALID_ARGUMENT", "an empty request of BidirectionalRealCall", "wire", "-"),
    # --- events
    Refusal(
        "rpc.listening.bidirectional_listen",
        "INVALID_ARGUMENT",
        "BidirectionalListen begins with something else than listen_request",
        "koapy",
        "its first request says which events",
    ),
    Refusal(
        "rpc.listening._acknowledgements", "INVALID_ARGUMENT", "a second listen_request, or an empty one", "wire", "-"
    ),
    Refusal(
        "delivery.hub.Hub._park",
        "RESOURCE_EXHAUSTED",
        "4,096 events wait for a client to acknowledge",
        "protection",
        "setting queue_events",
    ),
    Refusal(
        "delivery.hub.Hub._all_done",
        "DEADLINE_EXCEEDED",
        "an event was not acknowledged within acknowledge_timeout_s",
        "protection",
        "setting acknowledge_timeout_s",
    ),
    Refusal(
        "delivery.streams.Stream._fell_behind",
        "RESOURCE_EXHAUSTED",
        "a reader is 4,096 messages or 512 kB behind",
        "protection",
        "settings queue_events, queue_bytes",
    ),
    # --- conditions
    Refusal(
        "rpc.conditions.Conditions._load",
        "FAILED_PRECONDITION",
        "GetConditionLoad gave 0",
        "documented",
        f"{_GUIDE} > GetConditionLoad: 1 = ok, anything else = failed",
    ),
    Refusal(
        "rpc.conditions.Conditions.names",
        "FAILED_PRECONDITION",
        "OnReceiveConditionVer said that the conditions could not be loaded",
        "documented",
        f"{_GUIDE} > OnReceiveConditionVer",
    ),
    Refusal(
        "rpc.conditions.condition_call",
        "INVALID_ARGUMENT",
        "name and index are not those of one condition, or search_type is not 0 or 1",
        "documented",
        f"{_GUIDE} > SendCondition: name and index must match; 0 = once, 1 = in real time",
    ),
    Refusal(
        "rpc.conditions._reserve",
        "RESOURCE_EXHAUSTED",
        "a condition again within a minute, or an eleventh in real time",
        "documented",
        f"{_GUIDE} > 조건검색: once a minute for each condition, ten in real time",
    ),
    Refusal(
        "rpc.conditions._run",
        "FAILED_PRECONDITION",
        "SendCondition gave 0",
        "documented",
        f"{_GUIDE} > SendCondition: 1 = ok, 0 = failed",
    ),
    Refusal("rpc.conditions._run.send", "CANCELLED", "the client left before the search was sent", "wire", "-"),
    Refusal("rpc.conditions._result", "DEADLINE_EXCEEDED", "the search was not answered", "wire", "answer_timeout_s"),
    # --- login, log
    Refusal(
        "rpc.login.Login.check",
        "FAILED_PRECONDITION",
        "LoginCall names another user, or the mock server, than the session has",
        "protection",
        "the client would trade for the wrong user or with real money",
    ),
    Refusal(
        "rpc.loglevel.set_log_level",
        "RESOURCE_EXHAUSTED",
        "a logger name over 200 characters, or the 1,001st new one",
        "protection",
        "Python keeps every logger for ever",
    ),
    # --- code of clients
    Refusal(
        "rpc.custom._check",
        "PERMISSION_DENIED",
        "code where the operator did not allow it, or without a token",
        "rights",
        "--allow-custom-code, --custom-code-without-token",
    ),
    Refusal(
        "rpc.custom._check",
        "INVALID_ARGUMENT",
        "no class name, or code over 256 kB or with a null character",
        "koapy",
        "KOAPY looks the class up in what the code defines",
    ),
    Refusal(
        "rpc.custom._Running.enter",
        "INVALID_ARGUMENT",
        "the code raised, or defines no handler class of that name",
        "koapy",
        "KOAPY looks the class up in what the code defines",
    ),
    Refusal(
        "rpc.custom._Running.enter",
        "DEADLINE_EXCEEDED",
        "the code ran longer than custom_code_timeout_s",
        "protection",
        "setting custom_code_timeout_s",
    ),
    Refusal(
        "rpc.custom._Running.hear",
        "DEADLINE_EXCEEDED",
        "a handler ran longer than custom_code_timeout_s",
        "protection",
        "setting custom_code_timeout_s",
    ),
    Refusal("rpc.custom._Running.hear", "ABORTED", "a handler raised", "koapy", "KOAPY ends the stream as well"),
    # --- kiwoom.v1
    Refusal(
        "v1.native.Native._carried_out",
        "INVALID_ARGUMENT",
        "over 10,000 calls in one request",
        "protection",
        "the others wait meanwhile",
    ),
    Refusal("v1.native.Native.events", "INVALID_ARGUMENT", "Events begins without open", "wire", "kiwoom.proto"),
    Refusal(
        "v1.native.Native._follow", "INVALID_ARGUMENT", "a second open, or an empty request", "wire", "kiwoom.proto"
    ),
    Refusal(
        "v1.native.Native._session_of",
        "NOT_FOUND",
        "a session that ended, or that is another client's",
        "rights",
        "settings session_grace_s, sessions_kept",
    ),
    Refusal(
        "v1.outcomes.Outcomes.of",
        "ABORTED",
        "a numbered request that came before, whose outcome is not kept",
        "wire",
        "it is not carried out twice",
    ),
    Refusal(
        "v1.outcomes.Outcomes.of",
        "FAILED_PRECONDITION",
        "a request was to be recalled, and never came",
        "wire",
        "it was not carried out, and will not be",
    ),
    Refusal(
        "v1.sessions.Session.batches",
        "ABORTED",
        "another stream resumed the session",
        "wire",
        "a session has one stream",
    ),
)
