"""Work that waits in the database; the whole deployment's, so every process reports the same."""

from telemetry.metrics.registry import make_gauge, make_gauges

OUTBOX_STATES = ("READY", "SENDING", "HOLDING")

# All workers write the same value.
_MODE = "mostrecent"

BACKLOG_READ = make_gauge(
    "wagraph_backlog_read",
    "1 if the last read of the backlog succeeded, 0 if its gauges are out of date.",
    mode=_MODE,
)
WEBHOOKS_UNPROCESSED = make_gauge(
    "wagraph_webhooks_unprocessed",
    "Stored webhooks that are not applied yet; counted up to 10,000.",
    mode=_MODE,
)
OLDEST_WEBHOOK_SECONDS = make_gauge(
    "wagraph_webhooks_oldest_unprocessed_seconds",
    "Age of the oldest stored webhook that is not applied yet, or 0.",
    mode=_MODE,
)
OUTBOX_MESSAGES = make_gauges(
    "wagraph_outbox_messages",
    "Outgoing messages that are not finished, by state; counted up to 10,000.",
    mode=_MODE,
    state=OUTBOX_STATES,
)
OLDEST_QUEUED_SECONDS = make_gauge(
    "wagraph_outbox_oldest_queued_seconds",
    "Age of the oldest queued message, or 0.",
    mode=_MODE,
)
DEAD_LETTERS = make_gauges(
    "wagraph_dead_letters",
    "Parked items of webhooks by reason; counted up to 10,000.",
    mode=_MODE,
    reason=(
        "UNKNOWN_ACCOUNT",
        "ACCOUNT_DISABLED",
        "WRONG_SECRET",
        "INVALID_BODY",
        "INVALID_ITEM",
        "INTERNAL_ERROR",
    ),
)
MEDIA_PENDING = make_gauge(
    "wagraph_media_pending", "Media to be downloaded; counted up to 10,000.", mode=_MODE
)
