"""The service's counters, and a collector for Prometheus. Counting costs an addition; the rest is done when asked."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import Metric

    from kiwoom.service.shared.core import Core

__all__ = ["Measured", "collector"]

# From a read at the owner's hand (under a millisecond) to a call that waits for the limits.
BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Measured:
    """Calls by method and status, and how long the unary ones took."""

    def __init__(self) -> None:
        self.ended: Counter[tuple[str, str]] = Counter()
        self.open: Counter[str] = Counter()
        self.seconds: Counter[str] = Counter()
        self.buckets: dict[str, list[int]] = {}

    def took(self, method: str, seconds: float) -> None:
        """A unary call took so long."""
        buckets = self.buckets.get(method)
        if buckets is None:
            buckets = self.buckets[method] = [0] * (len(BUCKETS_S) + 1)
        buckets[bisect_left(BUCKETS_S, seconds)] += 1
        self.seconds[method] += seconds  # type: ignore[assignment]  # a Counter of floats


class collector:  # noqa: N801  # used like a function
    """A Prometheus collector over a running service."""

    def __init__(self, core: Core, measured: Measured, clients: Callable[[], int]) -> None:
        self._core = core
        self._measured = measured
        self._clients = clients

    def collect(self) -> Iterable[Metric]:
        """The metrics as they stand now. Any thread."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        core, measured = self._core, self._measured
        calls = CounterMetricFamily("kiwoom_calls", "Calls that ended", labels=["method", "status"])
        # A copy: this runs on the thread of the HTTP server, and a dict that grows meanwhile would raise.
        for (method, status), count in list(measured.ended.items()):
            calls.add_metric([method, status], count)
        yield calls
        latency = HistogramMetricFamily("kiwoom_call_seconds", "Duration of unary calls", labels=["method"])
        for method, buckets in list(measured.buckets.items()):
            total, cumulative = 0, []
            for bound, count in zip([*map(str, BUCKETS_S), "+Inf"], list(buckets), strict=True):
                # Prometheus wants each bucket to hold all shorter ones.
                total += count
                cumulative.append((bound, total))
            latency.add_metric([method], cumulative, sum_value=measured.seconds[method])
        yield latency
        events = CounterMetricFamily("kiwoom_events", "Events of the control that had listeners", labels=["event"])
        for name, count in list(core.hub.events.items()):
            events.add_metric([name], count)
        yield events
        left = GaugeMetricFamily("kiwoom_requests_left", "Requests left", labels=["kind", "window"])
        for kind, limiter in (("queries", core.limits.queries), ("orders", core.limits.orders)):
            for entry in limiter.left():
                left.add_metric([kind, str(entry.window)], entry.left)
        yield left
        for name, text, value in (
            ("kiwoom_streams", "Open streams", len(core.streams.open)),
            ("kiwoom_queued_events", "Events that wait to be sent", core.streams.queued()),
            ("kiwoom_clients", "Known clients", self._clients()),
            ("kiwoom_screens", "Screen numbers in use", len(core.screens.used)),
            ("kiwoom_registered_codes", "Codes registered for real-time data", len(core.registrar.codes)),
            ("kiwoom_realtime_conditions", "Conditions in real time", len(core.limits.conditions.running)),
        ):
            yield GaugeMetricFamily(name, text, value=value)
        yield CounterMetricFamily("kiwoom_late_readers", "Streams ended for falling behind", core.streams.late_readers)
