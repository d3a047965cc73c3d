"""The published limits on requests, and the server's penalty for going beyond the longer ones."""

from __future__ import annotations

from collections import deque

from kiwoom.clock import SECOND_US
from kiwoom.limits import PROFILES

__all__ = ["QueryLimits"]


class QueryLimits:
    """
    The limits on CommRqData, CommKwRqData and SendCondition together.

    `kiwoom.limits` has the windows. One request too many in the shortest window is refused (-200) by itself; one too
    many in a longer window brings the penalty: the server refuses everything until the next login.
    """

    def __init__(self) -> None:
        self._times: deque[int] = deque(maxlen=max(window.count for window in PROFILES["server"].queries))
        self.locked = False

    def take(self, now_us: int) -> bool:
        """Count a request; False if it is refused."""
        if self.locked:
            return False
        times = self._times
        burst, *longer = PROFILES["server"].queries
        for window in (burst, *longer):
            if len(times) >= window.count and now_us - times[-window.count] < window.seconds * SECOND_US:
                # The limits beyond five a second are secret. All reports agree that such a hit gives -200 and a window,
                # and that only a new login lifts it.
                self.locked = window is not burst
                return False
        # Only requests that went through count: a refused one does not lengthen the wait.
        times.append(now_us)
        return True
