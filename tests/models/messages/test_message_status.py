"""Ranks of message statuses, as documents hold them."""

import pytest

from models import MessageStatus


def test_stored_ranks_never_change() -> None:
    assert {status.value: status.rank for status in MessageStatus} == {
        "RECEIVED": 0,
        "QUEUED": 10,
        "SENDING": 20,
        "UNKNOWN": 30,
        "ACCEPTED": 40,
        "HELD": 50,
        "SENT": 60,
        "FAILED": 70,
        "DELIVERED": 80,
        "READ": 90,
        "PLAYED": 100,
        "CANCELLED": 110,
    }


@pytest.mark.parametrize(
    ("rank", "shown"), [(65, "SENT"), (75, "SENT"), (85, "DELIVERED"), (115, "PLAYED")]
)
def test_rank_of_later_version_shows_as_step_below(rank: int, shown: str) -> None:
    assert MessageStatus.of_rank(rank) == shown
