"""All cases, in the order of the table."""

from bench.case import Case
from bench.cases import growth, ingest, live, reads, replay, send, send_rate, top_tier

CASES: dict[str, Case] = {
    case.name: case
    for case in [
        *reads.CASES,
        *send.CASES,
        *send_rate.CASES,
        *ingest.CASES,
        *top_tier.CASES,
        *replay.CASES,
        *live.CASES,
        *growth.CASES,
    ]
}
