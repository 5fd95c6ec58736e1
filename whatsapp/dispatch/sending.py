"""Sends a claimed message, and records Meta's answer or the failure."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from pymongo.errors import PyMongoError

from models import Account, Contact, Message, MessageError, MessageStatus
from models.database.base import utc_now
from models.database.outage_log import log_failure
from telemetry.metrics import sends as metrics
from whatsapp.accounts.accounts import stop_account
from whatsapp.cloud_api.error_codes import (
    OPTED_OUT_CODE,
    Action,
    classify,
    describe_stop,
    to_message_error,
)
from whatsapp.cloud_api.responses import SendResult
from whatsapp.common.circuit_breaker import FAILURES_TO_OPEN, PROBE_PAUSES
from whatsapp.contacts.contact_identities import learn_identities
from whatsapp.contacts.contacts import record_marketing_choice
from whatsapp.dispatch import local_errors, outbox_transitions
from whatsapp.dispatch.members.partitions import store_pace
from whatsapp.dispatch.queues.account_queue import AccountQueue
from whatsapp.dispatch.recording import Accepted, read_identities
from whatsapp.dispatch.sent_media import is_file_at_fault, request_renewal
from whatsapp.dispatch.tools import Tools
from whatsapp.errors import CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown
from whatsapp.media.media_store import StoreUnavailable
from whatsapp.messages.reactions import show_accepted_reaction
from whatsapp.outbox.content import build_payload, carries_file

logger = logging.getLogger(__name__)

THROUGHPUT_CODE = 130429  # passes within a second
# Pauses in units of `retry_base_seconds`.
BACKOFF_FACTOR = 4
LONGEST_BACKOFF = 256
PAIR_RATE_BACKOFF = 6  # Meta: about one message in 6 s to one customer
JITTER = 0.2
# The limit for pauses that Meta requests.
LONGEST_REQUESTED_SECONDS = 3600.0


class OutcomeNotRecorded(Exception):
    """MongoDB refuses to record that the outcome is unknown: the message stays claimed."""


@dataclass(frozen=True)
class Sending:
    """An attempt to send a message in state SENDING, claimed under the queue's fence."""

    message: Message
    account: Account
    contact: Contact
    queue: AccountQueue
    tools: Tools
    before_outcome: Callable[[], Awaitable[None]]
    """Awaited between the request and the record of its outcome."""

    async def send(self, access_token: str) -> float | None:
        """Makes the request and records its outcome.

        Returns None if the message has left the queue of its conversation, or the seconds after
        which that is to be read again.
        """
        payload = build_payload(self.message, self.contact)
        metrics.ATTEMPTS.inc()
        try:
            return await self._request(access_token, payload)
        except Exception:
            # A bug, or a permanent error of MongoDB: Meta may have the message.
            await self._hold_at_last()
            raise

    async def _request(self, access_token: str, payload: dict[str, Any]) -> float | None:
        try:
            result = await self.tools.cloud_api.send_message(
                phone_number_id=self.account.phone_number_id,
                access_token=access_token,
                graph_api_version=self.account.graph_api_version,
                payload=payload,
            )
        except CloudAPIError as error:
            record = partial(self._handle_refusal, error)
        except (CloudAPINotReached, CloudAPIOutcomeUnknown) as error:
            record = partial(self._handle_silence, error)
        except asyncio.CancelledError:
            # The process stops, and Meta may have received the request.
            metrics.OUTCOMES["unknown"].inc()
            await self._hold()
            raise
        else:
            record = partial(self._record_accepted, result)
        await self.before_outcome()
        return await record()

    async def _handle_silence(
        self, error: CloudAPINotReached | CloudAPIOutcomeUnknown
    ) -> float | None:
        """Postpones a message that Meta can't have, and holds one that it may have."""
        if isinstance(error, CloudAPINotReached):
            pause = self._backoff_seconds(PROBE_PAUSES)
            wait_seconds = await self._postpone(pause, local_errors.NOT_REACHED)
        else:
            logger.warning("Outcome unknown (%s)", error)
            metrics.OUTCOMES["unknown"].inc()
            wait_seconds = await self._hold()
        await self._record_failure(error)
        return wait_seconds

    async def postpone_for_file(self, error: Exception) -> float | None:
        """Postpones a message whose file could not be uploaded. Returns the same as `send`."""
        if isinstance(error, CloudAPIError):
            return await self._handle_refusal(error)
        wait_seconds = await self._postpone(
            self._backoff_seconds(PROBE_PAUSES), local_errors.FILE_NOT_REACHED
        )
        if not isinstance(error, StoreUnavailable):
            await self._record_failure(error)
        return wait_seconds

    async def _record_accepted(self, result: SendResult) -> float | None:
        message, hold = self.message, self.tools.timeouts.media_hold_seconds
        # First, because Meta has a reaction even if this process crashes in between.
        await outbox_transitions.persist_write(lambda: show_accepted_reaction(message))
        # WhatsApp processes files slowly, so a following text would overtake them.
        is_slow = hold > 0 and carries_file(message)
        hold_until = self._compute_time(hold) if is_slow else None
        holds = await self.tools.acceptances.submit(
            Accepted(message, result, self.queue.fence, hold_until)
        )
        metrics.OUTCOMES["held" if result.held else "accepted"].inc()
        metrics.QUEUE_SECONDS.observe((utc_now() - message.created_at).total_seconds())
        await self._record_answer()
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
            self._record_failure(error) if action is Action.RETRY_META else self._record_answer()
        )
        return wait_seconds

    async def _fail(self, error: CloudAPIError) -> None:
        failed = to_message_error(error)
        await outbox_transitions.persist_write(
            lambda: outbox_transitions.fail_message(self.message, failed)
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
        self.queue.is_stopped = True
        reason = describe_stop(error)
        logger.error("Stopping the account: %s", reason)
        await outbox_transitions.persist_write(
            lambda: stop_account(self.account, reason=reason, code=error.code)
        )
        metrics.OUTCOMES["stopped"].inc()
        await self._return_message(to_message_error(error))
        return 0.0

    async def _postpone(
        self, seconds: float, error: MessageError, *, is_refused: bool = False
    ) -> float | None:
        """Makes the message READY again after a pause, or fails it if it had enough attempts."""
        first_tried_at = self.message.status_times.get(MessageStatus.SENDING.key, utc_now())
        life = timedelta(seconds=self.tools.settings.retry_life_seconds)
        is_exhausted = self.message.refusals >= self.tools.timeouts.retry_limit
        if (is_refused and is_exhausted) or utc_now() - first_tried_at > life:
            await outbox_transitions.persist_write(
                lambda: outbox_transitions.fail_message(self.message, error)
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
                self.message,
                fence=self.queue.fence,
                not_before=not_before,
                is_refused=is_refused,
                error=error,
            )
        )

    async def _hold(self) -> float | None:
        hold_until = self._compute_time(hold := self.tools.timeouts.unknown_hold_seconds)
        holds = await outbox_transitions.persist_write(
            lambda: outbox_transitions.record_unknown(
                self.message.id, fence=self.queue.fence, hold_until=hold_until
            )
        )
        return hold if holds else None

    async def _hold_at_last(self) -> None:
        try:
            await self._hold()
        except PyMongoError as error:
            raise OutcomeNotRecorded(f"The message stays in SENDING: {error}") from error

    async def _record_answer(self) -> None:
        if self.queue.pace.failures and self.queue.pace.record_answer():
            logger.info("Meta answers again", extra={"account_id": self.account.id})
            await self._store_pace()

    async def _record_failure(self, error: Exception) -> None:
        pace = self.queue.pace
        is_open = pace.record_failure()
        if is_open:
            await self._store_pace()
        if pace.failures == FAILURES_TO_OPEN:
            metrics.BREAKERS_OPENED.inc()
            logger.warning(
                "Meta does not answer (%s); trying every %g s until it does",
                error,
                PROBE_PAUSES * self.tools.timeouts.retry_base_seconds,
                extra={"account_id": self.account.id},
            )

    async def _slow_account(self, pause_seconds: float) -> None:
        metrics.THROTTLES.inc()
        self.queue.pace.slow_down(pause_seconds)
        await self._store_pace()

    async def _store_pace(self) -> None:
        with suppress(PyMongoError):  # only the next owner reads it
            await store_pace(self.queue.partition, self.queue.pace.to_fields())

    def _compute_time(self, seconds: float) -> datetime:
        return utc_now() + timedelta(seconds=seconds)

    def _backoff_seconds(self, longest: int) -> float:
        # The exponent is capped, because a message may have many attempts.
        steps = min(BACKOFF_FACTOR ** min(self.message.attempts - 1, 4), longest)
        return _add_jitter(steps * self.tools.timeouts.retry_base_seconds)


def _add_jitter(seconds: float) -> float:
    """Adds jitter, so that messages that failed together are not retried together."""
    return seconds * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
