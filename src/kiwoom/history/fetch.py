"""
Fetching pages: the request limits, the request, its answer, the errors on the way.

The steps of `fetched` drive those of a download. They wait in the API's event loop, so a download runs under Qt,
asyncio and the plain pump, in a program's main part or in one of its handlers.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import count
from typing import cast

from kiwoom.api import API
from kiwoom.catalog.codes import bare
from kiwoom.clock import SECOND_US
from kiwoom.errors import ControlClosed, KiwoomError, RequestLimited, WaitTimeout, error_for
from kiwoom.eventloop import Kind, Steps
from kiwoom.history.charts import Chart
from kiwoom.history.download import Download, Interrupted, Report, WrongAnswer, downloads
from kiwoom.history.page import Page, PageRequest
from kiwoom.history.rows import clean
from kiwoom.limits import Priority

__all__ = ["ANSWER_TIMEOUT_S", "REFUSED_FOR_S", "fetched"]

log = logging.getLogger("kiwoom.history")

ANSWER_TIMEOUT_S = 30.0
"""Seconds after which a request counts as lost; charts take 60-400 ms on the real server."""

REFUSED_FOR_S = 600.0
"""
Seconds for which refusals (-200) are waited out before the download stops.

The short limits are over in seconds; the hourly one locks a program out until it logs in again, which waiting does
not help.
"""

# Growing, since a refusal does not tell which of the windows (limits.py) is spent: a second or an hour.
_PAUSES_S = (1.0, 2.0, 4.0, 8.0, 17.0, 30.0, 60.0)

# One screen number a TR, those that version 1.5 uses, so that they are easily told from a program's own.
_SCREENS = {
    "opt10079": "4000",
    "opt10080": "4080",
    "opt10081": "4160",
    "opt10082": "4240",
    "opt10083": "4320",
    "opt10094": "4400",
    "opt20004": "4500",
    "opt20005": "4580",
    "opt20006": "4660",
    "opt20007": "4740",
    "opt20008": "4820",
    "opt20019": "4900",
}
_OTHER_SCREEN = "4999"

_numbers = count(1)


class _Answer:
    """What came for one request: its rows, or the error that reading them gave; messages of the server."""

    def __init__(self, request: PageRequest) -> None:
        self.request = request
        self.name = f"histories {next(_numbers)}"
        self.page: Page | None = None
        self.error: Exception | None = None
        self.message = ""

    @property
    def there(self) -> bool:
        return self.page is not None or self.error is not None


class _Fetcher:
    """Asks for pages through one API. The name of a request is never used twice, so a late answer fits no other."""

    def __init__(self, api: API, messages: Counter[str]) -> None:
        self.control = api.control
        self._loop = api._eventloop
        self._limiter = api.limits.queries
        self._waiting: _Answer | None = None
        # `Kiwoom` prints what the server says, `API` does not; a download's messages go into its report.
        self._unprinted: set[str] = getattr(api, "_unprinted", set())
        self._messages = messages
        self._by_items: set[str] = set()
        self._checked: set[str] = set()

    # --- asking ------------------------------------------------------------------------------------------------

    def fetch(self, request: PageRequest) -> Steps[Page]:
        """The steps of one page. Raises the error of the request, WaitTimeout, WrongAnswer, BadRow."""
        answer = _Answer(request)
        self._waiting = answer
        self._unprinted.add(answer.name)
        try:
            yield from self._ask(answer)
            try:
                yield from self._wait(ANSWER_TIMEOUT_S, lambda: answer.there)
            except WaitTimeout:
                said = f"; the server said: {answer.message}" if answer.message else ""
                what = f"{request.chart.tr_code} of {request.code}"
                raise WaitTimeout(f"waited {ANSWER_TIMEOUT_S:g} s for {what}, which did not come{said}") from None
        finally:
            self._waiting = None
            self._unprinted.discard(answer.name)
        if answer.error is not None:
            raise answer.error
        assert answer.page is not None
        return answer.page

    def _ask(self, answer: _Answer) -> Steps[None]:
        request = answer.request
        tr_code = request.chart.tr_code
        refused_s = 0.0
        for attempt in count():
            # One place in the line for each page: between two of them a person's request goes first.
            with self._limiter.line_up(Priority.BULK) as ticket:
                while (wait_s := ticket.reserve()) > 0:
                    yield from self._pause(wait_s)
            # On the control and not on the API, which would print or raise every refusal that is waited out here.
            for name, value in request.inputs:
                self.control.call("SetInputValue", name, value)
            code = self.control.call("CommRqData", answer.name, tr_code, request.prev_next, screen_of(request.chart))
            if not isinstance(code, int) or code >= 0:
                return
            inputs = ", ".join(f"{name}={value}" for name, value in request.inputs)
            error = error_for(code, "comm_rq_data", f"{tr_code}: {inputs}")
            if not isinstance(error, RequestLimited) or refused_s >= REFUSED_FOR_S:
                raise error
            pause_s = _PAUSES_S[min(attempt, len(_PAUSES_S) - 1)]
            log.info("%s; waiting %g s", error, pause_s)
            self._limiter.refused(pause_s)
            refused_s += pause_s

    def _pause(self, seconds: float) -> Steps[None]:
        until_us = self.control.clock.now_us() + round(seconds * SECOND_US)
        try:
            yield from self._wait(seconds, lambda: False)
        except WaitTimeout:
            if self.control.clock.now_us() < until_us:
                raise  # the time of a wait around this one is over

    def _wait(self, seconds: float, until: Callable[[], bool]) -> Steps[None]:
        """Let events in until `until` holds. Raises WaitTimeout, and Interrupted after `API.quit`."""
        wait = self._loop.new_wait(Kind.RUN, None, seconds)
        wait.until = until
        yield wait
        if not until():
            raise Interrupted("quit() was called")

    # --- receiving ---------------------------------------------------------------------------------------------

    def on_receive_msg(self, scr_no: str, rq_name: str, tr_code: str, msg: str) -> None:
        """Keep what the server says about the request that is being waited for."""
        if self._waiting is not None and rq_name in (self._waiting.name, ""):
            self._waiting.message = msg
            self._messages[msg] += 1

    def on_receive_tr_data(self, scr_no: str, rq_name: str, tr_code: str, record_name: str, prev_next: str) -> None:
        """Read the page that is being waited for; answers to other requests are not ours."""
        answer = self._waiting
        if answer is None or rq_name != answer.name:
            return
        try:
            rows = self._read(answer.request, tr_code, rq_name)
            cleaned = clean(answer.request.chart, answer.request.code, rows)
            # "2" is more; "0" and, for some TRs, "" are the end.
            answer.page = Page(cleaned, prev_next.strip() == "2")
        except (KiwoomError, ValueError) as error:
            answer.error = error

    def _read(self, request: PageRequest, tr_code: str, rq_name: str) -> Sequence[Sequence[str]]:
        chart, control = request.chart, self.control
        if chart.repeats_code:
            named = str(control.call("GetCommData", tr_code, rq_name, 0, chart.code_field)).strip()
            # Blank for a suspended stock.
            if named and bare(named) != bare(request.code):
                raise WrongAnswer(f"{chart.tr_code} was asked for {request.code}, and the answer is about {named}")
        if chart.tr_code not in self._by_items:
            # One call for a page; item by item, 900 rows of 7 items take 6,300 calls of COM.
            table = control.call("GetCommDataEx", tr_code, rq_name)
            if isinstance(table, list) and table and self._fits(chart, tr_code, rq_name, table):
                positions = chart.positions
                return [[row[position] for position in positions] for row in table]
        rows = cast(int, control.call("GetRepeatCnt", tr_code, rq_name))
        return [[self._item(tr_code, rq_name, row, field) for field in chart.fields] for row in range(rows)]

    def _fits(self, chart: Chart, tr_code: str, rq_name: str, table: list[list[str]]) -> bool:
        """
        Check once a TR that the columns of GetCommDataEx stand where the catalog says.

        A newer version of the OCX may have put an item in between: then the items are read one by one by their names.
        """
        if chart.tr_code in self._checked:
            return True
        wide = len(table[0]) > max(chart.positions)
        if wide and all(
            self._item(tr_code, rq_name, row, field).strip() == str(table[row][position]).strip()
            # Two rows are enough: an item in between moves the columns of all rows alike.
            for row in {0, len(table) - 1}
            for field, position in zip(chart.fields, chart.positions, strict=True)
        ):
            self._checked.add(chart.tr_code)
            return True
        log.warning("%s: the columns of GetCommDataEx are not those of the catalog; reading item by item", tr_code)
        self._by_items.add(chart.tr_code)
        return False

    def _item(self, tr_code: str, rq_name: str, row: int, field: str) -> str:
        return str(self.control.call("GetCommData", tr_code, rq_name, row, field))


def screen_of(chart: Chart) -> str:
    """The screen number of a chart's requests."""
    return _SCREENS.get(chart.tr_code, _OTHER_SCREEN)


