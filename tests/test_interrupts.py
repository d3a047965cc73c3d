"""Who looks after Ctrl-C, and which thread it reaches."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import pytest

from kiwoom.interrupts import called_by_qt, mind, minded


@pytest.fixture(autouse=True)
def _usual() -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Called:
    def __init__(self) -> None:
        self.escaped: list[BaseException] = []

    def _escaped(self, error: BaseException) -> None:
        self.escaped.append(error)

    @called_by_qt
    def by_qt(self) -> str:
        signal.raise_signal(signal.SIGINT)
        return "went on"

    def by_python(self) -> None:
        signal.raise_signal(signal.SIGINT)


def test_ctrl_c_in_what_qt_calls_is_kept_by_its_object() -> None:
    called = Called()
    end = mind()
    assert called.by_qt() == "went on"
    assert [type(e) for e in called.escaped] == [KeyboardInterrupt]
    end()


def test_elsewhere_it_is_raised_as_usual() -> None:
    called = Called()
    end = mind()
    with pytest.raises(KeyboardInterrupt):
        called.by_python()
    assert called.escaped == []
    end()
    with pytest.raises(KeyboardInterrupt):
        called.by_qt()


def test_it_ends_with_the_last_and_only_once() -> None:
    first, second = mind(), mind()
    first()
    first()
    assert minded()
    second()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_handler_of_the_program_stays() -> None:
    def mine(*_: object) -> None:
        pass

    signal.signal(signal.SIGINT, mine)
    mind()()
    assert signal.getsignal(signal.SIGINT) is mine
    signal.signal(signal.SIGINT, signal.default_int_handler)
    end = mind()
    signal.signal(signal.SIGINT, mine)
    end()
    assert signal.getsignal(signal.SIGINT) is mine


def test_other_threads_change_nothing() -> None:
    threading.Thread(target=lambda: mind()()).start()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
