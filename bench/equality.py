"""Compares the contenders' responses: their speed is comparable only if these are equal."""

from typing import Any

import orjson

from bench.cases.reads import READS
from bench.load.http_load import run_closed_loop
from bench.world import World

SAMPLES = 12


async def fetch_answers(port: int, world: World, *, has_graphql: bool) -> dict[str, list[Any]]:
    """Returns `data` of sampled responses to each read operation, or the response without data."""
    answers: dict[str, list[Any]] = {}
    for name, make in READS.items():
        bodies: list[bytes] = []

        def keep(status: int, body: bytes, _fully: bool, bodies: list[bytes] = bodies) -> None:
            bodies.append(body if status == 200 else b'{"status":%d}' % status)

        requests = iter(make(world, has_graphql)[:SAMPLES])
        await run_closed_loop(port, requests, connections=1, check=keep)
        answers[name] = [_read(body) for body in bodies]
    return answers


def _read(body: bytes) -> Any:
    answer = orjson.loads(body)
    return answer.get("data") or {"no data": answer}


def find_problem(answers: list[Any]) -> str | None:
    """Returns the reason why a response can't be compared, or None."""
    return next((str(one)[:300] for one in answers if "no data" in one), None)


def find_difference(one: Any, other: Any, path: str = "") -> str | None:
    """Returns the first path at which two responses differ, with both values."""
    if isinstance(one, dict) and isinstance(other, dict):
        if one.keys() != other.keys():
            return f"{path or '/'}: fields {sorted(one.keys() ^ other.keys())}"
        pairs = [(name, one[name], other[name]) for name in one]
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            return f"{path}: {len(one)} and {len(other)} elements"
        pairs = [(str(at), *both) for at, both in enumerate(zip(one, other, strict=True))]
    else:
        return None if one == other else f"{path}: {one!r} and {other!r}"
    found = (find_difference(left, right, f"{path}/{name}") for name, left, right in pairs)
    return next(filter(None, found), None)
