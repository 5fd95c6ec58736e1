"""Logging to standard error: one line per event, without message contents or secrets."""

import logging
import re
import sys
import traceback

# Libraries that log whole URLs, queries or payloads at INFO and DEBUG.
_NOISY_LOGGERS = ("httpx", "httpcore", "pymongo", "websockets", "strawberry", "asyncio")
# Client errors are answered; logging them would let any client fill the log.
_SILENT_LOGGERS = ("python_multipart",)
_SILENT_LINES = {"Invalid HTTP request received.", "Unsupported upgrade request."}
# Line breaks and terminal control characters.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
# uvicorn logs WebSocket frames at DEBUG, including connection_init with its credential.
_AT_MOST_INFO = "uvicorn"


class OneLineFormatter(logging.Formatter):
    """Escapes line breaks so that a customer's name can't forge a log entry.

    Traceback lines are indented for the same reason.
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
    return _CONTROLS.sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def _is_loggable(record: logging.LogRecord) -> bool:
    return record.msg not in _SILENT_LINES


def configure_logging(level: str, *, shows_process: bool = False) -> None:
    """Configures the root logger; called once per process.

    `shows_process` adds the process id to each line, for deployments with several workers.
    """
    handler = logging.StreamHandler(sys.stderr)
    process = " %(process)d" if shows_process else ""
    handler.setFormatter(
        OneLineFormatter(f"%(asctime)s{process} %(levelname)s %(name)s: %(message)s")
    )
    handler.addFilter(_is_loggable)
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _NOISY_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _SILENT_LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger(_AT_MOST_INFO).setLevel(max(root.level, logging.INFO))


def describe_bug(error: BaseException) -> str:
    """Returns the class of an error and where it was raised, but not its text.

    The text may quote what a customer wrote.
    """
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__name__}\n{frames}"
