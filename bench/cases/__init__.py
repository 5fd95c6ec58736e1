"""All cases, in the order of the table."""

from bench.case import Case
from bench.cases import (
    growth,
    inbox_page,
    ingest,
    live,
    many_workspaces,
    metrics,
    noisy_neighbour,
    reads,
    replay,
    top_tier,
)
from bench.cases.sending import (
    claim_round,
    send,
    send_fairness,
    send_latency,
    send_rate,
    send_statuses,
)

CASES: dict[str, Case] = {
    case.name: case
    for case in [
        *reads.CASES,
        *send.CASES,
        *send_statuses.CASES,
        *send_rate.CASES,
        *send_fairness.CASES,
        *send_latency.CASES,
        *noisy_neighbour.CASES,
        *claim_round.CASES,
        *ingest.CASES,
        *top_tier.CASES,
        *replay.CASES,
        *live.CASES,
        *growth.CASES,
        *many_workspaces.CASES,
        *metrics.CASES,
        *inbox_page.CASES,
    ]
}
