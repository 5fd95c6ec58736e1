"""Positions in the stream of changes, and of events within a change."""

from typing import NamedTuple

from bson import Timestamp

# Ordinal of the last event of every change, so that its position is also the end of the change.
END_OF_CHANGE = 255


class Position(NamedTuple):
    """The resume token of a change and the ordinal of an event within that change.

    Positions sort in the order of the events, because tokens sort in the order of the changes.
    """

    token: str
    """`_data` of a resume token: upper-case hexadecimal."""
    ordinal: int = END_OF_CHANGE

    @property
    def cluster_time(self) -> Timestamp:
        # KeyString format: type byte 0x82, then seconds and increment, 4 bytes each.
        return Timestamp(int(self.token[2:10], 16), int(self.token[10:18], 16))

    def directly_precedes(self, other: "Position") -> bool:
        """Returns True if `other` has the next possible cluster time after this position."""
        first, second = self.cluster_time, other.cluster_time
        return (first.time << 32) + first.inc + 1 == (second.time << 32) + second.inc
