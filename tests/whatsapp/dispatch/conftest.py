"""Fixtures of the dispatcher's tests."""

import asyncio

import pytest

from whatsapp.dispatch.attempt import Attempt


@pytest.fixture
def hold_departures(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Holds each message between its claim and its request while the event is not set."""
    may_leave = asyncio.Event()
    may_leave.set()
    wait = Attempt._wait_for_departure

    async def wait_longer(self: Attempt) -> None:
        await may_leave.wait()
        await wait(self)

    monkeypatch.setattr(Attempt, "_wait_for_departure", wait_longer)
    return may_leave
