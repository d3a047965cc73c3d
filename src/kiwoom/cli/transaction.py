"""`kiwoom tr CODE 이름=값 …`: ask one TR and print its answer."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from kiwoom import Kiwoom, catalog, config
from kiwoom.cli.exits import ServerRefused
from kiwoom.cli.tables import Format, progress, show
from kiwoom.errors import UsageError, error_for
from kiwoom.limits import PROFILES, RequestLimiter

__all__ = ["Received", "ask", "read_inputs", "transaction"]

# Seconds of the control's clock; real servers answer in 60 to 400 ms, or not at all.
_ANSWER_S = 30.0
_ANSWERED = ("완료", "계속", "없습니다", "정상")
"""In the words of an answer that was given: done, to be continued, nothing to list. A refusal has none of them."""

# Asked for by CommKwRqData alone: its nTypeFlag is 0 for stocks, 3 for futures and options.
_CODES_TRS = {"optkwfid": 0, "optfofid": 3}


@dataclass
class Received:
    """What came: single items of the first page, rows of all pages, messages, and whether it is complete."""

    single: dict[str, str] = field(default_factory=dict)
    rows: list[dict[str, str]] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    pages: int = 0
    complete: bool = False


def read_inputs(tr: catalog.Tr, words: Sequence[str]) -> dict[str, str]:
    """Read ``이름=값`` words. Raises UsageError, naming the inputs that the TR has."""
    inputs: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            example = f"{tr.inputs[0]}={word}" if tr.inputs else "none are taken here"
            raise UsageError(f"{word!r}: an input is written 이름=값 ({example})")
        if name not in tr.inputs:
            raise UsageError(f"{tr.code} ({tr.name}) has no input {name!r}; it takes {', '.join(tr.inputs) or 'none'}")
        inputs[name] = value
    return inputs


def ask(api: Kiwoom, tr: catalog.Tr, inputs: Mapping[str, str], pages: int = 1, screen: str = "9000") -> Received:
    """
    Ask a TR and its continuations, at most `pages` (0: to the end), within the request limits. Blocks.

    The session must be logged in. Raises CodeError for a request that is not sent, WaitTimeout when no answer comes.
    """
    received = Received()
    # The server's published limits, whichever control this is: the same command works on each.
    limiter = RequestLimiter(api.control.clock, PROFILES["server"].queries)
    state = {"prev_next": "0"}
    repeated: set[tuple[str, ...]] = set()

    def answer(_screen: str, _rq_name: str, code: str, _record: str, prev_next: str) -> None:
        state["prev_next"] = prev_next
        if not received.pages:
            received.single = {f.name: api.get_comm_data(code, "", 0, f.name).strip() for f in tr.single}
        table = api.get_comm_data_ex(code, "") or []
        names = [f.name for f in tr.multi]
        received.rows.extend({n: v.strip() for n, v in zip(names, row, strict=False)} for row in table)
        # Users report servers that answer next=2 for ever: a page with the ends of an earlier one is no new page.
        fingerprint = tuple("\t".join(row) for row in (table[:1] + table[-1:]))
        if fingerprint and fingerprint in repeated:
            state["prev_next"] = "0"  # a server that repeats a page for ever
        repeated.add(fingerprint)
        received.pages += 1
        api.unloop()

    def message(_screen: str, rq_name: str, _code: str, text: str) -> None:
        if rq_name in ("", "tr"):
            received.messages.append(text)

    api.connect("on_receive_tr_data", slot=answer, key="tr")
    api.OnReceiveMsg.connect(message)
    try:
        while True:
            while (wait := limiter.reserve()) > 0:
                api.run(timeout=wait)
            _send(api, tr, inputs, 2 if received.pages else 0, screen)
            api.loop(timeout=_ANSWER_S)
            received.complete = state["prev_next"] != "2"
            if received.complete or received.pages == pages:
                return received
            progress(f"{tr.code}: {received.pages} pages, {len(received.rows)} rows")
    finally:
        api.OnReceiveMsg.disconnect(message)
        # A quote TR registers its codes for real-time data on its screen, which the command does not read.
        api.disconnect_real_data(screen)


def _send(api: Kiwoom, tr: catalog.Tr, inputs: Mapping[str, str], prev_next: int, screen: str) -> None:
    kind = _CODES_TRS.get(tr.code.lower())
    if kind is not None:
        codes = inputs.get("종목코드", "")
        result = api.comm_kw_rq_data(codes, 0, len([c for c in codes.split(";") if c]), kind, "tr", screen)
    else:
        for name, value in inputs.items():
            api.set_input_value(name, value)
        result = api.comm_rq_data("tr", tr.code, prev_next, screen)
    if result < 0 and not api.errors_raised:
        raise error_for(result, "comm_rq_data", tr.code)


def _refusal(api: Kiwoom, received: Received, inputs: Mapping[str, str]) -> str:
    """The words with which the server refused, "" if it answered. An answer without content may be either."""
    if received.rows or any(received.single.values()):
        return ""
    said = received.messages[-1] if received.messages else ""
    if said and not any(word in said for word in _ANSWERED):
        return said
    code = inputs.get("종목코드", "").strip()
    if code and ";" not in code and not api.get_master_code_name(code).strip():
        return "every field of the answer is blank: the server does not know the code"
    return ""


@contextmanager
def _reasons() -> Iterator[list[str]]:
    """Collect the simulator's log of the request, which the caller shows with the answer."""
    muted, config.MUTE = config.MUTE, True
    simulator = logging.getLogger("kiwoom.sim")
    reasons: list[str] = []
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: reasons.append(record.getMessage())  # type: ignore[method-assign]
    simulator.addHandler(handler)
    # The caller shows these lines once, at the end.
    propagated, simulator.propagate = simulator.propagate, False
    try:
        yield reasons
    finally:
        simulator.removeHandler(handler)
        simulator.propagate = propagated
        config.MUTE = muted


def transaction(code: str, words: Sequence[str], url: str | None, pages: int, format: Format) -> None:
    """Log in, ask, print. Account inputs that are not given are the first account's; the password may be empty."""
    tr = catalog.tr(code)
    inputs = read_inputs(tr, words)
    if tr.inputs and not inputs and "계좌번호" not in tr.inputs:
        raise UsageError(f"{tr.code} ({tr.name}) takes inputs, written 이름=값: {', '.join(tr.inputs)}")
    with _reasons() as reasons, Kiwoom(url) as api:
        api.msg, api.errors_raised = False, True
        api.login()
        if "계좌번호" in tr.inputs and "계좌번호" not in inputs:
            inputs["계좌번호"] = api.get_login_info("ACCNO").split(";")[0]
            inputs.setdefault("비밀번호", "")
            if "비밀번호입력매체구분" in tr.inputs:
                # The value of the guide's examples.
                inputs.setdefault("비밀번호입력매체구분", "00")
        # In the catalog's order, in which the request is composed.
        ordered = {name: inputs.get(name, "") for name in tr.inputs if name in inputs}
        received = ask(api, tr, ordered, pages)
        meta = {
            "tr": tr.code,
            "name": tr.name,
            "url": api.url,
            "mode": api.mode,
            "complete": received.complete,
            "messages": received.messages,
        }
        refusal = _refusal(api, received, ordered)
    if refusal:
        raise ServerRefused("; ".join([refusal, *reasons]), meta)
    for text in [*received.messages, *reasons]:
        progress(text)
    show(format, received.rows, received.single, meta)
    if not received.complete:
        progress(f"there is more: {received.pages} pages were asked for; --all asks for the rest")
