"""Operator commands: `python manage.py COMMAND --help`."""

import argparse
import asyncio
import gc
import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from graphql import GraphQLError

from models import AuditAction, Role
from models.connection import (
    DatabaseUnusable,
    create_client,
    describe_pending,
    finish_upgrade,
    prepare_database,
)
from models.database.base import utc_now
from operations.api_keys import create_key, describe_keys, revoke_key
from operations.auditing import audited
from operations.database import open_database
from operations.workspaces import create_workspace, describe_workspaces
from serving.listening import ListenError
from telemetry.log_levels import parse_levels
from telemetry.logs import configure_logging
from version import VERSION
from whatsapp.accounts.key_rotation import rotate_secrets
from whatsapp.common.crypto import KeyRing
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings, SettingsError, list_unknown_variables, load_settings

logger = logging.getLogger("manage")  # also if it is the program

SCHEMA_FILE = Path(__file__).parent / "schema.graphql"
PERMISSIONS_FILE = Path(__file__).parent / "docs" / "permissions.md"


async def print_new_api_key(settings: Settings, arguments: argparse.Namespace) -> None:
    token = await create_key(
        settings,
        name=arguments.name,
        role=Role(arguments.role),
        phone_number_ids=arguments.phone_number_id,
        workspace=arguments.workspace,
        for_server=arguments.server,
    )
    print(token)


async def print_api_keys(settings: Settings, _arguments: argparse.Namespace) -> None:
    for line in await describe_keys(settings):
        print(line)


async def end_api_key(settings: Settings, arguments: argparse.Namespace) -> None:
    name = await revoke_key(settings, arguments.prefix)
    print(f"Revoked {name}; its open sockets are closed within seconds.")


async def make_workspace(settings: Settings, arguments: argparse.Namespace) -> None:
    print(await create_workspace(settings, arguments.name))


async def print_workspaces(settings: Settings, _arguments: argparse.Namespace) -> None:
    for line in await describe_workspaces(settings):
        print(line)


async def rotate_encryption_keys(settings: Settings, _arguments: argparse.Namespace) -> None:
    keyring = KeyRing.from_text(settings.encryption_keys.get_secret_value())
    async with open_database(settings), audited(settings, AuditAction.ENCRYPTION_KEYS_ROTATED):
        report = await rotate_secrets(keyring)
    print(
        f"accounts: {report.accounts}; secrets re-encrypted with {keyring.primary_id}:"
        f" {report.encrypted}; current: {report.current}; unreadable: {len(report.unreadable)}"
    )
    for problem in report.unreadable:
        print(problem, file=sys.stderr)
    if report.unreadable:
        raise SystemExit(
            "Add the keys of these secrets to ENCRYPTION_KEYS and run the command again."
        )
    if report.changed:
        raise SystemExit(
            "Servers still encrypt with another key; restart them and run the command again."
        )


async def migrate_database(settings: Settings, arguments: argparse.Namespace) -> None:
    """Upgrades the database to this version; with `check` only lists pending changes."""
    async with create_client(settings.mongodb_uri.get_secret_value()) as client:
        database = client[settings.mongodb_database]
        pending = await describe_pending(database)
        if not arguments.check:
            await prepare_database(database)
            await finish_upgrade(database)
    print(*(pending or ["The database is up to date."]), sep="\n")
    if arguments.check and pending:
        raise SystemExit("Run `manage.py migrate`, or start the server.")


async def hold_sending(settings: Settings, _arguments: argparse.Namespace) -> None:
    from operations.restore import begin_restore  # noqa: PLC0415 - other commands need no restores

    print(await begin_restore(settings))


async def finish_restore(settings: Settings, _arguments: argparse.Namespace) -> None:
    from operations.restore import end_restore  # noqa: PLC0415 - other commands need no restores

    print(await end_restore(settings))


def check_deployment(arguments: argparse.Namespace) -> None:
    """Prints findings; exits with 1 if any failed, and with 2 if the settings are not valid."""
    # Imported here: other commands need no checks.
    from operations import check, findings  # noqa: PLC0415

    show = findings.to_json if arguments.json else findings.to_text
    try:
        settings = load_settings()
    except SettingsError as error:
        print(show(check.list_setting_problems(str(error))))
        sys.exit(2)
    configure_process_logging(settings)
    results = asyncio.run(check.check_deployment(settings, checks_callback=arguments.callback))
    print(show(results))
    sys.exit(findings.find_worst(results) is findings.Outcome.FAILED)


def export_schema(*, check: bool) -> None:
    """Writes schema.graphql and docs/permissions.md; with `check` only compares them."""
    # Imported here: other commands need no schema.
    from graph.reference.permission_table import print_permissions  # noqa: PLC0415
    from graph.schema import print_schema_text  # noqa: PLC0415

    texts = {SCHEMA_FILE: print_schema_text(), PERMISSIONS_FILE: print_permissions()}
    for file, text in texts.items():
        if not check:
            file.write_text(text)
        elif not file.exists() or file.read_text() != text:
            raise SystemExit(f"{file.name} is out of date; run `make schema`.")


