"""The supervisor: keeps a number of worker processes alive, and stops them on a signal.

It accepts no connections and has no threads, so that forking is safe. A new worker starts with the
loaded application, in memory that all workers share.
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
# Time between two wake-ups after which the supervisor, and so its workers, must have been paused.
PAUSED_SECONDS = 3 * TICK_SECONDS


@dataclass(frozen=True)
class _Worker:
    slot: int
    started_at: float
    is_first: bool
    """True unless it replaces another: if it can't start, none can."""


class Supervisor:
    """Runs `run_worker` in several processes; it returns the exit code of its process."""

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
        self._woken_at = self._awake_since = time.monotonic()
        self._stopping_since: float | None = None
        self._exit_code = 0
        self._killed_by: signal.Signals | None = None
        self._mask: set[int | signal.Signals] = set()

    def run(self) -> int:
        """Runs until SIGTERM or Ctrl-C, or until the workers can't start; returns the exit code.

        A second signal kills the workers, and then the supervisor.
        """
        # `sigwait` instead of handlers: nothing is interrupted, and no signal is lost.
        self._mask = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        signal.setitimer(signal.ITIMER_REAL, TICK_SECONDS, TICK_SECONDS)
        for slot in range(self._count):
            self._start(slot)
        while self._workers or self._stopping_since is None:
            number = signal.sigwait(SIGNALS)
            if number in {signal.SIGTERM, signal.SIGINT}:
                self._stop(signal.Signals(number))
            self._reap()
            self._check_workers()
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
            # The system lacks processes or memory; the other workers continue.
            logger.error("Could not start a worker (%s); retrying", error.strerror)
            self._due[slot] = time.monotonic() + self._timeouts.worker_restart_seconds
            return
        if not pid:
            self._run_as_worker(slot)
        self._workers[pid] = _Worker(slot, time.monotonic(), slot in self._never_started)
        self._never_started.discard(slot)
        logger.info("Started worker %d", pid)

    def _run_as_worker(self, slot: int) -> None:
        """Runs the worker in the forked process, and exits."""
        code = 1
        try:
            signal.pthread_sigmask(signal.SIG_SETMASK, self._mask)
            self._lifeline.hold()
            code = self._run_worker(slot, self._heartbeats)
        except Exception:
            # No code above this logs it: the worker process exits.
            logger.exception("Worker %d failed", os.getpid())
        finally:
            sys.stdout.flush()
            logging.shutdown()  # writes the last lines
            sys.stderr.flush()
            # Skips the clean-up of the supervisor.
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
            self._stop_all()
            return
        logger.warning("Worker %d exited (%s); starting another", pid, _format_exit_code(code))
        self._due[worker.slot] = worker.started_at + self._timeouts.worker_restart_seconds

    def _check_workers(self) -> None:
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
        """Kills workers without heartbeats, unless the whole container was paused."""
        if now - self._woken_at > PAUSED_SECONDS:
            self._awake_since = now
        self._woken_at = now
        for pid, worker in self._workers.items():
            silence = self._heartbeats.silent_seconds(worker.slot)
            if min(silence, now - self._awake_since) > self._timeouts.worker_hung_seconds:
                logger.error("Killing worker %d, which hangs", pid)
                os.kill(pid, signal.SIGKILL)

    def _stop(self, number: signal.Signals) -> None:
        """Stops the workers; kills them on a second signal."""
        if self._stopping_since is None:
            self._stop_all()
        else:
            self._killed_by = number
            self._signal_all(signal.SIGKILL)

    def _stop_all(self) -> None:
        self._stopping_since = time.monotonic()
        # Otherwise new connections would wait for workers that accept none.
        self._close_listeners()
        self._signal_all(signal.SIGTERM)

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in self._workers:
            os.kill(pid, number)  # its pid is not reused until it is reaped


def _format_exit_code(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"  # real-time signals have no name
