"""Logging: one line an event, on standard error, without what people wrote and without secrets."""

import logging
import re
import sys

# Libraries that put whole URLs, queries or payloads into their INFO and DEBUG lines.
_NOISY_LOGGERS = ("httpx", "httpcore", "pymongo", "websockets", "strawberry", "asyncio")
# Mistakes of clients, which are answered. Anybody could fill the log with them.
_SILENT = ("python_multipart",)
_SILENT_LINES = {"Invalid HTTP request received.", "Unsupported upgrade request."}
# Line breaks of every kind, and what makes a terminal do something.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# uvicorn shows each WebSocket frame at DEBUG, among them those that sign in.
_AT_MOST_INFO = "uvicorn"


class OneLineFormatter(logging.Formatter):
    """Keeps every message on one line: a name with a line break can't forge another entry.

    The lines of a traceback are indented, since an error's text may have line breaks too.
    """

    def format(self, record: logging.LogRecord) -> str:
        record.message = _escape(record.getMessage())
        record.asctime = self.formatTime(record)
        lines = [self.formatMessage(record)]
        if record.exc_info:
            traceback = self.formatException(record.exc_info).split("\n")
            lines += [f"  {_escape(line)}" for line in traceback]
        return "\n".join(lines)


def _escape(text: str) -> str:
    return _CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def _is_of_interest(record: logging.LogRecord) -> bool:
    return record.msg not in _SILENT_LINES


def configure_logging(level: str, *, shows_process: bool = False) -> None:
    """Sets up the root logger; called once by the process that owns the terminal.

    Where several processes write to it, each line tells by its number whose it is.
    """
    handler = logging.StreamHandler(sys.stderr)
    process = " %(process)d" if shows_process else ""
    handler.setFormatter(
        OneLineFormatter(f"%(asctime)s{process} %(levelname)s %(name)s: %(message)s")
    )
    handler.addFilter(_is_of_interest)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger(_AT_MOST_INFO).setLevel(max(root.level, logging.INFO))
