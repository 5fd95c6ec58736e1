"""`make run`: embedded MongoDB, the fake Cloud API and the server, until Ctrl-C."""

import asyncio
import os
import platform
import signal
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
from pymongo.asynchronous.database import AsyncDatabase

from models import Role
from models.connection import (
    DatabaseUnusable,
    check_server,
    create_client,
    prepare_database,
)
from models.database.base import DEFAULT_WORKSPACE_ID
from sandbox.accounts import AccountNumbers
from sandbox.application import create_fake_cloud_api, get_fake_meta
from sandbox.child_process import GuardedChild
from sandbox.demo_shop.shop import SeedError
from sandbox.home import SandboxHome
from sandbox.mongod import EmbeddedMongod, MongodFailedError, MongodNotFoundError
from sandbox.recall import recall_conversations
from sandbox.recalled_files import RecalledFiles
from sandbox.seed import seed
from sandbox.server import FakeCloudServer
from sandbox.settings import SandboxSettings
from serving.listening import ListenError, close_listeners, open_listeners
from telemetry.logs import configure_logging
from version import VERSION
from whatsapp.accounts.webhook_subscription import WEBHOOK_PATH
from whatsapp.auth.api_keys import authenticate_api_key, create_api_key
from whatsapp.common.crypto import KeyRing

LOOPBACK = "127.0.0.1"
ROOT = Path(__file__).parent.parent
START_SECONDS = 30.0
STOP_SECONDS = 15.0


