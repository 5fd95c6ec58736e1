"""The registry, and constructors that bind the label values of a metric in advance."""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import product
from typing import Generic, TypeVar

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)
from prometheus_client import (
    values as prometheus_values,
)

from telemetry.metrics.shared_values import SharedValue

# Metrics take their values from this class when they are created.
prometheus_values.ValueClass = SharedValue
disable_created_metrics()  # type: ignore[no-untyped-call]


class FastCounter(Counter):
    """A counter without exemplars or checks."""

    def inc(self, amount: float = 1, exemplar: dict[str, str] | None = None) -> None:  # noqa: ARG002 - the interface
        value = self._value
        value.cells[value.index] += amount  # without a call


class FastHistogram(Histogram):
    """A histogram without exemplars or checks that finds the bucket by bisection.

    It and `FastCounter` alone use prometheus_client's private API;
    `tests/telemetry/test_registry.py` fails if that changes.
    """

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:  # noqa: ARG002 - the interface
        total, bucket = self._sum, self._buckets[bisect_left(self._upper_bounds, amount)]
        total.cells[total.index] += amount
        bucket.cells[bucket.index] += 1


REGISTRY = CollectorRegistry()
OTHER = "other"
# Seconds of requests and commands: from cached reads to timeouts.
LATENCY_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

Metric = TypeVar("Metric", Counter, Gauge, Histogram)


class ByLabels(dict[object, Metric], Generic[Metric]):
    """The children of a metric for closed sets of label values.

    `metrics[value]`, or `metrics[value, value]` with several labels, returns a child. A value that
    is not in its set counts as `other`, so that the number of children is bounded.
    """

    def __init__(self, metric: Metric, *label_values: Iterable[str]) -> None:
        self._metric: Metric = metric
        self._values = _list_values(label_values)
        self._bind()

    def add_values(self, values: Iterable[str], *, label: int = 0) -> None:
        """Adds label values; only before workers are forked."""
        self._values[label].update(dict.fromkeys(values))
        self._bind()

    def _bind(self) -> None:
        for labels in product(*self._values):
            key = labels[0] if len(labels) == 1 else labels
            if key not in self:
                self[key] = self._metric.labels(*labels)

    def __missing__(self, key: object) -> Metric:
        parts = key if isinstance(key, tuple) else (key,)
        known = [
            part if part in values else OTHER
            for part, values in zip(parts, self._values, strict=True)
        ]
        return self[known[0] if len(known) == 1 else tuple(known)]


def _list_values(label_values: Iterable[Iterable[str]]) -> list[dict[str, None]]:
    return [dict.fromkeys([*values, OTHER]) for values in label_values]


def make_counter(name: str, text: str) -> Counter:
    return FastCounter(name, text, registry=REGISTRY)


def make_counters(name: str, text: str, **labels: Iterable[str]) -> ByLabels[Counter]:
    """Makes a counter with labels; each argument gives the closed set of a label."""
    return ByLabels(FastCounter(name, text, list(labels), registry=REGISTRY), *labels.values())


def make_gauge(name: str, text: str, *, mode: str = "sum") -> Gauge:
    """`mode` combines the values of several workers; see `SharedValue`."""
    return Gauge(name, text, registry=REGISTRY, multiprocess_mode=mode)  # type: ignore[arg-type]


def make_gauges(
    name: str, text: str, *, mode: str = "sum", **labels: Iterable[str]
) -> ByLabels[Gauge]:
    gauge = Gauge(name, text, list(labels), registry=REGISTRY, multiprocess_mode=mode)  # type: ignore[arg-type]
    return ByLabels(gauge, *labels.values())


def make_histogram(
    name: str, text: str, *, buckets: tuple[float, ...] = LATENCY_BUCKETS
) -> Histogram:
    return FastHistogram(name, text, registry=REGISTRY, buckets=buckets)


def make_histograms(
    name: str,
    text: str,
    *,
    buckets: tuple[float, ...] = LATENCY_BUCKETS,
    **labels: Iterable[str],
) -> ByLabels[Histogram]:
    histogram = FastHistogram(name, text, list(labels), registry=REGISTRY, buckets=buckets)
    return ByLabels(histogram, *labels.values())
