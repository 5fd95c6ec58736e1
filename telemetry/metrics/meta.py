"""Requests to Meta's Graph API."""

from telemetry.metrics.registry import make_counters, make_histograms

KINDS = ("message", "upload", "call")
REQUEST_SECONDS = make_histograms(
    "wagraph_meta_request_seconds",
    "Requests to the Graph API, by kind: a message, an upload of a file, any other call.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0),
    kind=KINDS,
)
RESPONSES = make_counters(
    "wagraph_meta_responses_total",
    "Responses of the Graph API by class of status; not_reached: no connection was made; unknown:"
    " no response came back.",
    kind=KINDS,
    status=("2xx", "3xx", "4xx", "5xx", "not_reached", "unknown"),
)
# Codes are added where Meta's table is.
ERRORS = make_counters(
    "wagraph_meta_errors_total", "Error objects of the Graph API, by error code.", code=()
)
