"""Sending one message that was taken for it, and doing what Meta's answer asks for."""

import asyncio
import logging
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo.errors import PyMongoError

from models import Account, Contact, Identity, IdentityKind, Message, MessageError, MessageStatus
from models.database.base import utc_now
from models.database.outage_log import log_failure
from whatsapp.accounts.account_gate import PROBE_PAUSES
from whatsapp.accounts.accounts import stop_account
from whatsapp.cloud_api.client import CloudAPI
from whatsapp.cloud_api.error_codes import (
    OPTED_OUT_CODE,
    Action,
    classify,
    describe_stop,
    to_message_error,
)
from whatsapp.cloud_api.responses import SendResult
from whatsapp.common.crypto import KeyRing
from whatsapp.contacts.contact_identities import learn_identities
from whatsapp.contacts.contacts import record_marketing_choice
from whatsapp.contacts.identities import is_bsuid, normalize_phone
from whatsapp.dispatch import outbox_transitions
from whatsapp.dispatch.pacing import Pacing
from whatsapp.dispatch.sent_media import have_renewed, is_file_at_fault
from whatsapp.errors import CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown
from whatsapp.media.media_store import StoreUnavailable
from whatsapp.media.uploads import Uploads
from whatsapp.messages.lanes import Lease
from whatsapp.messages.reactions import show_accepted_reaction
from whatsapp.messages.statuses import apply_pending_to_message
from whatsapp.outbox.content import build_payload, carries_file
from whatsapp.settings import Settings

logger = logging.getLogger(__name__)

THROUGHPUT_CODE = 130429  # it passes within a second
# Pauses in units of `retry_base_seconds`, which is one second outside tests.
BACKOFF_FACTOR = 4
LONGEST_BACKOFF = 256
PAIR_RATE_BACKOFF = 6  # Meta: about one message in 6 s to one customer
JITTER = 0.2
# What Meta itself asks for may be longer than our own pauses.
LONGEST_REQUESTED_SECONDS = 3600.0


@dataclass(frozen=True)
class Tools:
    """What every lane worker of a process shares."""

    settings: Settings
    keyring: KeyRing
    cloud_api: CloudAPI
    uploads: Uploads
    pacing: Pacing
    wake_later: Callable[[float], None]
    """Makes the dispatcher look for due lanes after so many seconds."""
    is_stopping: Callable[[], bool]


