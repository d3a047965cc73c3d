"""
Real-time registrations: SetRealReg, SetRealRemove, DisconnectRealData, registration by TRs, and the feeds of trades.

A registered code costs one timer: that of its next trade. Any other code costs nothing.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from kiwoom.clock import DAY_US
from kiwoom.limits import MAX_CODES_PER_SCREEN, MAX_FIDS_PER_REGISTRATION
from kiwoom.sim.base.engine import Timer
from kiwoom.sim.market.live import Live
from kiwoom.sim.realtime.feeds import Streams
from kiwoom.sim.realtime.kinds import KINDS, Texts, WithTrade, brought_by, brought_by_tr, texts_of
from kiwoom.sim.realtime.sessionnotices import OpeningNotices
from kiwoom.sim.rules.instruments import Instrument
from kiwoom.sim.rules.refusals import CallRefusal
from kiwoom.sim.session.control import Part, SimControl, dispatch
from kiwoom.sim.session.refusing import LOGIN_FIRST, refuse
from kiwoom.sim.session.screens import screen_number

__all__ = ["Registrations"]

log = logging.getLogger("kiwoom.sim")

_EVENT = "OnReceiveRealData"
_OPENING = 215  # the FID of 장시작시간


@dataclass
class _Screen:
    """The registrations of one screen number: FIDs by code, and codes that a TR registered."""

    fids: dict[str, frozenset[int]] = field(default_factory=dict)
    by_tr: set[str] = field(default_factory=set)
    tr: str = ""


class _Feed:
    """One registered code: the real types that it sends with its trades, and the timer of the next one."""

    __slots__ = ("instrument", "key", "midnight", "sent", "siblings", "texts", "timer", "with_trades")

    def __init__(self, key: str, instrument: Instrument) -> None:
        self.key = key
        self.instrument = instrument
        self.with_trades: list[tuple[str, WithTrade]] = []
        self.timer: Timer | None = None
        # The figures of the last payload, of the types that are sent only when their figures change.
        self.sent: dict[str, object] = {}
        self.texts: Texts | None = None
        self.midnight = 0
        # The feeds of the same instrument, its code without and with a suffix, in the order of sending.
        self.siblings: list[_Feed] = []


def _fids(text: str) -> frozenset[int]:
    """The FIDs of a list joined by semicolons. Entries that are no numbers are left out, and the log says so."""
    parts = [part.strip() for part in text.split(";") if part.strip()]
    # isdecimal alone takes Arabic digits too; ten digits and more are no FID and would be slow to read.
    odd = [part for part in parts if not (part.isascii() and part.isdecimal() and len(part) < 10)]
    if odd:
        log.warning("SetRealReg: %s is no FID and is left out", ", ".join(part[:40] for part in odd[:5]))
    return frozenset(int(part) for part in parts if part not in odd)


class Registrations(Part):
    """The registrations of all screens, and the events that follow from them."""

    def __init__(self, control: SimControl) -> None:
        super().__init__(control)
        self._screens: dict[str, _Screen] = {}
        self._feeds: dict[str, _Feed] = {}
        self._siblings: defaultdict[str, list[_Feed]] = defaultdict(list)

    def disconnected(self) -> None:
        self._screens.clear()
        for code in list(self._feeds):
            self._stop(code)

    # --- registering -------------------------------------------------------------------------------------------

    @dispatch("SetRealReg")
    def set_real_reg(self, screen_no: str, code_list: str, fid_list: str, option: str) -> int:
        if not self.control.connected:
            return refuse(self.control, CallRefusal.NOT_CONNECTED, "SetRealReg", LOGIN_FIRST)
        number = self.control.screens.use(screen_no)
        codes = [code.strip() for code in code_list.split(";") if code.strip()]
        fids = _fids(fid_list)
        if len(codes) > MAX_CODES_PER_SCREEN:
            return refuse(self.control, CallRefusal.TOO_MANY_CODES, "SetRealReg", f"They are {len(codes)}")
        if len(fids) > MAX_FIDS_PER_REGISTRATION:
            return refuse(self.control, CallRefusal.TOO_MANY_FIDS, "SetRealReg", f"They are {len(fids)}")
        if option.strip() not in ("0", "1"):
            # No source tells the effect of other options. Replacing leaves nothing that was not asked for.
            log.warning("SetRealReg: the option is 0 (replace the screen's) or 1 (add); %r is taken as 0", option[:40])
        entry = self._screens.setdefault(number, _Screen())
        touched = set(codes)
        # 0 replaces the codes of this screen alone (guide); registrations by TRs stay.
        if option.strip() != "1":
            touched |= set(entry.fids)
            entry.fids = {}
        # 장시작시간 needs no code: programs register FID 215 with "".
        for code in codes or [""]:
            if code and self.broker.market.find(code) is None:
                log.error("SetRealReg: there is no code %r; it will send nothing", code)
            entry.fids[code] = entry.fids.get(code, frozenset()) | fids
        self._refresh(touched)
        return 0

    @dispatch("SetRealRemove")
    def set_real_remove(self, screen_no: str, code: str) -> None:
        every_screen, every_code = screen_no.strip().upper() == "ALL", code.strip().upper() == "ALL"
        number = self._number(screen_no)
        touched: set[str] = set()
        for name, entry in self._screens.items():
            if every_screen or name == number:
                gone = set(entry.fids) if every_code else {code.strip()} & set(entry.fids)
                for each in gone:
                    del entry.fids[each]
                touched |= gone
        self._refresh(touched)

    @dispatch("DisconnectRealData")
    def disconnect_real_data(self, screen_no: str) -> None:
        self.control.screens.release(screen_no)
        entry = self._screens.pop(self._number(screen_no), None)
        if entry is not None:
            self._refresh(set(entry.fids) | entry.by_tr)

    def register_by_tr(self, screen_no: str, codes: Sequence[str], tr_code: str = "") -> None:
        """A successful quote TR registers its codes on its screen, instead of the last TR's."""
        number = self._number(screen_no)
        entry = self._screens.setdefault(number, _Screen())
        touched = entry.by_tr | set(codes)
        entry.by_tr, entry.tr = set(codes), tr_code
        self._refresh(touched)

    def make_ready(self, code: str, fids: frozenset[int]) -> None:
        """Make up the prices that a code's feeds begin with: they take a few milliseconds when first looked at."""
        instrument = self.broker.market.find(code) if code and self.control.connected else None
        if instrument is not None and code not in self._feeds:
            self.control.part(Streams).make_up(instrument, frozenset(brought_by(instrument, fids)))
            self.broker.market.live(instrument)
            self.broker.market.live_as_seen(instrument).peek()

    def _wants_opening(self) -> bool:
        """Whether some screen registered 장시작시간 (FID 215), with or without a code."""
        return any(_OPENING in fids for entry in self._screens.values() for fids in entry.fids.values())

    def counts(self) -> dict[str, int]:
        """How many codes each screen has registered."""
        return {number: len(set(e.fids) | e.by_tr) for number, e in self._screens.items()}

    @staticmethod
    def _number(screen_no: str) -> str:
        return screen_number(screen_no)

    def _refresh(self, codes: Iterable[str]) -> None:
        """Bring the feeds of some codes up to date with the registrations."""
        self.control.part(OpeningNotices).listen(self._wants_opening())
        for code in sorted(codes):  # sorted: a set of texts has another order in each process
            instrument = self.broker.market.find(code) if code else None
            if instrument is None:
                continue
            types = self._types(code, instrument)
            self.control.part(Streams).listen(code, instrument, types)
            kinds = [kind for kind in KINDS.values() if kind.name in types]
            with_trades = [(kind.name, kind.trade) for kind in kinds if kind.trade is not None]
            feed = self._feeds.get(code)
            if not with_trades:
                if feed is not None:
                    self._stop(code)
                continue
            if feed is None:
                feed = self._feeds[code] = _Feed(code, instrument)
                feed.siblings = self._siblings[instrument.code]
                self._join(instrument.code)
                # Brought up to now before `fed` is set: trades of the past send no events.
                self.broker.market.live(instrument)
                self.broker.market.fed.add(instrument.code)
            feed.with_trades = with_trades
            if feed.timer is None:
                self._schedule(feed)

    def _types(self, code: str, instrument: Instrument) -> frozenset[str]:
        """The real types that the screens ask for, for a code."""
        found: set[str] = set()
        for entry in self._screens.values():
            if code in entry.by_tr:
                found.update(brought_by_tr(entry.tr, instrument))
            fids = entry.fids.get(code)
            if fids:
                found.update(brought_by(instrument, fids))
        return frozenset(found)

    def _stop(self, code: str) -> None:
        feed = self._feeds.pop(code)
        self._join(feed.instrument.code)
        if feed.timer is not None:
            feed.timer.cancel()
        if not any(other.instrument is feed.instrument for other in self._feeds.values()):
            self.broker.market.fed.discard(feed.instrument.code)

    def _join(self, code: str) -> None:
        """Bring the shared list of an instrument's feeds up to date."""
        # KRX alone, NXT alone (_NX) and both (_AL): one market here, but a program sees the key that it registered.
        names = (code, f"{code}_NX", f"{code}_AL")
        self._siblings[code][:] = [self._feeds[name] for name in names if name in self._feeds]

    # --- the feed ----------------------------------------------------------------------------------------------

    def _schedule(self, feed: _Feed) -> None:
        market = self.broker.market
        live = market.live_as_seen(feed.instrument)
        feed.midnight = market.midnight_us()
        trade = live.peek() if live.tape.bar.date == market.today else None
        if trade is None:
            # nothing more today: look again when the next day has begun
            feed.timer = self.broker.engine.at(feed.midnight + DAY_US, self._schedule, feed)
        else:
            feed.timer = self.broker.engine.at(feed.midnight + trade.us, self._trade, feed, live)

    def _trade(self, feed: _Feed, live: Live) -> None:
        """The time of a registered code's next trade has come."""
        engine = self.broker.engine
        elapsed = engine.now - feed.midnight
        due = live.peek()
        # `005930` and `005930_AL` are two feeds of one instrument: the first of them takes the trade in
        if due is not None and due.us <= elapsed < DAY_US:
            live.take()
            # No handler, no payload: writing them is most of a trade's cost.
            if self.control.listens(_EVENT):
                self._send_types(feed, live)
            due = live.peek()
        if due is not None and elapsed < DAY_US:
            feed.timer = engine.at(feed.midnight + due.us, self._trade, feed, live)
        else:
            self._schedule(feed)

    def _send_types(self, feed: _Feed, live: Live) -> None:
        """Send the types that come with a trade, to each feed of the instrument."""
        texts = feed.texts
        # A new day brings a new `live`, and prices are written against another base.
        if texts is None or texts.live is not live:
            texts = feed.texts = texts_of(self.broker.market, feed.instrument, live)
        send = self.control.send
        for other in feed.siblings:
            key = other.key
            for name, trade in other.with_trades:
                if trade.figures is not None:
                    figures = trade.figures(texts)
                    if other.sent.get(name) == figures:
                        continue
                    other.sent[name] = figures
                send(_EVENT, key, name, trade.text(texts))
