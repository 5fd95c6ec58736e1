"""Long work on the event loop in slices, so that everything else gets its turn."""

import asyncio
import time

SLICE_SECONDS = 0.02


class Slices:
    """Measures the present slice of one long piece of work."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    async def pause(self) -> None:
        """Lets the loop run other tasks if the present slice is over."""
        if time.monotonic() - self._began >= SLICE_SECONDS:
            await asyncio.sleep(0)
            self._began = time.monotonic()
