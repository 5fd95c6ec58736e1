"""The rate of an account in any second, its reductions, and its handover to the next owner."""

import random

import pytest

from models import Partition
from models.database.base import new_id
from whatsapp.dispatch.queues.pace import RECOVERY_SECONDS, SHARE_OF_RATE, Pace

RATE = 80
WINDOW_SECONDS = 1.0
FULL_INTERVAL = 1 / (RATE * SHARE_OF_RATE)
pytestmark = pytest.mark.usefixtures("database")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("whatsapp.dispatch.queues.pace.time", clock)
    monkeypatch.setattr("whatsapp.common.circuit_breaker.time", clock)
    return clock


def make_pace(owner_before: Pace | None = None) -> Pace:
    """The pace of a new owner, which reads the state stored by the previous owner."""
    fields = {} if owner_before is None else owner_before.to_fields()
    partition = Partition(id=new_id(), **fields)
    return Pace(rate=RATE, probe_seconds=60.0, partition=partition)


def send_always(
    pace: Pace, clock: Clock, *, seconds: float, stalls: dict[int, float] | None = None
) -> list[float]:
    """Returns the departures of a constant caller; `stalls` are delays before a message."""
    departures: list[float] = []
    end = clock.now + seconds
    while clock.now < end:
        clock.now += (stalls or {}).get(len(departures), 0.0)
        clock.now = max(clock.now, pace.take_slot())
        departures.append(pace.compute_departure())
    return departures


def find_fullest_second(times: list[float]) -> int:
    return max(sum(start <= time < start + WINDOW_SECONDS for time in times) for start in times)


def find_interval(pace: Pace) -> float:
    slot = pace.take_slot()
    return pace.next_slot() - slot


def test_constant_caller_uses_whole_rate(clock: Clock) -> None:
    departures = send_always(make_pace(), clock, seconds=10)

    assert len(departures) == pytest.approx(10 * RATE * SHARE_OF_RATE, abs=2)
    assert find_fullest_second(departures) <= RATE


@pytest.mark.parametrize("seed", range(5))
def test_delays_crowd_no_second(clock: Clock, seed: int) -> None:
    chooser = random.Random(seed)
    stalls = {chooser.randrange(600): chooser.uniform(0, 0.7) for _ in range(12)}

    departures = send_always(make_pace(), clock, stalls=stalls, seconds=10)

    assert find_fullest_second(departures) <= RATE + 1
    assert len(departures) > 10 * RATE * 0.4


def test_idle_time_is_not_saved_up(clock: Clock) -> None:
    pace = make_pace()
    clock.now += 600

    assert find_fullest_second(send_always(pace, clock, seconds=3)) <= RATE + 1
    assert find_fullest_second(send_always(make_pace(pace), clock, seconds=3)) <= RATE + 1


def test_returned_slot_goes_to_next(clock: Clock) -> None:
    pace = make_pace()
    before = pace.next_slot()

    pace.take_slot()
    pace.return_slot()

    assert pace.next_slot() == pytest.approx(before)


def test_refusals_within_second_slow_account_once(clock: Clock) -> None:
    pace = make_pace()
    for _ in range(5):
        pace.slow_down(0.0)
        clock.now += 0.1

    slowed = find_interval(pace)
    next_owner = find_interval(make_pace(pace))
    clock.now += RECOVERY_SECONDS
    recovered = find_interval(pace)

    assert FULL_INTERVAL < slowed < FULL_INTERVAL / 0.75
    assert next_owner == pytest.approx(slowed, rel=0.01)
    assert recovered == pytest.approx(FULL_INTERVAL)
