"""All cases, in the order of the table."""

from bench.case import Case
from bench.cases import growth, ingest, live, reads, send, top_tier

CASES: dict[str, Case] = {
    case.name: case
    for case in [
        *reads.CASES,
        *send.CASES,
        *ingest.CASES,
        *top_tier.CASES,
        *live.CASES,
        *growth.CASES,
    ]
}
