"""Live events: sockets, subscriptions and the change stream."""

from telemetry.metrics.registry import (
    make_counter,
    make_counters,
    make_gauge,
    make_gauges,
    make_histogram,
)

SOCKETS = make_gauges(
    "wagraph_live_sockets", "Open connections.", transport=("websocket", "event_stream")
)
SUBSCRIPTIONS = make_gauge("wagraph_live_subscriptions", "Active subscriptions.")
GROUPS = make_gauge(
    "wagraph_live_groups", "Groups of equal subscriptions, for which an event is executed once."
)
EVENTS = make_counter(
    "wagraph_live_events_total", "Events of the change stream; each process reads all of them."
)
DELIVERIES = make_counter(
    "wagraph_live_deliveries_total", "Events handed to subscriptions that follow the stream."
)
STREAM_LAG = make_histogram(
    "wagraph_live_stream_lag_seconds",
    "Time from a change in MongoDB to its processing.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0),
)
STREAMS_CONNECTED = make_gauge(
    "wagraph_live_streams_connected", "Processes whose change stream is open."
)
STREAM_FAILURES = make_counters(
    "wagraph_live_stream_failures_total",
    "Interruptions of the change stream, which resumes without a gap, and losses of its history.",
    result=("interrupted", "history_lost"),
)
SLOW_PEERS = make_counter(
    "wagraph_live_slow_peers_total", "Sockets closed because their client read too slowly."
)
RESUMES = make_counters(
    "wagraph_live_resumes_total",
    "Subscriptions that resumed after a cursor: from memory, from MongoDB's history, or refused.",
    result=("memory", "history", "expired", "invalid"),
)
