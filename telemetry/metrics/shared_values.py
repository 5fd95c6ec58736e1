"""Values of metrics, in memory that forked workers share. See docs/decisions/0053.

Each worker writes its own slot, so that an increment needs no lock; a read adds up all slots. All
metrics must exist before the fork, because a value has the same position in each slot.
"""

import mmap
from array import array
from collections.abc import MutableSequence
from typing import Any, cast

_GAUGE = "gauge"
_MAX_MODES = frozenset({"max", "livemax"})
_COMMON_MODES = frozenset({"mostrecent", "livemostrecent"})
BYTES_PER_VALUE = 8


class SharedValue:
    """Implements the interface of `prometheus_client.values.MutexValue`, without its lock.

    The event loop is the only writer in a process. The mode of a gauge decides how the values of
    several workers are combined: `max`, `mostrecent` (all workers write the same value), or by
    default the sum. The value of this process is `cells[index]`.
    """

    __slots__ = ("_slots", "cells", "index", "mode", "type")

    def __init__(
        self,
        typ: str,
        _metric_name: str,
        _name: str,
        _labelnames: object,
        _labelvalues: object,
        _help_text: str,
        multiprocess_mode: str = "",
        **_options: object,
    ) -> None:
        self.type = typ
        self.mode = multiprocess_mode
        self.index = 0
        self.cells: MutableSequence[float] = array("d", [0.0])
        self._slots: list[MutableSequence[float]] = [self.cells]
        shared_memory.add(self)

    def inc(self, amount: float) -> None:
        self.cells[self.index] += amount

    def set(self, value: float, timestamp: float | None = None) -> None:  # noqa: ARG002 - see the class
        self.cells[self.index] = value

    def get(self) -> float:
        values = [cells[self.index] for cells in self._slots]
        return max(values) if self.mode in _MAX_MODES else sum(values)

    def set_exemplar(self, _exemplar: Any) -> None:
        """Does nothing: exemplars are not exported."""

    def get_exemplar(self) -> None:
        return None

    def bind(self, slots: list[MutableSequence[float]], slot: int, index: int) -> None:
        """Moves the value into shared memory; the current value is dropped."""
        is_common = self.mode in _COMMON_MODES
        self._slots = [slots[0]] if is_common else list(slots)
        self.cells = slots[0] if is_common else slots[slot]
        self.index = index
        if self.type == _GAUGE and not is_common:
            self.cells[index] = 0.0  # left by a worker that was killed


class SharedMemory:
    """All values, and the slots of the workers after the fork."""

    def __init__(self) -> None:
        self._values: list[SharedValue] = []
        self._slots: list[MutableSequence[float]] = []
        self._count = 0

    def add(self, value: SharedValue) -> None:
        self._values.append(value)

    def share(self, workers: int) -> None:
        """Allocates a slot for each worker; the supervisor calls it before it forks.

        Metrics and labels that are added later count in their own process only.
        """
        self._count = len(self._values)
        size = max(self._count, 1) * BYTES_PER_VALUE
        memory = memoryview(mmap.mmap(-1, size * workers))
        parts = [memory[size * slot : size * (slot + 1)] for slot in range(workers)]
        # A memoryview of doubles is a sequence of floats, which its type does not say.
        self._slots = [cast(MutableSequence[float], part.cast("d")) for part in parts]

    def use_slot(self, slot: int) -> None:
        """Makes this process write into the slot of a worker.

        Counters continue where an earlier worker of the slot ended; gauges begin at 0.
        """
        for index, value in enumerate(self._values[: self._count]):
            value.bind(self._slots, slot, index)


shared_memory = SharedMemory()
