"""All cases, in the order of the table."""

from bench.case import Case
from bench.cases import growth, ingest, live, reads

CASES: dict[str, Case] = {
    case.name: case for case in [*reads.CASES, *ingest.CASES, *live.CASES, *growth.CASES]
}
