"""Coalescing: errors that no caller sees."""

import gc
import logging
from collections.abc import Sequence

import pytest

from models.database.coalescing import Call, Coalescer


class Broken(Coalescer[int, int]):
    """Has a bug after the callers have their results."""

    def _weigh(self, item: int) -> float:  # noqa: ARG002 - all items weigh the same
        return 0

    async def _process(self, calls: Sequence[Call[int, int]]) -> None:
        for call in calls:
            call.result.set_result(call.item)
        raise RuntimeError("a bug")


async def test_error_after_results_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    broken = Broken("broken")

    with caplog.at_level(logging.ERROR):
        assert await broken.submit(1) == 1
        await broken.drain()
        gc.collect()

    assert "never retrieved" in caplog.text
