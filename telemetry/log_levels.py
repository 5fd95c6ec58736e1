"""Levels of loggers by name: `webhooks=DEBUG,httpx=ERROR`."""

import logging
import re
from collections.abc import Iterable, Mapping

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_PACKAGES = frozenset(
    {
        *("access", "app", "graph", "manage", "models", "operations", "serving", "telemetry"),
        *("webhooks", "whatsapp", "obstore", "opentelemetry"),
    }
)
# The lowest level of libraries that log URLs, queries, payloads or input below it. uvicorn logs
# WebSocket frames at DEBUG, including connection_init with its credential. Mistakes of clients,
# which python_multipart and opentelemetry.trace log as warnings, would let any client fill the log.
LOWEST_LEVELS = {
    "asyncio": "WARNING",
    "httpcore": "WARNING",
    "httpx": "WARNING",
    "opentelemetry.trace": "ERROR",
    "pymongo": "WARNING",
    "python_multipart": "ERROR",
    "strawberry": "WARNING",
    "uvicorn": "INFO",
    "uvicorn.websockets": "WARNING",
    "websockets": "WARNING",
}
_NAME = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*", re.ASCII)


def parse_levels(parts: Iterable[str]) -> dict[str, str]:
    """Returns the level of each logger from parts such as `webhooks=DEBUG`.

    Raises:
        ValueError: a name or level is unknown, or the level would show contents or secrets.
    """
    levels = {}
    for part in parts:
        name, _, level = (text.strip() for text in part.partition("="))
        if level not in LEVELS:
            raise ValueError(f"give each name a level of {', '.join(LEVELS)}: `webhooks=DEBUG`")
        package = name.partition(".")[0]
        if not _NAME.fullmatch(name) or package not in _PACKAGES | LOWEST_LEVELS.keys():
            raise ValueError(f"{name!r} is not the name of a package or library that logs")
        lowest = _find_lowest_level(name)
        if LEVELS.index(level) < LEVELS.index(lowest):
            raise ValueError(f"{name} can't go below {lowest}: it would log contents or secrets")
        levels[name] = level
    return levels


def _find_lowest_level(name: str) -> str:
    """Returns the lowest level of a logger, set for itself or for a parent."""
    while name:
        if name in LOWEST_LEVELS:
            return LOWEST_LEVELS[name]
        name = name.rpartition(".")[0]
    return "DEBUG"


def set_levels(level: str, levels: Mapping[str, str]) -> None:
    """Sets the level of the root logger, and of the loggers named in `levels`."""
    root = logging.getLogger()
    root.setLevel(level)
    for name, lowest in LOWEST_LEVELS.items():
        logging.getLogger(name).setLevel(max(root.level, getattr(logging, lowest)))
    for name, own_level in levels.items():
        logging.getLogger(name).setLevel(own_level)
