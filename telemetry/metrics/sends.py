"""Outgoing messages: queued, sent, refused."""

from telemetry.metrics.registry import make_counter, make_counters, make_gauge, make_histogram

QUEUED = make_counter("wagraph_messages_queued_total", "Messages that were put into the outbox.")
ATTEMPTS = make_counter(
    "wagraph_send_attempts_total", "Requests to Meta that would send a message."
)
OUTCOMES = make_counters(
    "wagraph_send_outcomes_total",
    "Outcomes: accepted, held by Meta for its quality check, failed for good, failed before it was"
    " sent, postponed, stopped with the account, or unknown.",
    outcome=("accepted", "held", "failed", "unsent", "postponed", "stopped", "unknown"),
)
# Codes are added where Meta's table is.
REFUSALS = make_counters(
    "wagraph_send_refusals_total", "Messages that Meta refused, by its error code.", code=()
)
QUEUE_SECONDS = make_histogram(
    "wagraph_send_queue_seconds",
    "Time from queueing a message to Meta's acceptance.",
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1800.0),
)
HELD = make_gauge(
    "wagraph_sending_held",
    "1 while nothing is sent: from a restore of the database until `manage.py finish-restore`, or"
    " while the erasure log is unavailable at a start.",
    mode="max",
)
THROTTLES = make_counter(
    "wagraph_send_throttles_total", "Refusals because the rate of an account was exceeded."
)
BREAKERS_OPENED = make_counter(
    "wagraph_send_breakers_opened_total",
    "Accounts for which Meta stopped answering, so that only probes are sent.",
)
BREAKERS_OPEN = make_gauge(
    "wagraph_send_breakers_open",
    "Accounts for which only probes are sent; the maximum of all workers.",
    mode="max",
)
