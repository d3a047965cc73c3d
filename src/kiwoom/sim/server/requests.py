"""TR requests: inputs, limits, answers by page, continuation, and the getters that read an answer."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from kiwoom import catalog
from kiwoom.catalog import Tr
from kiwoom.errors import UsageError
from kiwoom.limits import MAX_CODES_PER_REQUEST
from kiwoom.masking import masked_arguments
from kiwoom.sim.answers import ANSWERS, Answer, NotFound, Refused, Request
from kiwoom.sim.answers.registry import Row
from kiwoom.sim.base.collecting import collection_paused
from kiwoom.sim.rules.messages import PENALTY_WINDOW, query_text
from kiwoom.sim.rules.refusals import CallRefusal, TrRefusal
from kiwoom.sim.server.querylimits import QueryLimits
from kiwoom.sim.server.realtime import Registrations
from kiwoom.sim.session.control import Part, SimControl, dispatch
from kiwoom.sim.session.delivery import Page
from kiwoom.sim.session.refusing import LOGIN_FIRST, refuse

__all__ = ["Requests"]

log = logging.getLogger("kiwoom.sim")

_EVENT = "OnReceiveTrData"
# TRs that only CommKwRqData can ask for
_BY_CODES = ("optkwfid", "optfofid")
# Inputs without which a TR means nothing, unless its legend says that they may stay blank: then it answers for all.
_MAIN_INPUTS = ("종목코드", "계좌번호", "업종코드", "종목번호")
# Their legends want a code, but another input of theirs says that the whole market is meant.
_FOR_THE_MARKET = ("opt10066", "opt10068")


@dataclass
class _Open:
    """A TR answer with further pages to come."""

    inputs: dict[str, str]
    rows: Iterator[Row]
    answer: Answer
    ahead: list[Row]


class Requests(Part):
    """SetInputValue, CommRqData, CommKwRqData and the getters of OnReceiveTrData."""

    def __init__(self, control: SimControl) -> None:
        super().__init__(control)
        self.inputs: dict[str, str] = {}
        self.limits = QueryLimits()
        self._open: dict[str, _Open] = {}
        self._remarked: set[tuple[str, str]] = set()

    def disconnected(self) -> None:
        self.inputs = {}
        self._open.clear()

    def penalized(self) -> None:
        self.limits.locked = True

    def logged_in(self) -> None:
        """A login lifts the penalty of the request limits."""
        self.limits = QueryLimits()

    # --- asking ------------------------------------------------------------------------------------------------

    @dispatch("SetInputValue")
    def set_input_value(self, name: str, value: str) -> None:
        self.inputs[name.strip()] = value

    @dispatch("SetOutputFID")
    def set_output_fid(self, _name: str) -> int:
        return 0

    @dispatch("CommInvestRqData")
    def comm_invest_rq_data(self, _market: str, _rq_name: str, _screen: str) -> int:
        return refuse(self.control, CallRefusal.NO_INVESTORS, "CommInvestRqData")

    @dispatch("CommRqData")
    def comm_rq_data(self, rq_name: str, tr_code: str, prev_next: int, screen_no: str) -> int:
        # A request consumes its inputs: a continuation has to set them again, as every known client does.
        inputs, self.inputs = self.inputs, {}
        call = f"CommRqData({rq_name[:40]!r}, {tr_code[:40]!r})"
        if not self.control.connected:
            return refuse(self.control, CallRefusal.NOT_CONNECTED, call, LOGIN_FIRST)
        self.control.screens.use(screen_no)
        try:
            tr = catalog.tr(tr_code.strip())
        except UsageError as error:
            return refuse(self.control, CallRefusal.UNKNOWN_TR, call, str(error))
        if tr.code.lower() in _BY_CODES:
            return refuse(self.control, CallRefusal.ONLY_BY_CODES, call)
        if not inputs and not all(legend.required is False for legend in tr.legends.values()):
            return refuse(self.control, CallRefusal.NO_INPUT, call, f"{tr.code} takes {', '.join(tr.inputs)}")
        if not self.take():
            return refuse(self.control, CallRefusal.PENALTY if self.limits.locked else CallRefusal.BURST, call)
        return self._ask(tr, tr_code.strip(), rq_name, prev_next, screen_no, inputs)

    @dispatch("CommKwRqData")
    def comm_kw_rq_data(self, codes: str, following: int, count: int, kind: int, rq_name: str, screen_no: str) -> int:
        call = f"CommKwRqData({rq_name[:40]!r})"
        if not self.control.connected:
            return refuse(self.control, CallRefusal.NOT_CONNECTED, call, LOGIN_FIRST)
        self.control.screens.use(screen_no)
        listed = [code for code in codes.replace(" ", "").split(";") if code]
        if not listed:
            return refuse(self.control, CallRefusal.NO_CODES, call)
        # Taken and not refused: no source has the OCX refuse other values.
        if following not in (0, 1) or kind not in (0, 3):
            log.warning("%s: bNext is 0 and nTypeFlag 0 or 3; %d and %d are taken as 0", call, following, kind)
        if len(listed) > MAX_CODES_PER_REQUEST:
            return refuse(self.control, CallRefusal.TOO_MANY_CODES, call, f"They are {len(listed)}")
        if not self.take():
            return refuse(self.control, CallRefusal.PENALTY if self.limits.locked else CallRefusal.BURST, call)
        tr = catalog.tr("optfofid" if kind == 3 else "optkwfid")
        if not tr.multi:
            # the catalog lists the items of optfofid as a single record, but the answer has one for each code
            tr = replace(tr, single_record="", single=(), multi_record=tr.single_record, multi=tr.single)
        # nCodeCount may cut the list; programs that pass 0 or too many mean all.
        wanted = ";".join(listed[:count] if 0 < count < len(listed) else listed)
        return self._ask(tr, tr.code.upper(), rq_name, 0, screen_no, {"종목코드": wanted})

    def take(self) -> bool:
        """Count a query (SendCondition's too) against the limits; False if it is refused."""
        if not self.limits.locked and not self.broker.options.limits:
            return True
        # By the clock and not by the engine: in the handler of a late event the engine's time is that of the event.
        if self.limits.take(self.broker.clock.now_us()):
            return True
        if self.limits.locked:
            log.info("%s: everything is refused (-200) until the next CommConnect", PENALTY_WINDOW)
        return False

    def _ask(self, tr: Tr, spelt: str, rq_name: str, prev_next: int, screen_no: str, inputs: dict[str, str]) -> int:
        latency = self.broker.latency_us()
        missing = [name for name in _needed(tr) if not inputs.get(name, "").strip()]
        if missing:
            log.error("%s: %s is missing or blank; it takes %s", tr.code, ", ".join(missing), ", ".join(tr.inputs))
            self.control.send("OnReceiveMsg", "", "", "", TrRefusal.NOT_PARSED.value.text, after_us=latency)
            # Without this event a program that waits for its answer would wait for ever.
            blank = (screen_no, rq_name, spelt, "", "0", 0, "", "", "")
            self.control.send(_EVENT, *blank, page=Page(tr), after_us=latency)
            return 0
        unknown = [name for name in inputs if name not in tr.inputs and (tr.code, name) not in self._remarked]
        if unknown:
            self._remarked.update((tr.code, name) for name in unknown)  # said once: programs ask the same every minute
            log.warning("%s has no input %s; it takes %s", tr.code, ", ".join(unknown), ", ".join(tr.inputs))
        request = Request(self.broker, tr, inputs, screen_no, rq_name)
        self.broker.engine.after(latency, self._answer, request, spelt, prev_next, self.control.line)
        return 0

    # --- answering ---------------------------------------------------------------------------------------------

    def _answer(self, request: Request, spelt: str, prev_next: int, line: int) -> None:
        if line != self.control.line:
            return
        try:
            with collection_paused():
                page, message, codes = self._page(request, prev_next)
        except Refused as refusal:
            page, message, codes = Page(request.tr), str(refusal), ()
        except NotFound as missing:
            log.error("%s: there is no code %r", request.tr.code, str(missing)[:40])
            page, message, codes = Page(request.tr), TrRefusal.UNKNOWN_CODE.value.text, ()
        except Exception as error:
            # Rows are read lazily, so any page may fail; the program that waits for it gets an answer all the same.
            self.broker.engine.failures.report(f"the answer of {request.tr.code} to {_shown(request)}", error)
            page, message, codes = Page(request.tr), TrRefusal.FAILED.value.text.format(tr=request.tr.code), ()
        # After the answer was made: a fault must not change the position of a continuation.
        if self.control.faults.empties(request.tr.code, spelt, request.rq_name):
            page, message, codes = Page(request.tr), None, ()
        if message:
            text = query_text(message, self.broker.options.texts == "mock")
            self.control.send("OnReceiveMsg", request.screen_no, request.rq_name, spelt, text)
        # A successful quote TR registers its codes for real-time on its screen, without any SetRealReg (pykiwoom issue
        # 5).
        if codes and self.broker.options.auto_register:
            self.control.part(Registrations).register_by_tr(request.screen_no, codes, request.tr.code)
        arguments = (request.screen_no, request.rq_name, spelt, "", page.prev_next, 0, "", "", "")
        self.control.send(_EVENT, *arguments, page=page)

    def _page(self, request: Request, prev_next: int) -> tuple[Page, str | None, Sequence[str]]:
        tr, inputs = request.tr, dict(request.inputs)
        key = tr.code.lower()
        # The server keeps the position by TR and session, not by screen: a capture continued from another screen
        # number.
        opened = self._open.pop(key, None)
        if prev_next == 2 and opened is not None and opened.inputs == inputs:
            answer = opened.answer
        else:
            declared = ANSWERS.get(key)
            if declared is None:
                log.error("the simulator does not answer %s (%s)", tr.code, tr.name)
                raise Refused(TrRefusal.NOT_ANSWERED, tr=tr.code, title=tr.name)
            answer = declared.function(request)
            opened = _Open(inputs, iter(answer.rows), answer, [])
        # 100 rows is the commonest page: most rankings and lists have it. Account TRs leave it to the server ("*").
        size = tr.rows or answer.page_rows or 100
        # One row more than the page: only so the server knows whether to say prev_next 2.
        rows = [*opened.ahead, *islice(opened.rows, size + 1 - len(opened.ahead))]
        following = answer.end
        if len(rows) > size:
            opened.ahead = [rows.pop()]
            self._open[key] = opened
            following = "2"
        message = answer.more or answer.message if following == "2" else answer.message
        page = Page(tr, answer.single, [_row(tr, row) for row in rows], following)
        codes = [*answer.codes]
        if answer.registers:
            codes.extend(page.cell(index, answer.registers) for index in range(len(rows)))
        return page, message, codes


def _needed(tr: Tr) -> list[str]:
    """The inputs that a TR cannot do without."""
    if tr.code.lower() in _FOR_THE_MARKET:
        return []
    legends = tr.legends
    may_be_blank = {name for name, legend in legends.items() if legend.required is False}
    return [name for name in tr.inputs if name in _MAIN_INPUTS and name not in may_be_blank][:1]


def _shown(request: Request) -> str:
    """The inputs of a request for the log, without passwords and accounts."""
    return ", ".join(masked_arguments("SetInputValue", ["name", "value"], pair) for pair in request.inputs.items())


def _row(tr: Tr, row: Row) -> list[str]:
    """A row in the catalog's order; items that an answer leaves out are empty."""
    if isinstance(row, Mapping):
        return [row.get(item.name, "") for item in tr.multi]
    return list(row)
