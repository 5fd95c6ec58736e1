"""Content negotiation: the media type of a response."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class MediaType(StrEnum):
    """Media types of responses."""

    JSON = "application/json"
    GRAPHQL_RESPONSE = "application/graphql-response+json"
    EVENT_STREAM = "text/event-stream"
    TEXT = "text/plain"


@dataclass(frozen=True)
class _Range:
    """A media range of an `Accept` header."""

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
    """Returns the offered type that the client prefers, or None if it accepts none.

    Types of equal quality rank in the client's order, because some clients append
    `text/event-stream` to every request and expect JSON; then in the order offered.
    """
    ranges = _parse_accept(accept) or [_Range("*/*", 1.0, 0)]
    best: MediaType | None = None
    best_rank = (0.0, 0)
    for media_type in offered:
        covering = [candidate for candidate in ranges if candidate.covers(media_type)]
        if not covering:
            continue
        closest = max(covering, key=lambda candidate: candidate.precision)
        rank = (closest.quality, -closest.position)
        if closest.quality > 0 and (best is None or rank > best_rank):
            best, best_rank = media_type, rank
    return best


def _parse_accept(accept: str) -> list[_Range]:
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
