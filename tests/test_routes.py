"""The routes in docs/architecture.md are those that the calls take."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import pytest

import kiwoom
from kiwoom import Kiwoom

ROOT = Path(kiwoom.__file__).parent
PAGE = Path(__file__).resolve().parent.parent / "docs" / "architecture.md"

# On the route of every call, and of no interest to a reader who looks for the place where something happens.
SPINE = ("functions/", "api.py", "kiwoom.py", "control/base.py", "sim/server/", "sim/desk/", "sim/exchange/")
PASSED = {
    "functions/base.py",
    "sim/desk/openingholdings.py",  # fills an account at its first use
    "sim/desk/stockdesk.py",
    "sim/exchange/book.py",
    "sim/exchange/floor.py",
    "sim/exchange/order.py",
    "sim/server/codes.py",
    "sim/server/realtime.py",
}


def route(letter: str) -> list[tuple[str, str]]:
    """The files and functions of a route, in the order of its table."""
    section = PAGE.read_text("utf-8").split(f"### ({letter})")[1].split("###")[0]
    return re.findall(r"^\| `([\w/]+\.py)` \| `(\w+)` \|", section, re.MULTILINE)


def visited(act: Callable[[], object]) -> list[tuple[str, str]]:
    """The functions of the package that run, each time they are entered. A class stands for its constructor."""
    seen: list[tuple[str, str]] = []

    def profile(frame: FrameType, event: str, _argument: object) -> None:
        path = Path(frame.f_code.co_filename)
        if event == "call" and path.is_relative_to(ROOT):
            name = frame.f_code.co_name
            if name == "__init__":
                name = type(frame.f_locals["self"]).__name__
            seen.append((path.relative_to(ROOT).as_posix(), name))

    sys.setprofile(profile)
    try:
        act()
    finally:
        sys.setprofile(None)
    return seen


@pytest.fixture
def api() -> Kiwoom:
    api = Kiwoom("sim:?clock=virtual&seed=7&at=2026-02-06 09:00")
    api.login()
    return api


def send_order(api: Kiwoom) -> Callable[[], object]:
    notices: list[str] = []
    account = api.get_login_info("ACCNO").split(";")[0]
    api.connect("on_receive_chejan_data", slot=lambda gubun, item_cnt, fid_list: notices.append(gubun))

    def act() -> None:
        assert api.send_order("buy", "1001", account, 1, "005930", 1, 0, "03", "") == 0
        api.run(until=lambda: "1" in notices, timeout=60)

    return act


def comm_rq_data(api: Kiwoom) -> Callable[[], object]:
    def price(scr_no: str, rq_name: str, tr_code: str, record_name: str, prev_next: str) -> None:
        assert api.get_comm_data(tr_code, rq_name, 0, "현재가")
        api.unloop()

    api.connect("on_receive_tr_data", slot=price, key="price")

    def act() -> None:
        api.set_input_value("종목코드", "005930")
        api.comm_rq_data("price", "opt10001", 0, "0101")
        api.loop(timeout=30)

    return act


@pytest.mark.parametrize(("letter", "prepare"), [("a", send_order), ("b", comm_rq_data)])
def test_a_route_is_the_one_that_the_call_takes(
    api: Kiwoom, letter: str, prepare: Callable[[Kiwoom], Callable[[], object]]
) -> None:
    steps = route(letter)
    assert len(steps) > 10
    trace = visited(prepare(api))
    position = -1
    for step in steps:
        assert step in trace, f"{step} is on the page and not on the route"
        position = next((i for i in range(position + 1, len(trace)) if trace[i] == step), -1)
        assert position >= 0, f"{step} does not come after the step that the page names before it"
    named = {file for file, _ in steps} | PASSED
    unnamed = {file for file, _ in trace if file.startswith(SPINE)} - named
    assert not unnamed, f"the call passes through files that the page does not name: {sorted(unnamed)}"


@pytest.mark.parametrize("letter", ["c", "d"])
def test_every_file_of_a_route_exists(letter: str) -> None:
    section = PAGE.read_text("utf-8").split(f"### ({letter})")[1].split("###")[0]
    files = re.findall(r"^\| `([\w/]+\.py)`", section, re.MULTILINE)
    assert len(files) > 5
    for file in files:
        assert (ROOT / file).is_file(), file
