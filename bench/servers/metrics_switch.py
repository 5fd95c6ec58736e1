"""`manage.py` whose metrics can be switched while it serves: the server of the case `metrics`.

SIGUSR1 switches them off: calls of metrics do nothing, and commands are not timed. SIGUSR2 switches
them on again. One process measured both ways differs in nothing else.
"""

import signal
from collections.abc import Callable
from types import FrameType
from typing import Any

from prometheus_client import Gauge

import manage
from telemetry.metrics.mongodb import MeasuredClient
from telemetry.metrics.registry import FastCounter, FastHistogram

OFF, ON = signal.SIGUSR1, signal.SIGUSR2
RECORDING = [
    (FastCounter, "inc"),
    (FastHistogram, "observe"),
    *((Gauge, name) for name in ("inc", "dec", "set")),
]
TIMING = "_retry_internal"


class Switch:
    """Decides at each call, since a changed class would slow down the code that uses it."""

    def __init__(self) -> None:
        self.is_on = True
        for owner, name in RECORDING:
            setattr(owner, name, self._wrap(getattr(owner, name), do_nothing))
        timed, untimed = (getattr(owner, TIMING) for owner in MeasuredClient.__mro__[:2])
        setattr(MeasuredClient, TIMING, self._wrap(timed, untimed))

    def _wrap(self, on: Callable[..., Any], off: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            return (on if self.is_on else off)(*arguments, **options)

        return call

    def turn(self, number: int, _frame: FrameType | None) -> None:
        """Handles both signals."""
        self.is_on = number == ON


def do_nothing(*_arguments: Any, **_options: Any) -> None:
    """Replaces the recording of a value."""


if __name__ == "__main__":
    switch = Switch()
    signal.signal(OFF, switch.turn)
    signal.signal(ON, switch.turn)
    manage.main()
