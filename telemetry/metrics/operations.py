"""GraphQL operations."""

from collections.abc import Iterable

from telemetry.metrics.registry import OTHER, make_counter, make_counters, make_histograms

# Operation names are added from the setting METRICS_OPERATIONS.
SECONDS = make_histograms(
    "wagraph_graphql_operation_seconds",
    "Queries and mutations, by type and by name if METRICS_OPERATIONS lists it.",
    type=("query", "mutation"),
    operation=(),
)
LISTED: set[str] = set()
"""The names that have metrics of their own."""


def list_operations(names: Iterable[str]) -> None:
    """Gives these operations metrics of their own; only before workers are forked."""
    LISTED.update(names)
    SECONDS.add_values(names, label=1)


def observe_operation(kind: str, name: str | None, seconds: float) -> None:
    """Measures an executed operation."""
    SECONDS[kind, name if name in LISTED else OTHER].observe(seconds)


ERRORS = make_counters(
    "wagraph_graphql_errors_total",
    "Errors in responses and on subscriptions, by `extensions.code`.",
    code=(
        "UNAUTHENTICATED",
        "FORBIDDEN",
        "AGENT_RETIRED",
        "WORKSPACE_SUSPENDED",
        "BAD_USER_INPUT",
        "NOT_FOUND",
        "GRAPHQL_PARSE_FAILED",
        "GRAPHQL_VALIDATION_FAILED",
        "QUERY_TOO_COMPLEX",
        "RESPONSE_TOO_LARGE",
        "RATE_LIMITED",
        "PERSISTED_QUERY_NOT_FOUND",
        "PERSISTED_QUERY_NOT_SUPPORTED",
        "CURSOR_EXPIRED",
        "SERVICE_UNAVAILABLE",
        "INTERNAL_SERVER_ERROR",
    ),
)
COST = make_counter("wagraph_graphql_cost_total", "Cost of admitted operations.")
PLANS = make_counters(
    "wagraph_graphql_plans_total",
    "Known queries: answered by a plan, given up by a plan, and executed by graphql-core.",
    result=("planned", "bailed_out", "executed"),
)
