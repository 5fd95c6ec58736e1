"""Sends a claimed message, and records Meta's answer or the failure."""

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
from telemetry.metrics import sends as metrics
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
from whatsapp.common.timeouts import Timeouts
from whatsapp.contacts.contact_identities import learn_identities
from whatsapp.contacts.contacts import record_marketing_choice
from whatsapp.contacts.identities import is_bsuid, normalize_phone
from whatsapp.dispatch import outbox_transitions
from whatsapp.dispatch.pacing import Pacing
from whatsapp.dispatch.sent_media import is_file_at_fault, request_renewal
from whatsapp.errors import CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown
from whatsapp.media.media_store import StoreUnavailable
from whatsapp.media.uploads import Uploads
from whatsapp.messages.lanes import Lease
from whatsapp.messages.reactions import show_accepted_reaction
from whatsapp.messages.statuses import apply_pending_to_message
from whatsapp.outbox.content import build_payload, carries_file
from whatsapp.settings import Settings

logger = logging.getLogger(__name__)

THROUGHPUT_CODE = 130429  # passes within a second
# Pauses in units of `retry_base_seconds`.
BACKOFF_FACTOR = 4
LONGEST_BACKOFF = 256
PAIR_RATE_BACKOFF = 6  # Meta: about one message in 6 s to one customer
JITTER = 0.2
# The limit for pauses that Meta requests.
LONGEST_REQUESTED_SECONDS = 3600.0


@dataclass(frozen=True)
class Tools:
    """The services that all lane workers of a process share."""

    settings: Settings
    timeouts: Timeouts
    keyring: KeyRing
    cloud_api: CloudAPI
    uploads: Uploads
    pacing: Pacing
    wake_later: Callable[[float], None]
    """Wakes the dispatcher after the given number of seconds."""
    is_stopping: Callable[[], bool]


