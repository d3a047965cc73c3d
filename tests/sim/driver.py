"""A small driver for tests of the simulator: calls, waits in virtual time, and collects events."""

from __future__ import annotations

from dataclasses import dataclass, field

from kiwoom.control import open_control
from kiwoom.control.contract import EVENTS
from kiwoom.sim import SimControl


@dataclass
class Answer:
    """What a TR brought: the event's arguments, its rows, its single items, and the messages before it."""

    arguments: tuple[object, ...]
    rows: list[dict[str, str]]
    single: dict[str, str]
    messages: list[str] = field(default_factory=list)

    @property
    def prev_next(self) -> str:
        return str(self.arguments[4])


class Driver:
    """Opens a simulator with a virtual clock and keeps every event."""

    def __init__(self, options: str = "", login: bool = True) -> None:
        from kiwoom import catalog

        self._catalog = catalog
        # the short list: a ranking over all 4,400 codes costs seconds, and most tests want a few codes
        usual = {"at": "2026-02-06 09:00", "list": "small", "accounts": "stock,stock,futures"}
        parts = [f"{name}={value}" for name, value in usual.items() if f"{name}=" not in options]
        control = open_control("&".join(["sim:?clock=virtual", *parts, *filter(None, [options])]))
        assert isinstance(control, SimControl)
        self.control = control
        self.events: list[tuple[str, tuple[object, ...]]] = []
        self.answers: list[Answer] = []
        for name in EVENTS:
            control.subscribe(name, lambda *arguments, name=name: self._seen(name, arguments))
        if login:
            self.login()

    def _seen(self, name: str, arguments: tuple[object, ...]) -> None:
        self.events.append((name, arguments))
        if name == "OnReceiveTrData":
            self.answers.append(self._read(arguments))

    def _read(self, arguments: tuple[object, ...]) -> Answer:
        code = str(arguments[2])
        call = self.control.call
        try:
            tr = self._catalog.tr(code)
        except Exception:  # an order's answer is not a TR of the catalog
            return Answer(arguments, [], {"주문번호": str(call("GetCommData", code, "", 0, "주문번호"))})
        count = call("GetRepeatCnt", code, "")
        assert isinstance(count, int)
        rows = [{f.name: str(call("GetCommData", code, "", i, f.name)) for f in tr.multi} for i in range(count)]
        single = {f.name: str(call("GetCommData", code, "", 0, f.name)) for f in tr.single}
        return Answer(arguments, rows, single)

    def login(self) -> None:
        assert self.control.call("CommConnect") == 0
        self.wait("OnEventConnect")

    def named(self, name: str) -> list[tuple[object, ...]]:
        """The arguments of all events of a name so far."""
        return [arguments for event, arguments in self.events if event == name]

    def wait(self, name: str, count: int = 1, seconds: float = 30) -> list[tuple[object, ...]]:
        """Pump until `count` further events of a name came; fails after some virtual seconds."""
        before = len(self.named(name))
        end = self.control.clock.now_us() + round(seconds * 1_000_000)
        while len(self.named(name)) < before + count:
            left = (end - self.control.clock.now_us()) / 1_000_000
            assert left > 0, f"no {name} within {seconds} s; came: {[n for n, _ in self.events[-5:]]}"
            self.control.pump(left)
        return self.named(name)[before:]

    def run(self, seconds: float) -> None:
        """Let virtual time pass."""
        end = self.control.clock.now_us() + round(seconds * 1_000_000)
        while (left := end - self.control.clock.now_us()) > 0:
            self.control.pump(left / 1_000_000)

    def ask(self, code: str, prev_next: int | str = 0, screen: str = "0101", **inputs: str) -> Answer:
        """Ask a TR (after a pause that the limits need) and give its answer."""
        self.run(0.25)
        for name, value in inputs.items():
            self.control.call("SetInputValue", name, value)
        seen = len(self.events)
        result = self.control.call("CommRqData", f"rq-{code}", code, prev_next, screen)
        assert result == 0, f"CommRqData({code}) gave {result}"
        self.wait("OnReceiveTrData")
        answer = self.answers[-1]
        answer.messages = [str(a[3]) for n, a in self.events[seen:] if n == "OnReceiveMsg"]
        return answer
