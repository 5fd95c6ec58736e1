"""The commands `begin-restore` and `finish-restore`."""

from models import AuditAction
from models.restores import hold_sending, open_restore_state
from operations.auditing import audited
from operations.database import open_database
from whatsapp.common.timeouts import Timeouts
from whatsapp.privacy.erasure_log import ErasureLog, ErasureLogUnavailable
from whatsapp.restore.finishing import finish_restore
from whatsapp.restore.sending_hold import recognize_restore
from whatsapp.settings import Settings


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
        SystemExit: there is nothing to finish, or the erasure log is unavailable.
    """
    log = ErasureLog(settings.erasure_log_url)
    try:
        async with open_database(settings) as database:
            state = await recognize_restore(database, log)
            if state.held_since is None:
                raise SystemExit(
                    "The database does not look restored. If it is, stop all servers, run"
                    " `manage.py begin-restore` and then this command."
                )
            async with audited(settings, AuditAction.RESTORE_FINISHED):
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
