"""All cases, in the order of the table."""

from bench.case import Case
from bench.cases import reads

CASES: dict[str, Case] = {case.name: case for case in [*reads.CASES]}
