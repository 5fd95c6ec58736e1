"""Which of our media types answers a request: what its `Accept` prefers."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class MediaType(StrEnum):
    """What an operation over HTTP can be answered as."""

    JSON = "application/json"
    GRAPHQL_RESPONSE = "application/graphql-response+json"
    EVENT_STREAM = "text/event-stream"


@dataclass(frozen=True)
class _Range:
    """One media range of an `Accept` header."""

    type: str
    quality: float
    position: int

    @property
    def precision(self) -> int:
        return 0 if self.type == "*/*" else 1 if self.type.endswith("/*") else 2

    def covers(self, media_type: MediaType) -> bool:
        if self.precision == 2:
            return self.type == media_type
        return self.precision == 0 or media_type.startswith(self.type[:-1])


def choose_media_type(accept: str, offered: Sequence[MediaType]) -> MediaType | None:
    """The offered type that the client prefers, or None where it takes none of them.

    Where it likes several the same, the one that it lists first: some clients add
    `text/event-stream` at the end to every request and then expect JSON. Where it says nothing
    that tells them apart, the one offered first.
    """
    ranges = _parse(accept) or [_Range("*/*", 1.0, 0)]
    best: MediaType | None = None
    best_rank = (0.0, 0)
    for media_type in offered:
        fitting = [one for one in ranges if one.covers(media_type)]
        if not fitting:
            continue
        closest = max(fitting, key=lambda one: one.precision)
        rank = (closest.quality, -closest.position)
        if closest.quality > 0 and (best is None or rank > best_rank):
            best, best_rank = media_type, rank
    return best


def _parse(accept: str) -> list[_Range]:
    ranges = []
    for position, part in enumerate(accept.lower().split(",")):
        media_type, *parameters = (text.strip() for text in part.split(";"))
        if media_type:
            ranges.append(_Range(media_type, _find_quality(parameters), position))
    return ranges


def _find_quality(parameters: Sequence[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return min(max(float(value), 0.0), 1.0)
            except ValueError:
                return 0.0
    return 1.0
