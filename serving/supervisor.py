"""The supervisor: keeps a number of worker processes alive, and ends them all when it is told to.

It serves nobody and has no threads, so that forking it is safe: a new worker starts with the
application loaded, in memory that all of them share.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from serving.server import STARTUP_FAILURE
from serving.worker import Heartbeats, Lifeline
from whatsapp.common.timeouts import Timeouts

logger = logging.getLogger(__name__)

SIGNALS = {signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGALRM}
TICK_SECONDS = 1.0
# It is woken every tick: after so long it has not run itself, and the workers may not have either.
PAUSED_SECONDS = 3 * TICK_SECONDS


@dataclass(frozen=True)
class _Worker:
    slot: int
    started_at: float
    is_first: bool
    """Whether it is no replacement: if it can't start, neither can the others."""


class Supervisor:
    """`run_worker` serves in a process of its own, and returns that one's exit code."""

    def __init__(
        self,
        *,
        count: int,
        run_worker: Callable[[int, Heartbeats], int],
        close_listeners: Callable[[], None],
        timeouts: Timeouts = Timeouts(),
    ) -> None:
        self._timeouts = timeouts
        self._count = count
        self._run_worker = run_worker
        self._close_listeners = close_listeners
        self._heartbeats = Heartbeats(count)
        self._lifeline = Lifeline(stop_seconds=timeouts.worker_stop_seconds)
        self._workers: dict[int, _Worker] = {}
        self._due: dict[int, float] = {}
        self._never_started = set(range(count))
        self._looked_at = self._awake_since = time.monotonic()
        self._stopping_since: float | None = None
        self._exit_code = 0
        self._killed_by: signal.Signals | None = None
        self._mask: set[int | signal.Signals] = set()

    def run(self) -> int:
        """Until SIGTERM or Ctrl-C, or until the workers can't start; the exit code.

        Told a second time, it kills the workers, and ends as a killed process ends.
        """
        # Waited for instead of handled: nothing is ever interrupted, and no signal is missed.
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        signal.setitimer(signal.ITIMER_REAL, TICK_SECONDS, TICK_SECONDS)
        for slot in range(self._count):
            self._start(slot)
        while self._workers or self._stopping_since is None:
            number = signal.sigwait(SIGNALS)
            if number in {signal.SIGTERM, signal.SIGINT}:
                self._end(signal.Signals(number))
            self._reap()
            self._look_after()
        signal.setitimer(signal.ITIMER_REAL, 0)
        if self._killed_by is not None:
            signal.signal(self._killed_by, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            signal.raise_signal(self._killed_by)
        return self._exit_code

    def _start(self, slot: int) -> None:
        self._heartbeats.beat(slot)
        try:
            pid = os.fork()
        except OSError as error:
            # No process or memory is left for now: the workers that there are go on serving.
            logger.error("No worker can be started (%s): tried again soon", error.strerror)
            self._due[slot] = time.monotonic() + self._timeouts.worker_restart_seconds
            return
        if not pid:
            self._become_worker(slot)
        self._workers[pid] = _Worker(slot, time.monotonic(), slot in self._never_started)
        self._never_started.discard(slot)
        logger.info("Started worker %d", pid)

    def _become_worker(self, slot: int) -> None:
        """In the new process, which ends here."""
        code = 1
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            self._lifeline.hold()
            code = self._run_worker(slot, self._heartbeats)
        except Exception:
            # The process's edge: nobody else would tell.
            logger.exception("Worker %d failed", os.getpid())
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            # What the supervisor would do at its end is not for its workers to do.
            os._exit(code)

    def _reap(self) -> None:
        while self._workers:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                return
            worker = self._workers.pop(pid, None)
            if worker is not None and self._stopping_since is None:
                self._replace(pid, worker, os.waitstatus_to_exitcode(status))

    def _replace(self, pid: int, worker: _Worker, code: int) -> None:
        if worker.is_first and code == STARTUP_FAILURE:
            self._exit_code = STARTUP_FAILURE
            self._end_all()
            return
        logger.warning("Worker %d ended (%s): starting another", pid, _describe(code))
        self._due[worker.slot] = worker.started_at + self._timeouts.worker_restart_seconds

    def _look_after(self) -> None:
        now = time.monotonic()
        if self._stopping_since is not None:
            if now - self._stopping_since > self._timeouts.worker_stop_seconds:
                self._signal_all(signal.SIGKILL)
            return
        for slot in [slot for slot, at in self._due.items() if at <= now]:
            del self._due[slot]
            self._start(slot)
        self._kill_hanging(now)

    def _kill_hanging(self, now: float) -> None:
        """Nobody hangs because all stood still, as in a container that was paused."""
        if now - self._looked_at > PAUSED_SECONDS:
            self._awake_since = now
        self._looked_at = now
        for pid, worker in self._workers.items():
            silence = self._heartbeats.silent_seconds(worker.slot)
            if min(silence, now - self._awake_since) > self._timeouts.worker_hung_seconds:
                logger.error("Worker %d hangs: it is killed", pid)
                os.kill(pid, signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        """At first with patience; told again, at once."""
        if self._stopping_since is None:
            self._end_all()
        else:
            self._killed_by = number
            self._signal_all(signal.SIGKILL)

    def _end_all(self) -> None:
        self._stopping_since = time.monotonic()
        # Else connections would wait for workers that accept no more.
        self._close_listeners()
        self._signal_all(signal.SIGTERM)

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in self._workers:
            os.kill(pid, number)  # one that ended meanwhile is ours until it is reaped


def _describe(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"  # most real-time signals have no name
