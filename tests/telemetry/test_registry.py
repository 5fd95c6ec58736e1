"""The private parts of prometheus_client that `telemetry.metrics.registry` relies on."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from telemetry.metrics.registry import LATENCY_BUCKETS, FastCounter, FastHistogram


def render(histogram_class: type[Histogram], amounts: tuple[float, ...]) -> str:
    registry = CollectorRegistry()
    histogram = histogram_class(
        "wagraph_test_seconds", "Test.", ["kind"], registry=registry, buckets=LATENCY_BUCKETS
    )
    for amount in amounts:
        histogram.labels("a").observe(amount)
    return generate_latest(registry).decode()


def test_fast_histogram_equals_histogram() -> None:
    amounts = (0.0, 0.0009, *LATENCY_BUCKETS, 0.3, 1e9)

    text = render(FastHistogram, amounts)

    assert text == render(Histogram, amounts)
    assert f'wagraph_test_seconds_count{{kind="a"}} {len(amounts)}.0' in text
    assert 'wagraph_test_seconds_bucket{kind="a",le="0.001"} 3.0' in text


def test_fast_counter_equals_counter() -> None:
    texts = []
    for counter_class in (FastCounter, Counter):
        registry = CollectorRegistry()
        counter = counter_class("wagraph_test", "Test.", ["kind"], registry=registry)
        counter.labels("a").inc()
        counter.labels("a").inc(2.5)
        texts.append(generate_latest(registry).decode())

    assert texts[0] == texts[1]
    assert 'wagraph_test_total{kind="a"} 3.5' in texts[0]
