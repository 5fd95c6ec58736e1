"""The two formats of log lines. Neither contains the texts of errors, which may quote customers."""

import json
import logging
import re
import time
import traceback
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import orjson
from structlog.typing import EventDict, WrappedLogger

# Line breaks and terminal control characters.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_.,:/+={}@-]+", re.ASCII)
_HEAD = frozenset({"timestamp", "level", "logger", "process", "event"})
MAX_CAUSES = 10


def make_head(seconds: float, level: str, logger: str, process: int | None) -> dict[str, Any]:
    """Returns the fields that every line has besides its text; `seconds` is the Unix time."""
    return {
        "timestamp": f"{_format_second(int(seconds))}.{int(seconds % 1 * 1000):03}Z",
        "level": level,
        "logger": logger,
        "process": process,
    }


@lru_cache(maxsize=4)
def _format_second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def read_record(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """structlog processor that adds time, level, logger and process of a record."""
    record: logging.LogRecord = event["_record"]
    if record.name == "asyncio":
        # asyncio logs an unretrieved exception with its text.
        event["event"] = event["event"].partition(" exception=")[0]
    head = make_head(record.created, record.levelname, record.name, record.process)
    return {**head, **event}


def describe_exception(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """structlog processor that replaces an exception by classes and frames."""
    exc_info = event.pop("exc_info", None)
    if exc_info and exc_info[1] is not None:
        event["exception"] = _describe_chain(exc_info[1])
    return event


def describe_bug(error: BaseException) -> str:
    """Returns the class of an error and where it was raised, but not its text.

    The text may quote a customer's message.
    """
    return "\n".join(_list_lines(_describe_chain(error)))


class TextRenderer:
    """Renders a line for people, with further fields as `name=value`; frames are indented."""

    def __init__(self, *, shows_process: bool) -> None:
        self._shows_process = shows_process

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> str:
        exception = event.pop("exception", ())
        process = f" {event['process']}" if self._shows_process else ""
        head = f"{event['timestamp']}{process} {event['level']} {event['logger']}"
        fields = "".join(
            [f" {name}={_quote(value)}" for name, value in event.items() if name not in _HEAD]
        )
        lines = [f"{head}: {_escape(event['event'])}{fields}"]
        return "\n".join([*lines, *(f"  {_escape(line)}" for line in _list_lines(exception))])


def render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    """Renders a JSON object; no text can break the line."""
    try:
        text = orjson.dumps(event, default=str).decode()
    except TypeError:  # lone surrogates
        text = json.dumps(event, default=str)
    if text.isprintable():
        return text
    return _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _describe_chain(error: BaseException) -> list[dict[str, Any]]:
    described: list[dict[str, Any]] = []
    waiting: list[BaseException | None] = [error]
    while waiting and len(described) < MAX_CAUSES:
        current = waiting.pop(0)
        if current is not None:
            described.append({"class": type(current).__name__, "frames": _list_frames(current)})
            hides_context = current.__suppress_context__
            waiting.append(current.__cause__ or (None if hides_context else current.__context__))
            waiting += current.exceptions if isinstance(current, BaseExceptionGroup) else ()
    return described


def _list_frames(error: BaseException) -> list[str]:
    walked = traceback.walk_tb(error.__traceback__)
    frames = traceback.StackSummary.extract(walked, lookup_lines=False)
    return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]


def _list_lines(exceptions: Any) -> Iterator[str]:
    for number, exception in enumerate(exceptions):
        yield f"{'Caused by' if number else 'Traceback of'} {exception['class']}"
        yield from (f"  {frame}" for frame in exception["frames"])


def _quote(value: object) -> str:
    if type(value) is int or type(value) is float:
        return str(value)
    text = value if type(value) is str else str(value)
    return text if text.isalnum() else _quote_text(text)


@lru_cache(maxsize=1024)
def _quote_text(text: str) -> str:
    return text if _PLAIN_VALUE.fullmatch(text) else _escape(json.dumps(text))


def _escape(text: str) -> str:
    if text.isprintable():
        return text
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)
