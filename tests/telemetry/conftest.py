import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from telemetry import logs

ReadLines = Callable[[], list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def process_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The logging of the test run comes back after the test."""
    monkeypatch.setattr(logs, "_access_writer", None)
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    loggers = [
        one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)
    ]
    levels = {one: one.level for one in loggers}
    yield
    root.handlers = handlers
    root.setLevel(level)
    for one in logging.root.manager.loggerDict.values():
        if isinstance(one, logging.Logger):
            one.setLevel(levels.get(one, logging.NOTSET))


@pytest.fixture
def read_lines(capsys: pytest.CaptureFixture[str]) -> ReadLines:
    """Returns the JSON lines that were written since the last call."""

    def read() -> list[dict[str, Any]]:
        for handler in logging.root.handlers:
            handler.flush()
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    return read
