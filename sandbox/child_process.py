"""A child process that ends with its parent, even if the parent is killed."""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

PR_SET_PDEATHSIG = 1
_GUARD_SCRIPT = 'read -r line; [ "$line" = done ] || kill -KILL "$1"'


class GuardedChild:
    """Runs a command that ignores the terminal's Ctrl-C and ends with this process.

    On Linux the kernel kills the child when the thread that forked it ends (PR_SET_PDEATHSIG). That
    thread is therefore dedicated to the child. Elsewhere a small shell kills the child when a pipe
    from this process closes.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        output: Path | None = None,
        environment: Mapping[str, str] | None = None,
        kernel_guard: bool | None = None,
    ) -> None:
        self.command = list(command)
        self.output = output  # None: the child writes where we write
        self.environment = environment  # None: the child has ours
        self.kernel_guard = sys.platform == "linux" if kernel_guard is None else kernel_guard
        self._process: subprocess.Popen[bytes] | None = None
        self._start_error: OSError | None = None
        self._started = threading.Event()
        self._ended = threading.Event()

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("The child process was not started.")
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs, negative for a signal."""
        return self._process.returncode if self._process and self._ended.is_set() else None

    def start(self) -> None:
        """Raises OSError when the command cannot be run."""
        threading.Thread(target=self._run, name="guarded-child", daemon=True).start()
        self._started.wait()
        if self._start_error is not None:
            raise self._start_error

    def send_signal(self, number: signal.Signals) -> None:
        if not self._ended.is_set():
            os.kill(self.pid, number)

    def wait(self, timeout: float | None = None) -> bool:
        """True once the child has ended; `timeout` is in seconds."""
        return self._ended.wait(timeout)

    def _run(self) -> None:
        before_exec = make_death_watch(os.getpid()) if self.kernel_guard else None
        try:
            with self.output.open("ab") if self.output else nullcontext() as output:
                process = subprocess.Popen(
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    env=self.environment,
                    start_new_session=True,
                    # Safe beside threads: it only makes two system calls.
                    preexec_fn=before_exec,  # noqa: PLW1509
                )
        except OSError as error:
            self._start_error = error
            self._started.set()
            return
        self._process = process
        guard = None if self.kernel_guard else _start_guard(process.pid)
        self._started.set()
        process.wait()
        if guard is not None:
            # Disarms the guard first: the process id may be reused.
            guard.communicate(b"done\n")
        self._ended.set()


def _start_guard(pid: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        ["/bin/sh", "-c", _GUARD_SCRIPT, "guard", str(pid)],
        stdin=subprocess.PIPE,
        start_new_session=True,
    )


def make_death_watch(parent_pid: int) -> Callable[[], None]:
    """Returns a function for a forked process: it asks Linux to kill that process with its parent.

    The library is loaded here: a child of a process with threads may only make system calls.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    kill_number = int(signal.SIGKILL)

    def ask_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, kill_number)
        # The parent may have died before prctl: then no signal would come.
        if os.getppid() != parent_pid:
            os._exit(1)

    return ask_kernel
