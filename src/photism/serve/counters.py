"""What a server counts, in the form that Prometheus reads."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)


class Counters:
    """Counters of one server, in a registry of their own.

    Args:
        waiting: says how many clips wait to be drawn.
    """

    def __init__(self, waiting: Callable[[], int]) -> None:
        self._registry = CollectorRegistry()
        self.waiting = waiting
        at = self._registry
        self.requests = Counter(
            "photism_requests", "Requests answered.", ("path", "status"), registry=at
        )
        self.seconds = Histogram(
            "photism_request_seconds",
            "From the first byte to the last.",
            ("path",),
            buckets=_SECONDS,
            registry=at,
        )
        self.batches = Histogram(
            "photism_batch_clips",
            "Clips drawn together.",
            buckets=(1, 2, 4, 8, 16, 32, 64),
            registry=at,
        )
        self.windows = Counter(
            "photism_live_windows",
            "Windows of live sound.",
            ("outcome",),  # drawn, unheard, dropped
            registry=at,
        )
        self.open = Gauge("photism_open_requests", "Requests being answered.", registry=at)
        self.live = Gauge("photism_live_connections", "Microphones listened to.", registry=at)
        Gauge("photism_waiting_clips", "Clips that wait.", registry=at).set_function(waiting)

    def text(self) -> bytes:
        """Return all of them in Prometheus' text format."""
        return generate_latest(self._registry)