def compare_schema(arguments: argparse.Namespace) -> None:
    """Prints schema changes; exits with 1 if an unannounced change breaks clients."""
    # Imported here: other commands need no schema.
    from graph.reference.schema_changes import compare_schemas, describe_changes  # noqa: PLC0415
    from graph.reference.schema_history import NoEarlierSchema, read_earlier_schema  # noqa: PLC0415
    from graph.schema import print_schema_text  # noqa: PLC0415

    try:
        if arguments.old:
            base, old = str(arguments.old), arguments.old.read_text()
        else:
            base, old = read_earlier_schema(arguments.base)
        new = arguments.new.read_text() if arguments.new else print_schema_text()
        changes = compare_schemas(old, new, today=utc_now().date())
    except (NoEarlierSchema, OSError, GraphQLError, TypeError, UnicodeDecodeError) as error:
        raise SystemExit(f"Can't compare: {error}") from error
    print(f"Compared with {base}:", *describe_changes(changes), sep="\n")
    if not changes.are_compatible:
        raise SystemExit("Deprecate the fields first; see docs/deprecation.md.")


def configure_process_logging(settings: Settings) -> None:
    configure_logging(
        settings.log_level,
        log_format=settings.log_format,
        levels=parse_levels(settings.log_levels),
        access_log=settings.access_log,
        shows_process=settings.workers > 1,
    )


def run_server(workers: int | None, timeouts: Timeouts) -> None:
    """`workers` stands in for the setting of that name."""
    settings = load_settings(**({} if workers is None else {"workers": workers}))
    configure_process_logging(settings)
    for warning in list_unknown_variables():
        logger.warning("%s", warning)
    # Loading makes no garbage; looking for some took an eighth of the start.
    gc.disable()
    from serving.serve import serve  # noqa: PLC0415 - settings are checked before it is loaded

    gc.enable()
    serve(settings, timeouts=timeouts)


async def run_command(settings: Settings, arguments: argparse.Namespace) -> None:
    await COMMANDS[arguments.command](settings, arguments)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="manage.py", description=__doc__)
    parser.add_argument("--version", action="version", version=f"wagraph {VERSION}")
    commands = parser.add_subparsers(dest="command", required=True)
    server = commands.add_parser("serve", help="run the server")
    server.add_argument(
        "--workers", type=int, metavar="N", help="number of server processes; default: WORKERS"
    )
    key = commands.add_parser("create-api-key", help="create an API key and print it once")
    key.add_argument("--name", required=True, help="person or service that uses the key")
    key.add_argument("--role", choices=[role.value for role in Role], default=Role.AGENT.value)
    key.add_argument(
        "--phone-number-id",
        action="append",
        help="limit the key to this account; repeatable; default: all accounts",
    )
    key.add_argument(
        "--server",
        action="store_true",
        help="the key of a server: without an agent, it sends on behalf of agents",
    )
    key.add_argument(
        "--workspace",
        metavar="NAME",
        help="workspace of the key; default: default; not for the role OPERATOR",
    )
    commands.add_parser("list-api-keys", help="list the API keys, oldest first")
    revoke = commands.add_parser("revoke-api-key", help="revoke an API key permanently")
    revoke.add_argument("prefix", help="first part of the key, as shown by list-api-keys")
    workspace = commands.add_parser("create-workspace", help="create a workspace and print its id")
    workspace.add_argument("name", help="1 to 63 characters")
    commands.add_parser("list-workspaces", help="list the workspaces, oldest first")
    commands.add_parser(
        "rotate-encryption-keys",
        help="re-encrypt all stored credentials with the first key of ENCRYPTION_KEYS",
    )
    migrate = commands.add_parser("migrate", help="upgrade the database to this version")
    migrate.add_argument(
        "--check", action="store_true", help="only list pending changes; exit 1 if there are any"
    )
    commands.add_parser("begin-restore", help="hold sending in a database restored from a snapshot")
    commands.add_parser(
        "finish-restore", help="settle unsent messages, repeat erasures, and send again"
    )
    check = commands.add_parser(
        "check", help="check the deployment; exit 1 if a check failed, 2 if settings are not valid"
    )
    check.add_argument("--json", action="store_true", help="print JSON")
    check.add_argument(
        "--callback", action="store_true", help="also request the webhook URL of the running server"
    )
    schema = commands.add_parser("export-schema", help="write schema.graphql")
    schema.add_argument("--check", action="store_true", help="only compare; exit 1 on a difference")
    compare = commands.add_parser(
        "compare-schema", help="list schema changes; exit 1 if they break clients"
    )
    old = compare.add_mutually_exclusive_group()
    old.add_argument("--base", help="git ref to compare with; default: newest tag or main")
    old.add_argument("--old", type=Path, help="file with the earlier schema")
    compare.add_argument("--new", type=Path, help="file with the new schema; default: this code")
    return parser


COMMANDS: dict[str, Callable[[Settings, argparse.Namespace], Awaitable[None]]] = {
    "create-api-key": print_new_api_key,
    "list-api-keys": print_api_keys,
    "revoke-api-key": end_api_key,
    "create-workspace": make_workspace,
    "list-workspaces": print_workspaces,
    "rotate-encryption-keys": rotate_encryption_keys,
    "migrate": migrate_database,
    "begin-restore": hold_sending,
    "finish-restore": finish_restore,
}


def main(timeouts: Timeouts = Timeouts()) -> None:
    """Runs a command; `timeouts` are the server's."""
    arguments = build_parser().parse_args()
    if arguments.command == "export-schema":
        export_schema(check=arguments.check)
        return
    if arguments.command == "check":
        check_deployment(arguments)
        return
    if arguments.command == "compare-schema":
        compare_schema(arguments)
        return
    try:
        if arguments.command == "serve":
            run_server(arguments.workers, timeouts)
            return
        settings = load_settings()
        configure_process_logging(settings)
        asyncio.run(run_command(settings, arguments))
    except ListenError as error:
        print(f"wagraph: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except (SettingsError, DatabaseUnusable) as error:
        sys.exit("\n".join(f"wagraph: {line}" for line in str(error).splitlines()))


if __name__ == "__main__":
    main()
