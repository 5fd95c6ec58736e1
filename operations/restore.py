"""The commands `begin-restore` and `finish-restore`, and the check for an unfinished restore."""

from models import AuditAction
from models.restores import Database, hold_sending, open_restore_state
from operations.auditing import audited
from operations.database import open_database
from operations.findings import Finding, failed, passed, warned
from whatsapp.common.crypto import DecryptionError, KeyRing
from whatsapp.common.people import open_people_digests
from whatsapp.common.timeouts import Timeouts
from whatsapp.privacy.erasure_log import ErasureLog, ErasureLogUnavailable
from whatsapp.restore.finishing import finish_restore
from whatsapp.restore.sending_hold import is_restore_unfinished, recognize_restore
from whatsapp.settings import Settings, SettingsError


async def check_restore(database: Database, settings: Settings) -> Finding:
    """Looks for an unfinished restore, also before a server has opened the database."""
    name = "mongodb.restore"
    try:
        is_unfinished = await is_restore_unfinished(database, ErasureLog(settings.erasure_log_url))
    except SettingsError as error:
        return failed(name, f"{error}.", "Correct ERASURE_LOG_URL.")
    except ErasureLogUnavailable as error:
        return failed(
            name,
            f"The erasure log is unavailable ({error}).",
            "Correct ERASURE_LOG_URL: without the log a server that starts sends nothing.",
        )
    if is_unfinished:
        return warned(
            name,
            "The database was restored from a backup, so nothing is sent.",
            "Run `manage.py finish-restore`.",
        )
    return passed(name, "No restore is unfinished.")


async def begin_restore(settings: Settings) -> str:
    """Holds sending, for a restore that the server can't recognise. Returns a report.

    Raises:
        DatabaseUnusable: see `open_database`.
    """
    async with open_database(settings) as database:
        state = await open_restore_state(database)
        if state.held_since is not None:
            return "Sending is held already."
        async with audited(settings, AuditAction.RESTORE_BEGUN):
            await hold_sending(database, state)
    return (
        "Sending is held until `manage.py finish-restore`. Servers that run notice it within"
        f" {Timeouts().restore_watch_seconds:g} s."
    )


async def end_restore(settings: Settings) -> str:
    """Finishes a restore. Returns a report.

    Raises:
        DatabaseUnusable: see `open_database`.
        SystemExit: there is nothing to finish, ENCRYPTION_KEYS lacks a key, or the erasure log is
            unavailable.
    """
    log = ErasureLog(settings.erasure_log_url)
    try:
        async with open_database(settings) as database:
            keys = settings.encryption_keys.get_secret_value()
            await open_people_digests(KeyRing.from_text(keys))
            state = await recognize_restore(database, log)
            if state.held_since is None:
                raise SystemExit(
                    "The database does not look restored. If it is, stop all servers, run"
                    " `manage.py begin-restore` and then this command."
                )
            async with audited(settings, AuditAction.RESTORE_FINISHED):
                report = await finish_restore(database, state, log)
    except DecryptionError as error:
        raise SystemExit(f"{error}: add the key of the time of the backup.") from None
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