def fetched(api: API, download: Download) -> Steps[Report]:
    """
    Drive a download through an API: the steps of `histories`.

    Charts register their code for real-time data on their screen, as every quote TR does; that is undone code by code.
    """
    fetcher = _Fetcher(api, download.messages)
    steps = downloads(download)
    api.OnReceiveTrData.connect(fetcher.on_receive_tr_data)
    api.OnReceiveMsg.connect(fetcher.on_receive_msg)
    request: PageRequest | None = None
    try:
        request = next(steps)
        while True:
            try:
                page = yield from fetcher.fetch(request)
            except Exception as error:
                following = steps.throw(error)
            else:
                following = steps.send(page)
            if following.code != request.code:
                _unregister(api, request)
            request = following
    except StopIteration as end:
        report: Report = end.value
        if isinstance(report.stopped, Interrupted):
            api.quit()  # the caller meant the program's own run(), not the wait of a download
        return report
    finally:
        steps.close()
        if request is not None:
            _unregister(api, request)
        api.OnReceiveTrData.disconnect(fetcher.on_receive_tr_data)
        api.OnReceiveMsg.disconnect(fetcher.on_receive_msg)


def _unregister(api: API, request: PageRequest) -> None:
    if not api.control.closed:
        # A link that is gone has taken the registration with it.
        with suppress(ControlClosed):
            api.control.call("DisconnectRealData", screen_of(request.chart))
