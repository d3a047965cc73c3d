"""
Timed waits of the program's threads and of asyncio, on the control's clock.

`Event.wait`, `Condition.wait`, `Queue.get`, `Timer`, `Semaphore.acquire`, `Thread.join` and asyncio's loops all come
down to two places: a condition that is waited for, and a selector that is asked with a time-out. What they measure the
time with goes with them, or a wait would be cut into ever new ones.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any

from .finder import Finder
from .session import Session
from .virtual import Waiter

__all__ = ["Waits"]


class Waits:
    """The timed waits, while they follow the control's clock. `elapsed` is its time in seconds."""

    def __init__(self, session: Session, elapsed: Callable[[], float]) -> None:
        self._session = session
        self._elapsed = elapsed

    def install(self, put: Callable[[Any, str, Any], None], finder: Finder) -> None:
        """Put them into `threading`, and into `queue` and asyncio when these are imported."""
        put(threading.Condition, "wait", self._condition(threading.Condition.wait))
        put(threading.Thread, "start", self.starting(threading.Thread.start))
        put(threading.Thread, "join", self._joining(threading.Thread.join))
        # `Condition.wait_for` measures what is left of its time by it.
        if hasattr(threading, "_time"):
            put(threading, "_time", self._elapsed)
        finder.after_import("queue", self._patch_queue)
        finder.after_import("asyncio.base_events", lambda module: self._patch_asyncio(put, module))
        finder.after_import("sched", lambda module: setattr(module, "_time", self._elapsed))

    def _patch_queue(self, module: Any) -> None:
        if hasattr(module, "time"):
            module.time = self._elapsed

    def starting(self, real: Callable[..., Any]) -> Callable[..., Any]:
        """The start of a thread: virtual time does not run away before the thread had a chance to wait."""

        def start(thread: Any, *arguments: Any, **named: Any) -> Any:
            # A thread of this layer, begun by the first use of the backend, must not ask for it.
            if not getattr(thread, "name", "").startswith("kiwoom-") if isinstance(thread, threading.Thread) else True:
                virtual = self._session.virtual_time()
                if virtual is not None:
                    virtual.awake(id(thread))
            return real(thread, *arguments, **named)

        return start

    def _condition(self, real: Callable[..., bool]) -> Callable[..., bool]:
        """
        The wait for a condition.

        On a virtual clock it is written anew, as Python has it: a lock in the list of the condition's waiters, that
        `notify` releases; here the deadline releases it too.
        """

        def wait(condition: Any, timeout: float | None = None) -> bool:
            # Without a time-out no clock matters; threads of this layer wait by the real one.
            if timeout is None or threading.current_thread().name.startswith("kiwoom-"):
                return real(condition, timeout)
            session = self._session
            virtual = session.virtual_time()
            if virtual is None:
                return real(condition, max(0.0, timeout) / session.backend.speed)
            # Python's own check and words.
            if not condition._is_owned():
                raise RuntimeError("cannot wait on un-acquired lock")
            waiter = Waiter()
            condition._waiters.append(waiter)
            held = condition._release_save()
            got = False
            try:
                got = virtual.wait(max(0.0, timeout), waiter)
                return got
            finally:
                # Before the list is touched: `notify` changes it under the same lock.
                condition._acquire_restore(held)
                if not got:
                    with contextlib.suppress(ValueError):
                        condition._waiters.remove(waiter)

        return wait

    def _joining(self, real: Callable[..., None]) -> Callable[..., None]:
        """The wait for the end of a thread, for at most so long."""

        def join(thread: Any, timeout: float | None = None) -> None:
            virtual = None if timeout is None else self._session.virtual_time()
            if virtual is None:
                real(thread, timeout if timeout is None else max(0.0, timeout) / self._session.backend.speed)
                return

            def ended(seconds: float) -> bool:
                real(thread, seconds)
                return not thread.is_alive()

            virtual.wait_with(timeout, ended, lambda: None)

        return join

    # --- asyncio -------------------------------------------------------------------------------------------------

    def _patch_asyncio(self, put: Callable[[Any, str, Any], None], module: Any) -> None:
        """Have loops measure the control's time, and wait for it in their selector."""
        loop_type = module.BaseEventLoop
        real_once = loop_type._run_once
        waits = self

        def run_once(loop: Any) -> None:
            selector = getattr(loop, "_selector", None)
            if selector is not None and not isinstance(selector, _Selector):
                loop._selector = _Selector(selector, waits._session, loop)
            real_once(loop)

        put(loop_type, "time", lambda loop: waits._elapsed())
        # At its first turn: while a loop is made, `BaseEventLoop.__init__` runs before the selector is there.
        put(loop_type, "_run_once", run_once)


class _Selector:
    """A loop's selector whose time-outs are of the control's clock."""

    def __init__(self, real: Any, session: Session, loop: Any) -> None:
        self._real = real
        self._session = session
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def select(self, timeout: float | None = None) -> Any:
        """Wait for files, at most `timeout` of the control's seconds."""
        if timeout is None or timeout <= 0:
            return self._real.select(timeout)
        virtual = self._session.virtual_time()
        if virtual is None:
            return self._real.select(timeout / self._session.backend.speed)
        found: list[Any] = []

        def look(seconds: float) -> bool:
            found[:] = self._real.select(seconds)
            return bool(found)

        virtual.wait_with(timeout, look, self._wake)
        return found

    def _wake(self) -> None:
        if threading.get_ident() != self._loop._thread_id:
            # The selector waits for files alone: the loop's own pipe is how another thread ends its wait.
            self._loop._write_to_self()
