"""Webhooks: received, stored, applied."""

from telemetry.metrics.registry import make_counter, make_counters, make_gauge, make_histogram

RECEIVED = make_counters(
    "wagraph_webhooks_received_total",
    "POST requests of webhooks, by result: stored, repeated, or the reason of the refusal.",
    result=(
        "stored",
        "repeated",
        "no_signature",
        "wrong_signature",
        "unknown_secret",
        "too_large",
        "too_slow",
        "unavailable",
        "disconnected",
    ),
)
COMMIT_SECONDS = make_histogram(
    "wagraph_webhook_commit_seconds",
    "Time from a verified body to its durable write, the wait for its group included.",
)
PROCESSING_SECONDS = make_histogram(
    "wagraph_webhook_processing_seconds",
    "Time from the receipt of a webhook to its last applied item.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 600.0),
)
PROCESSED = make_counter(
    "wagraph_webhooks_processed_total", "Webhooks whose items are all applied or parked."
)
TAKEN_OVER = make_counter(
    "wagraph_webhooks_taken_over_total", "Webhooks taken over from a process that ended or hung."
)
IN_FLIGHT = make_gauge(
    "wagraph_webhooks_in_flight", "Webhooks that these processes hold and have not acknowledged."
)
ITEMS = make_counters(
    "wagraph_ingest_items_total",
    "Items of processed webhooks, by type and result. Those that two processes apply count twice.",
    type=("messages", "statuses", "change", "other"),
    result=("applied", "parked"),
)
PARKED = make_counters(
    "wagraph_dead_letters_parked_total",
    "Dead letters that were stored, by reason.",
    reason=(
        "UNKNOWN_ACCOUNT",
        "ACCOUNT_DISABLED",
        "WRONG_SECRET",
        "INVALID_BODY",
        "INVALID_ITEM",
        "INTERNAL_ERROR",
    ),
)