class StartError(Exception):
    """The sandbox can't start; the message gives the reason in a line."""

    def __init__(self, message: str, *, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def read_port(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise StartError(f"{name} is malformed: {text!r} is no port number.")
    return int(text)


def require_free(host: str, port: int, *, prefix: str = "") -> None:
    """Raises ListenError if the port can't be used; `prefix` of its setting is for the message."""
    close_listeners(open_listeners(host, port, prefix=prefix))


def print_step(text: str) -> None:
    print(f"{text} …", flush=True)


class StoppedEarly(Exception):
    """Ctrl-C came before everything was up."""


class Sandbox:
    """A run of the sandbox. Parts stop in the reverse order of their start."""

    def __init__(self, *, host: str, port: int, sandbox_port: int, home: SandboxHome) -> None:
        """`host` is the address to listen on, loopback or all addresses of a container."""
        self.host = host
        self.port = port
        self.server_url = f"http://{LOOPBACK}:{port}"
        self.sandbox_port = sandbox_port
        self.sandbox_url = f"http://{LOOPBACK}:{sandbox_port}"
        self.home = home
        self.stopped = asyncio.Event()

    async def run(self) -> None:
        """Runs until a signal. Raises StartError if the server ends by itself."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.stopped.set)
        async with AsyncExitStack() as stack:
            mongodb_uri = await self._start_mongodb(stack)
            database = await self._open_database(stack, mongodb_uri)
            print_step(f"Starting the server on {self.server_url}")
            server = self._start_server(mongodb_uri)
            # While the server's process loads its modules.
            await prepare_database(database)
            await self._start_cloud_api(stack, database)
            # Pushed after Meta, so that the server stops first.
            stack.push_async_callback(stop_server, server)
            await self._wait_until_answers(f"{self.server_url}/readyz", server)
            api_key = await self._get_api_key()
            print_step("Preparing the demo shop")
            await seed(server_url=self.server_url, sandbox_url=self.sandbox_url, api_key=api_key)
            self._print_welcome(api_key)
            await self._wait_for_end(server)
            print("\nStopping …", flush=True)

    async def _start_mongodb(self, stack: AsyncExitStack) -> str:
        given = os.environ.get("MONGODB_URI")
        if given:
            print_step("Using the MongoDB of MONGODB_URI")
            return given
        print_step(f"Starting the embedded MongoDB with its data in {self.home.mongodb}/")
        mongod = EmbeddedMongod(self.home.mongodb)
        await mongod.start_async()
        stack.push_async_callback(mongod.stop_async)
        return mongod.uri

    async def _open_database(
        self, stack: AsyncExitStack, mongodb_uri: str
    ) -> AsyncDatabase[dict[str, Any]]:
        client = await stack.enter_async_context(create_client(mongodb_uri))
        database = client[os.environ.get("MONGODB_DATABASE", "wagraph")]
        await check_server(database)
        return database

    async def _start_cloud_api(
        self, stack: AsyncExitStack, database: AsyncDatabase[dict[str, Any]]
    ) -> None:
        numbers = AccountNumbers(
            KeyRing.from_text(self.home.encryption_keys), default_app_secret=self.home.app_secret
        )
        settings = SandboxSettings(
            webhook_url=self.server_url + WEBHOOK_PATH,
            webhook_url_names_secret=True,
            inbox_url=self.server_url,
        )
        app = create_fake_cloud_api(numbers, settings)
        meta = get_fake_meta(app)
        files = RecalledFiles(database, meta.media)
        await recall_conversations(meta.customers, numbers, files)
        print_step(f"Starting the fake of Meta's Cloud API on {self.sandbox_url}")
        server = FakeCloudServer(app, host=self.host, port=self.sandbox_port)
        await server.start()
        stack.push_async_callback(server.close)

    def _start_server(self, mongodb_uri: str) -> GuardedChild:
        environment = os.environ | {
            "MONGODB_URI": mongodb_uri,
            "ENCRYPTION_KEYS": self.home.encryption_keys,
            "META_APP_SECRET": self.home.app_secret,
            "GRAPH_API_URL": self.sandbox_url,
            "MEDIA_HOSTS": self.sandbox_url,
            "HOST": self.host,
            "PORT": str(self.port),
            "PUBLIC_URL": self.server_url,
            "INBOX_FRAME_ORIGINS": ",".join(
                f"http://{name}:{self.sandbox_port}" for name in (LOOPBACK, "localhost")
            ),
            "LOG_LEVEL": os.environ.get("LOG_LEVEL", "WARNING"),
        }
        server = GuardedChild(
            [sys.executable, str(ROOT / "manage.py"), "serve"], environment=environment
        )
        server.start()
        return server

    async def _wait_until_answers(self, url: str, server: GuardedChild) -> None:
        async with httpx.AsyncClient(trust_env=False) as client, asyncio.timeout(START_SECONDS):
            while not self.stopped.is_set():
                if server.wait(0):
                    raise StartError(
                        "The server did not start; its reason is above.",
                        exit_code=server.exit_code or 1,
                    )
                try:
                    if (await client.get(url)).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.05)
        raise StoppedEarly

    async def _get_api_key(self) -> str:
        token = self.home.api_key
        if token is None or await authenticate_api_key(token) is None:
            _, token = await create_api_key(
                DEFAULT_WORKSPACE_ID, name="Sandbox admin", role=Role.ADMIN, created_by="make run"
            )
            self.home.keep_api_key(token)
        return token

    async def _wait_for_end(self, server: GuardedChild) -> None:
        while not self.stopped.is_set():
            if server.wait(0):
                raise StartError(f"The server ended by itself (exit code {server.exit_code}).")
            await asyncio.sleep(0.1)

    def _print_welcome(self, api_key: str) -> None:
        print(
            f"""
wagraph is running. Ctrl-C stops it; the data stays in {self.home.folder}/.

  Inbox             {self.server_url}/#key={api_key}
  Demo              {self.sandbox_url}/demo#key={api_key}
                    (the inbox beside the customer's phone)
  GraphiQL          {self.server_url}/graphql#key={api_key}
  Customer's phone  {self.sandbox_url}/
  API key (ADMIN)   {api_key}
""",
            flush=True,
        )


async def stop_server(server: GuardedChild) -> None:
    server.send_signal(signal.SIGTERM)
    if not await asyncio.to_thread(server.wait, STOP_SECONDS):
        server.send_signal(signal.SIGKILL)


def main() -> None:
    # The server checks the settings and reports errors in them.
    is_json = os.environ.get("LOG_FORMAT") == "json"
    configure_logging(
        os.environ.get("LOG_LEVEL", "WARNING"), log_format="json" if is_json else "text"
    )
    try:
        port, sandbox_port = read_port("PORT", 8000), read_port("SANDBOX_PORT", 8001)
        host = os.environ.get("SANDBOX_HOST", LOOPBACK)
        require_free(host, port)
        require_free(host, sandbox_port, prefix="SANDBOX_")
        print_step(f"Starting wagraph {VERSION} on Python {platform.python_version()}")
        home = SandboxHome(Path(os.environ.get("SANDBOX_HOME", ".sandbox")))

        async def run() -> None:
            await Sandbox(host=host, port=port, sandbox_port=sandbox_port, home=home).run()

        asyncio.run(run())
    except StoppedEarly:
        pass
    except (StartError, ListenError) as error:
        print(f"wagraph: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except (MongodNotFoundError, MongodFailedError, DatabaseUnusable, SeedError) as error:
        sys.exit(f"wagraph: {error}")


if __name__ == "__main__":
    main()