@dataclass(frozen=True)
class Sending:
    """An attempt to send a message in state SENDING, claimed under the lease's fence."""

    message: Message
    account: Account
    contact: Contact
    lease: Lease
    tools: Tools

    async def send(self, access_token: str) -> float | None:
        """Makes the request and records its outcome.

        Returns the seconds for which the message holds its lane, or None if it does not.
        """
        metrics.ATTEMPTS.inc()
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
            wait_seconds = await self._postpone(
                self._backoff_seconds(PROBE_PAUSES), outbox_transitions.NOT_REACHED
            )
            await self._record_failure(error)
            return wait_seconds
        except CloudAPIOutcomeUnknown as error:
            logger.warning("Outcome unknown (%s)", error)
            metrics.OUTCOMES["unknown"].inc()
            wait_seconds = await self._hold()
            await self._record_failure(error)
            return wait_seconds
        except asyncio.CancelledError:
            # The process stops, and Meta may have received the request.
            metrics.OUTCOMES["unknown"].inc()
            await self._hold()
            raise
        return await self._record_accepted(result)

    async def postpone_for_file(self, error: Exception) -> float | None:
        """Postpones a message whose file could not be uploaded. Returns the same as `send`."""
        if isinstance(error, CloudAPIError):
            return await self._handle_refusal(error)
        wait_seconds = await self._postpone(
            self._backoff_seconds(PROBE_PAUSES), outbox_transitions.FILE_NOT_REACHED
        )
        if not isinstance(error, StoreUnavailable):
            await self._record_failure(error)
        return wait_seconds

    async def _record_accepted(self, result: SendResult) -> float | None:
        message, hold = self.message, self.tools.timeouts.media_hold_seconds
        # Reactions are shown first: Meta has them even if this process crashes in between.
        await outbox_transitions.persist_write(lambda: show_accepted_reaction(message))
        # WhatsApp processes files slowly, so a following text would overtake them.
        holds = hold > 0 and carries_file(message)
        hold_until = self._compute_time(hold) if holds else None
        holds = await outbox_transitions.persist_write(
            lambda: outbox_transitions.record_accepted(message.id, result, hold_until=hold_until)
        )
        metrics.OUTCOMES["held" if result.held else "accepted"].inc()
        metrics.QUEUE_SECONDS.observe((utc_now() - message.created_at).total_seconds())
        await outbox_transitions.persist_write(
            lambda: apply_pending_to_message(message.account_id, result.wamid, message.id)
        )
        await self._record_success()
        try:
            await learn_identities(self.contact, read_identities(result))
        except PyMongoError as error:
            # The customer's next message brings their identities again.
            log_failure(logger, error, "Identities of the contact are not stored")
        return hold if holds else None

    async def _handle_refusal(self, error: CloudAPIError) -> float | None:
        """Fails or postpones a message that Meta refused with an error object."""
        action = classify(error)
        metrics.REFUSALS[str(error.code)].inc()
        logger.info("Meta error %s (trace %r): %s", error.code, error.fbtrace_id, action)
        if action is Action.FAIL and is_file_at_fault(self.message, error):
            await outbox_transitions.persist_write(lambda: request_renewal(self.message))
            await self._return_message(to_message_error(error))
            metrics.OUTCOMES["postponed"].inc()
            wait_seconds = 0.0
        elif action is Action.FAIL:
            await self._fail(error)
            wait_seconds = None
        elif action is Action.STOP_ACCOUNT:
            wait_seconds = await self._stop_account(error)
        else:
            wait_seconds = await self._retry(error, action)
        await (
            self._record_failure(error) if action is Action.RETRY_META else self._record_success()
        )
        return wait_seconds

    async def _fail(self, error: CloudAPIError) -> None:
        failed = to_message_error(error)
        await outbox_transitions.persist_write(
            lambda: outbox_transitions.fail_message(self.message.id, failed)
        )
        metrics.OUTCOMES["failed"].inc()
        if error.code == OPTED_OUT_CODE:
            await record_marketing_choice(self.contact.id, opts_out=True, at=utc_now())

    async def _retry(self, error: CloudAPIError, action: Action) -> float | None:
        seconds = self._backoff_seconds(LONGEST_BACKOFF)
        if action is Action.RETRY_RECIPIENT:
            base = self.tools.timeouts.retry_base_seconds
            seconds = max(seconds, PAIR_RATE_BACKOFF * base * random.uniform(1, 1 + JITTER))  # noqa: S311 - no secret
        requested = error.retry_after_seconds
        if requested is not None:
            seconds = max(seconds, min(requested, LONGEST_REQUESTED_SECONDS))
        is_refused = action is Action.RETRY
        wait_seconds = await self._postpone(seconds, to_message_error(error), is_refused=is_refused)
        if action is Action.RETRY_ACCOUNT:
            is_brief = error.code == THROUGHPUT_CODE and requested is None
            await self._slow_account(0.0 if is_brief else seconds)
        return wait_seconds

    async def _stop_account(self, error: CloudAPIError) -> float | None:
        """Stops the account; the message keeps its place and is sent once the account resumes."""
        reason = describe_stop(error)
        logger.error("Stopping the account: %s", reason)
        await outbox_transitions.persist_write(
            lambda: stop_account(self.account, reason=reason, code=error.code)
        )
        metrics.OUTCOMES["stopped"].inc()
        await self._return_message(to_message_error(error))
        return None

    async def _postpone(
        self, seconds: float, error: MessageError, *, is_refused: bool = False
    ) -> float | None:
        """Makes the message READY again after a pause, or fails it if it had enough attempts."""
        first_tried_at = self.message.status_times.get(MessageStatus.SENDING.key, utc_now())
        life = timedelta(seconds=self.tools.settings.retry_life_seconds)
        is_exhausted = self.message.refusals >= self.tools.timeouts.retry_limit
        if (is_refused and is_exhausted) or utc_now() - first_tried_at > life:
            await outbox_transitions.persist_write(
                lambda: outbox_transitions.fail_message(self.message.id, error)
            )
            metrics.OUTCOMES["failed"].inc()
            return None
        metrics.OUTCOMES["postponed"].inc()
        await self._return_message(
            error, not_before=self._compute_time(seconds), is_refused=is_refused
        )
        return seconds

    async def _return_message(
        self,
        error: MessageError,
        *,
        not_before: datetime | None = None,
        is_refused: bool = False,
    ) -> None:
        await outbox_transitions.persist_write(
            lambda: outbox_transitions.return_message(
                self.message.id,
                fence=self.lease.fence,
                not_before=not_before,
                is_refused=is_refused,
                error=error,
            )
        )

    async def _hold(self) -> float | None:
        hold = self.tools.timeouts.unknown_hold_seconds
        hold_until = self._compute_time(hold)
        holds = await outbox_transitions.persist_write(
            lambda: outbox_transitions.record_unknown(
                self.message.id, fence=self.lease.fence, hold_until=hold_until
            )
        )
        return hold if holds else None

    async def _record_success(self) -> None:
        with suppress(PyMongoError):  # the next answer is recorded again
            await self.tools.pacing.record_success(self.account.id)

    async def _record_failure(self, error: Exception) -> None:
        with suppress(PyMongoError):  # the next failure is recorded again
            await self.tools.pacing.record_failure(self.account.id, error)

    async def _slow_account(self, pause_seconds: float) -> None:
        with suppress(PyMongoError):  # the next refusal is recorded again
            await self.tools.pacing.record_throttle(self.account.id, pause_seconds=pause_seconds)

    def _compute_time(self, seconds: float) -> datetime:
        return self.lease.database_now() + timedelta(seconds=seconds)

    def _backoff_seconds(self, longest: int) -> float:
        # The exponent is capped, because a message may have many attempts.
        steps = min(BACKOFF_FACTOR ** min(self.message.attempts - 1, 4), longest)
        return _add_jitter(steps * self.tools.timeouts.retry_base_seconds)


def read_identities(result: SendResult) -> list[Identity]:
    """Returns the recipient's valid identities in Meta's answer."""
    identities = []
    if result.wa_id is not None and normalize_phone(result.wa_id) == result.wa_id:
        identities.append(Identity(kind=IdentityKind.WA_ID, value=result.wa_id))
    if result.user_id is not None and is_bsuid(result.user_id):
        is_parent = ".ENT." in result.user_id
        kind = IdentityKind.PARENT_BSUID if is_parent else IdentityKind.BSUID
        identities.append(Identity(kind=kind, value=result.user_id))
    return identities


def _add_jitter(seconds: float) -> float:
    """Adds jitter, so that lanes that failed together are not retried together."""
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
