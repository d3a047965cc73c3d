"""A wake-up call between threads."""

from __future__ import annotations

import threading

__all__ = ["Wake"]


class Wake:
    """
    A `threading.Event` for one waiting thread that clears itself, and several times cheaper.

    A call that comes between two waits is kept for the next one; several count as one.
    """

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        # Held while there is no call, so that a wait is one `acquire`: Event takes a condition and two locks for it.
        self._lock = threading.Lock()
        self._lock.acquire()

    def set(self) -> None:
        """Wake the waiting thread, or the next that waits. Any thread."""
        if self._lock.locked():
            try:
                self._lock.release()
            except RuntimeError:
                # Another thread released the lock between the look and here: the call is there.
                return

    def clear(self) -> None:
        """Forget a call that came since the last `wait`."""
        self._lock.acquire(blocking=False)

    def wait(self, timeout: float) -> bool:
        """Wait for a call at most `timeout` seconds; returns whether one came."""
        return self._lock.acquire(timeout=timeout) if timeout > 0 else self._lock.acquire(blocking=False)
