"""Making good for a delay never crowds a second: that is where Meta looks."""

import random

import pytest

from whatsapp.dispatch.schedule import WINDOW_SECONDS, Schedule
from whatsapp.dispatch.slots import Grant

RATE = 80


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("whatsapp.dispatch.schedule.time", clock)
    return clock


def use_all(
    schedule: Schedule, clock: Clock, *, stalls: dict[int, float], seconds: float
) -> list[float]:
    """Returns the times of slots used by a constant caller; `stalls` delay slots."""
    used: list[float] = []
    end = clock.now + seconds
    steps = 0
    while clock.now < end:
        steps += 1
        clock.now += stalls.get(steps, 0.0)
        if len(schedule) < 8:
            schedule.add(Grant(count=16, first=0.0, interval=1 / RATE, failures=0))
        slot = schedule.next_slot()
        if slot is not None:
            clock.now = max(clock.now, slot)
            if schedule.use_slot():
                used.append(clock.now)
    return used


def find_fullest_second(times: list[float]) -> int:
    return max(sum(start <= time < start + WINDOW_SECONDS for time in times) for start in times)


def test_without_delays_every_slot_is_used(clock: Clock) -> None:
    used = use_all(Schedule(), clock, stalls={}, seconds=10)

    assert len(used) == pytest.approx(10 * RATE, abs=2)
    assert find_fullest_second(used) <= RATE + 1


@pytest.mark.parametrize("seed", range(10))
def test_delays_are_made_good_for_without_crowding_second(clock: Clock, seed: int) -> None:
    chooser = random.Random(seed)
    stalls = {chooser.randrange(800): chooser.uniform(0, 0.7) for _ in range(12)}

    used = use_all(Schedule(), clock, stalls=stalls, seconds=10)

    assert find_fullest_second(used) <= RATE + 2
    assert len(used) > 10 * RATE * 0.4


def test_slot_with_nothing_to_send_goes_to_next(clock: Clock) -> None:
    schedule = Schedule()
    schedule.add(Grant(count=1, first=0.0, interval=1.0, failures=0))

    assert schedule.use_slot()
    assert not schedule.use_slot()
    schedule.return_slot()
    assert schedule.use_slot()
