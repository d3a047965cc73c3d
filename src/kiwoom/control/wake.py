"""A wake-up call between threads."""

from __future__ import annotations

import threading

__all__ = ["Wake"]


class Wake:
    """
    As `threading.Event`, for one waiting thread, and several times cheaper: `wait` takes the call off again.

    A call that comes while nobody waits is kept for the next `wait`; several are one.
    """

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        # Held while there is no call: waiting for one is waiting for the lock.
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        """Wake the waiting thread, or the next that waits. Any thread."""
        if self._lock.locked():
            try:
                self._lock.release()
            except RuntimeError:
                # Somebody else was faster: there is a call.
                return

    def clear(self) -> None:
        """Forget a call that nobody waited for."""
        self._lock.acquire(blocking=False)

    def wait(self, timeout: float) -> bool:
        """Wait for a call at most `timeout` seconds; returns whether one came."""
        return self._lock.acquire(timeout=timeout) if timeout > 0 else self._lock.acquire(blocking=False)
