"""Runs the inbox against a server that is restarted, beside one that takes the webhooks."""

import os
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from sandbox.home import SandboxHome
from sandbox.mongod import EmbeddedMongod
from tests.browser.conftest import NODE_SECONDS, ROOT, find_free_ports, run_node
from tests.fixtures.servers import ServerProcess

pytestmark = pytest.mark.browser

SHORT = {"CUTS": "60", "MESSAGES": "200", "RESTARTS": "2"}
LONG = {"CUTS": "1000", "MESSAGES": "2000", "RESTARTS": "15"}
LONG_SECONDS = 1800.0


@pytest.fixture
def mongod(tmp_path: Path) -> Iterator[EmbeddedMongod]:
    mongod = EmbeddedMongod(tmp_path / "mongodb")
    mongod.start()
    yield mongod
    mongod.stop()


@pytest.fixture
def changes(mongod: EmbeddedMongod) -> dict[str, str]:
    return {"MONGODB_URI": mongod.uri}


@pytest.fixture
def restarted(
    sandbox: dict[str, str], changes: dict[str, str], tmp_path: Path
) -> Iterator[ServerProcess]:
    """A second server on the sandbox's database."""
    home = SandboxHome(Path(sandbox["SANDBOX_HOME"]))
    (port,) = find_free_ports(1)
    environment = (
        dict(os.environ)
        | changes
        | {
            "ENCRYPTION_KEYS": home.encryption_keys,
            "META_APP_SECRET": home.app_secret,
            "GRAPH_API_URL": sandbox["SANDBOX_URL"],
            "MEDIA_HOSTS": sandbox["SANDBOX_URL"],
            "PUBLIC_URL": sandbox["WAGRAPH_URL"],
            "PORT": str(port),
            "LOG_LEVEL": "WARNING",
        }
    )
    command = [sys.executable, str(ROOT / "manage.py")]
    server = ServerProcess(environment, tmp_path / "restarted.log", timeouts={}, command=command)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def restarter_url(restarted: ServerProcess) -> Iterator[str]:
    """Stops, kills and starts the second server for the Node test: POST /stop, /kill, /start."""
    actions = {"/stop": restarted.stop, "/kill": restarted.kill, "/start": restarted.start}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            actions[self.path]()
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.mark.parametrize(
    ("size", "seconds"),
    [
        pytest.param(SHORT, NODE_SECONDS, id="short"),
        pytest.param(LONG, LONG_SECONDS, id="long", marks=pytest.mark.soak),
    ],
)
def test_inbox_equals_database_after_cuts(
    sandbox: dict[str, str],
    restarted: ServerProcess,
    restarter_url: str,
    size: dict[str, str],
    seconds: float,
) -> None:
    own = {"RESTARTED_URL": restarted.url, "RESTARTER_URL": restarter_url}
    # The faults and times, shown by `-s`.
    sys.stdout.write(run_node(sandbox | own | size, "inbox/cuts.test.mjs", seconds=seconds))
