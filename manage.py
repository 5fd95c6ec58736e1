"""Operator commands: `python manage.py COMMAND --help`."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from socket import socket

import uvicorn

from models import Account, Role
from models.database import (
    DatabaseUnreachable,
    DatabaseUnusable,
    check_server,
    create_client,
    prepare_database,
)
from whatsapp.api_keys import create_api_key
from whatsapp.logs import configure_logging
from whatsapp.media_store import open_objects
from whatsapp.settings import Settings, SettingsError, load_settings

SCHEMA_FILE = Path(__file__).parent / "schema.graphql"
# For requests under way. With the dispatcher's own patience it must stay below ten seconds: that is
# how long whoever stops a server usually waits before it is killed.
SHUTDOWN_SECONDS = 3
# As uvicorn's own command ends where the application did not start.
STARTUP_FAILURE = 3


class Server(uvicorn.Server):
    """uvicorn waits for open requests when it stops: event streams end only if they are told to."""

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        self.config.app.state.end_streams()  # type: ignore[union-attr]
        await super().shutdown(sockets)


def serve(settings: Settings) -> None:
    """Runs the server in this process until SIGTERM or Ctrl-C."""
    from app import create_app  # noqa: PLC0415 - other commands need no server

    asyncio.run(_check_database(settings))
    if settings.media_store_url is not None:
        open_objects(settings.media_store_url)
    config = uvicorn.Config(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        # Deflate would cost CPU and memory for every socket, and hide how full its queue is.
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_max_size=256 * 1024,
        # What still runs then is cancelled.
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        log_config=None,
        access_log=False,
        server_header=False,
    )
    server = Server(config)
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


async def _check_database(settings: Settings) -> None:
    client = create_client(settings.mongodb_uri.get_secret_value())
    try:
        await check_server(client[settings.mongodb_database])
    except DatabaseUnreachable:
        pass  # the application says it, and waits for MongoDB to come
    finally:
        await client.close()


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[None]:
    """A prepared database for the commands that read or write documents."""
    async with create_client(settings.mongodb_uri.get_secret_value()) as client:
        await prepare_database(client[settings.mongodb_database])
        yield


async def print_new_api_key(settings: Settings, arguments: argparse.Namespace) -> None:
    async with open_database(settings):
        accounts = None
        if arguments.phone_number_id:
            found = await Account.find(
                {"phone_number_id": {"$in": arguments.phone_number_id}}
            ).to_list()
            if len(found) != len(set(arguments.phone_number_id)):
                raise SystemExit("No account has one of these phone number ids.")
            accounts = [account.id for account in found]
        _, token = await create_api_key(
            name=arguments.name,
            role=Role(arguments.role),
            account_ids=accounts,
            created_by="manage.py",
        )
    print(token)


def export_schema(*, check: bool) -> None:
    """Writes schema.graphql, or with `check` only compares it."""
    from graph.schema import print_schema_text  # noqa: PLC0415 - other commands need no schema

    text = print_schema_text()
    if not check:
        SCHEMA_FILE.write_text(text)
    elif not SCHEMA_FILE.exists() or SCHEMA_FILE.read_text() != text:
        raise SystemExit("schema.graphql is not what the code says: run `make schema`.")


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="manage.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="run the server")
    key = commands.add_parser("create-api-key", help="make an API key and print it once")
    key.add_argument("--name", required=True, help="who or what uses it")
    key.add_argument("--role", choices=[role.value for role in Role], default=Role.AGENT.value)
    key.add_argument(
        "--phone-number-id",
        action="append",
        help="limit it to this account; repeatable; all accounts without it",
    )
    schema = commands.add_parser("export-schema", help="write schema.graphql")
    schema.add_argument("--check", action="store_true", help="only compare; exit 1 if it differs")
    return parser


def main() -> None:
    arguments = build_parser().parse_args()
    if arguments.command == "export-schema":
        export_schema(check=arguments.check)
        return
    try:
        settings = load_settings()
        configure_logging(settings.log_level)
        if arguments.command == "serve":
            serve(settings)
        else:
            asyncio.run(print_new_api_key(settings, arguments))
    except (SettingsError, DatabaseUnusable) as error:
        sys.exit(f"wagraph: {error}")


if __name__ == "__main__":
    main()
