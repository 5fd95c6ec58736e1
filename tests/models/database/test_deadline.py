"""The private module of pymongo that keeps the deadline."""

from contextvars import ContextVar

import pymongo

from models.database.deadline import copy_context_without_deadline, remaining_seconds

FIELD = ContextVar("FIELD", default="")


def test_remaining_seconds_are_reported() -> None:
    assert remaining_seconds() is None
    with pymongo.timeout(60):
        seconds = remaining_seconds()
    assert seconds is not None
    assert 0 < seconds <= 60


def test_copied_context_has_no_deadline() -> None:
    token = FIELD.set("kept")
    with pymongo.timeout(60):
        context = copy_context_without_deadline()

        assert context.run(remaining_seconds) is None
        assert remaining_seconds() is not None
    FIELD.reset(token)
    assert context.run(FIELD.get) == "kept"