@dataclass(frozen=True)
class Sending:
    """One try: the message in state SENDING, taken under the lease's fence."""

    message: Message
    account: Account
    contact: Contact
    lease: Lease
    tools: Tools

    async def send(self, access_token: str) -> float | None:
        """Makes the request and records what came of it.

        Returns for how many seconds the message holds its lane; None where the lane goes on.
        """
        try:
            result = await self.tools.cloud_api.send_message(
                phone_number_id=self.account.phone_number_id,
                access_token=access_token,
                graph_api_version=self.account.graph_api_version,
                payload=build_payload(self.message, self.contact),
            )
        except CloudAPIError as error:
            return await self._handle_refusal(error)
        except CloudAPINotReached as error:
            held = await self._put_off(
                self._backoff_seconds(PROBE_PAUSES), outbox_transitions.NOT_REACHED
            )
            await self._note_silence(error)
            return held
        except CloudAPIOutcomeUnknown as error:
            logger.warning("Message %s: outcome unknown (%s)", self.message.id, error)
            held = await self._hold()
            await self._note_silence(error)
            return held
        except asyncio.CancelledError:
            # The process stops, and Meta may or may not have the request.
            await self._hold()
            raise
        return await self._record_accepted(result)

    async def put_back(self, error: Exception) -> float | None:
        """Its file could not be handed to Meta, so that the message was surely not sent."""
        if isinstance(error, CloudAPIError):
            return await self._handle_refusal(error)
        held = await self._put_off(
            self._backoff_seconds(PROBE_PAUSES), outbox_transitions.FILE_NOT_REACHED
        )
        if not isinstance(error, StoreUnavailable):
            await self._note_silence(error)
        return held

    async def _record_accepted(self, result: SendResult) -> float | None:
        message, hold = self.message, self.tools.settings.media_hold_seconds
        # A reaction first, on its message: if this process ends in between, Meta has it anyway.
        await outbox_transitions.persist(lambda: show_accepted_reaction(message))
        # A file takes its time at WhatsApp, where a text behind it would overtake it.
        holds = hold > 0 and carries_file(message)
        hold_until = self._later(hold) if holds else None
        holds = await outbox_transitions.persist(
            lambda: outbox_transitions.record_accepted(message.id, result, hold_until=hold_until)
        )
        await outbox_transitions.persist(
            lambda: apply_pending_to_message(message.account_id, result.wamid, message.id)
        )
        await self._note_answer()
        try:
            await learn_identities(self.contact, read_identities(result))
        except PyMongoError as error:
            # The customer's next message brings their identities again.
            log_failure(logger, error, "Contact %s didn't learn its identities", self.contact.id)
        return hold if holds else None

    async def _handle_refusal(self, error: CloudAPIError) -> float | None:
        """Meta answered with an error object, so the message was not sent."""
        action = classify(error)
        logger.info(
            "Message %s: Meta error %s (trace %r): %s",
            self.message.id,
            error.code,
            error.fbtrace_id,
            action,
        )
        if action is Action.FAIL and is_file_at_fault(self.message, error):
            await outbox_transitions.persist(lambda: have_renewed(self.message))
            await self._return(to_message_error(error))
            held = 0.0
        elif action is Action.FAIL:
            await self._fail(error)
            held = None
        elif action is Action.STOP_ACCOUNT:
            held = await self._stop_account(error)
        else:
            held = await self._retry(error, action)
        await (self._note_silence(error) if action is Action.RETRY_META else self._note_answer())
        return held

    async def _fail(self, error: CloudAPIError) -> None:
        failed = to_message_error(error)
        await outbox_transitions.persist(
            lambda: outbox_transitions.fail_message(self.message.id, failed)
        )
        if error.code == OPTED_OUT_CODE:
            await record_marketing_choice(self.contact.id, opts_out=True, at=utc_now())

    async def _retry(self, error: CloudAPIError, action: Action) -> float | None:
        seconds = self._backoff_seconds(LONGEST_BACKOFF)
        if action is Action.RETRY_RECIPIENT:
            base = self.tools.settings.retry_base_seconds
            seconds = max(seconds, PAIR_RATE_BACKOFF * base * random.uniform(1, 1 + JITTER))  # noqa: S311 - no secret
        asked = error.retry_after_seconds
        if asked is not None:
            seconds = max(seconds, min(asked, LONGEST_REQUESTED_SECONDS))
        is_refused = action is Action.RETRY
        held = await self._put_off(seconds, to_message_error(error), is_refused=is_refused)
        if action is Action.RETRY_ACCOUNT:
            is_moment = error.code == THROUGHPUT_CODE and asked is None
            await self._slow_account(0.0 if is_moment else seconds)
        return held

    async def _stop_account(self, error: CloudAPIError) -> float | None:
        """The message keeps its place: it is sent when the account is mended."""
        reason = describe_stop(error)
        logger.error("Account %s is stopped: %s", self.account.id, reason)
        await outbox_transitions.persist(
            lambda: stop_account(self.account, reason=reason, code=error.code)
        )
        await self._return(to_message_error(error))
        return None

    async def _put_off(
        self, seconds: float, error: MessageError, *, is_refused: bool = False
    ) -> float | None:
        """Back to its place for another try after a pause, or failed if there were enough."""
        settings = self.tools.settings
        first_tried_at = self.message.status_times.get(MessageStatus.SENDING.key, utc_now())
        life = timedelta(seconds=settings.retry_life_seconds)
        is_enough = self.message.refusals >= settings.retry_limit
        if (is_refused and is_enough) or utc_now() - first_tried_at > life:
            await outbox_transitions.persist(
                lambda: outbox_transitions.fail_message(self.message.id, error)
            )
            return None
        await self._return(error, not_before=self._later(seconds), is_refused=is_refused)
        return seconds

    async def _return(
        self,
        error: MessageError,
        *,
        not_before: datetime | None = None,
        is_refused: bool = False,
    ) -> None:
        await outbox_transitions.persist(
            lambda: outbox_transitions.return_message(
                self.message.id,
                fence=self.lease.fence,
                not_before=not_before,
                is_refused=is_refused,
                error=error,
            )
        )

    async def _hold(self) -> float | None:
        hold = self.tools.settings.unknown_hold_seconds
        hold_until = self._later(hold)
        holds = await outbox_transitions.persist(
            lambda: outbox_transitions.record_unknown(
                self.message.id, fence=self.lease.fence, hold_until=hold_until
            )
        )
        return hold if holds else None

    async def _note_answer(self) -> None:
        with suppress(PyMongoError):  # the next answer says the same
            await self.tools.pacing.record_success(self.account.id)

    async def _note_silence(self, error: Exception) -> None:
        with suppress(PyMongoError):  # the next silence says the same
            await self.tools.pacing.record_failure(self.account.id, error)

    async def _slow_account(self, pause_seconds: float) -> None:
        with suppress(PyMongoError):  # the next refusal says the same
            await self.tools.pacing.note_throttle(self.account.id, pause_seconds=pause_seconds)

    def _later(self, seconds: float) -> datetime:
        return self.lease.database_now() + timedelta(seconds=seconds)

    def _backoff_seconds(self, longest: int) -> float:
        # Attempts may be many, and no pause is longer than that of the fifth.
        steps = min(BACKOFF_FACTOR ** min(self.message.attempts - 1, 4), longest)
        return _spread(steps * self.tools.settings.retry_base_seconds)


def read_identities(result: SendResult) -> list[Identity]:
    """The identities of the recipient in Meta's answer; malformed ones are left out."""
    identities = []
    if result.wa_id is not None and normalize_phone(result.wa_id) == result.wa_id:
        identities.append(Identity(kind=IdentityKind.WA_ID, value=result.wa_id))
    if result.user_id is not None and is_bsuid(result.user_id):
        is_parent = ".ENT." in result.user_id
        kind = IdentityKind.PARENT_BSUID if is_parent else IdentityKind.BSUID
        identities.append(Identity(kind=kind, value=result.user_id))
    return identities


def _spread(seconds: float) -> float:
    """Moves a pause a little, so that lanes which failed together don't return together."""
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
