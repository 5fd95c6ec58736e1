"""The commands `begin-restore` and `finish-restore`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from models.connection import create_client, prepare_database
from models.restores import Database, hold_sending, open_restore_state
from whatsapp.privacy.erasure_log import ErasureLog, ErasureLogUnavailable
from whatsapp.restore.finishing import finish_restore
from whatsapp.restore.sending_hold import recognize_restore
from whatsapp.settings import Settings


async def begin_restore(settings: Settings) -> str:
    """Holds sending, for a restore that the server can't recognise. Returns a report.

    Raises:
        DatabaseUnusable: see `prepare_database`.
    """
    async with _open_database(settings) as database:
        state = await open_restore_state(database)
        if state.held_since is not None:
            return "Sending is held already."
        await hold_sending(database, state)
    return (
        "Sending is held until `manage.py finish-restore`. Restart servers that run: they go on"
        " sending."
    )


async def end_restore(settings: Settings) -> str:
    """Finishes a restore. Returns a report.

    Raises:
        DatabaseUnusable: see `prepare_database`.
        SystemExit: there is nothing to finish, or the erasure log is unavailable.
    """
    log = ErasureLog(settings.erasure_log_url)
    try:
        async with _open_database(settings) as database:
            state = await recognize_restore(database, log)
            if state.held_since is None:
                raise SystemExit(
                    "The database does not look restored. If it is, stop all servers, run"
                    " `manage.py begin-restore` and then this command."
                )
            report = await finish_restore(database, state, log)
    except ErasureLogUnavailable as error:
        raise SystemExit(
            f"The erasure log is unavailable ({error}): correct ERASURE_LOG_URL. Nothing is sent"
            " until then."
        ) from None
    lines = [
        f"{report.unknown_messages} unsent message(s) are UNKNOWN: they may have been sent.",
        f"{report.erased_contacts} contact(s) and {report.deleted_accounts} account(s) were erased"
        " again.",
    ]
    if not log.is_kept:
        lines.append("ERASURE_LOG_URL is not set: erasures since the backup must be repeated.")
    return "\n".join([*lines, "Sending is released."])


@asynccontextmanager
async def _open_database(settings: Settings) -> AsyncIterator[Database]:
    async with create_client(settings.mongodb_uri.get_secret_value()) as client:
        database = client[settings.mongodb_database]
        await prepare_database(database)
        yield database
