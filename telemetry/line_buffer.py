"""Lines of the access log; all lines of an iteration of the event loop are written together."""

import asyncio
import threading
from typing import TextIO


class LineBuffer:
    """A text stream that also takes lines, which it writes at the next iteration of the loop.

    Any text written later follows these lines. `flush` writes them at once, as `logging` does at
    the end of the process.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: list[str] = []
        self._lock = threading.Lock()

    def add(self, line: str) -> None:
        with self._lock:
            self._lines.append(line)
            is_first = len(self._lines) == 1
        if is_first:
            try:
                asyncio.get_running_loop().call_soon(self.flush)
            except RuntimeError:  # no loop runs in this thread
                self.flush()

    def write(self, text: str) -> int:
        self.flush()
        return self._stream.write(text)

    def flush(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
            if lines:
                self._stream.write("\n".join(lines) + "\n")
            self._stream.flush()
