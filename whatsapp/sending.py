"""Sending one message that was taken for it, and doing what Meta's answer asks for."""

import asyncio
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo.errors import PyMongoError

from models import Account, Contact, Identity, IdentityKind, Message, MessageError
from models.base import collection, utc_now
from whatsapp import delivery
from whatsapp.account_gate import AccountGate
from whatsapp.accounts import stop_account
from whatsapp.cloud_api import CloudAPI, SendResult
from whatsapp.cloud_errors import Action, classify, describe_stop, to_message_error
from whatsapp.contacts import add_identity
from whatsapp.crypto import KeyRing
from whatsapp.errors import CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown
from whatsapp.identities import is_bsuid, normalize_phone
from whatsapp.lanes import Lease
from whatsapp.outgoing import build_payload
from whatsapp.reactions import show_accepted
from whatsapp.settings import Settings
from whatsapp.statuses import apply_pending

logger = logging.getLogger(__name__)

OPTED_OUT_CODE = 131050
# Pauses in units of `retry_base_seconds`, which is one second outside tests.
BACKOFF_FACTOR = 4
LONGEST_BACKOFF = 256
PAIR_RATE_BACKOFF = 6  # Meta: about one message in 6 s to one customer
JITTER = 0.1
# What Meta itself asks for may be longer than our own pauses.
LONGEST_REQUESTED_SECONDS = 3600.0


@dataclass(frozen=True)
class Tools:
    """What every lane worker of a process shares."""

    settings: Settings
    keyring: KeyRing
    cloud_api: CloudAPI
    gate: AccountGate
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

    async def send(self, access_token: str) -> None:
        """Makes the request and records what came of it."""
        try:
            result = await self.tools.cloud_api.send_message(
                phone_number_id=self.account.phone_number_id,
                access_token=access_token,
                graph_api_version=self.account.graph_api_version,
                payload=build_payload(self.message, self.contact),
            )
        except CloudAPIError as error:
            self.tools.gate.note_answer(self.account.id)
            await self._handle_refusal(error)
        except CloudAPINotReached as error:
            self._note_silence(error)
            await self._put_off(self._backoff_seconds(), delivery.NOT_REACHED)
        except CloudAPIOutcomeUnknown as error:
            logger.warning("Message %s: outcome unknown (%s)", self.message.id, error)
            self._note_silence(error)
            await self._hold()
        except asyncio.CancelledError:
            # The process stops, and Meta may or may not have the request.
            await self._hold()
            raise
        else:
            self.tools.gate.note_answer(self.account.id)
            await self._record_accepted(result)

    async def _record_accepted(self, result: SendResult) -> None:
        message = self.message
        # A reaction first, on its message: if this process ends in between, Meta has it anyway.
        await delivery.persist(lambda: show_accepted(message))
        await delivery.persist(lambda: delivery.record_accepted(message.id, result))
        await delivery.persist(lambda: apply_pending(message.account_id, result.wamid, message.id))
        try:
            for identity in read_identities(result):
                await add_identity(self.contact, identity)
        except PyMongoError as error:
            # The customer's next message brings their identities again.
            logger.warning("Contact %s: %s", self.contact.id, type(error).__name__)

    async def _handle_refusal(self, error: CloudAPIError) -> None:
        """Meta answered with an error object, so the message was not sent."""
        action = classify(error)
        logger.info(
            "Message %s: Meta error %s (trace %r): %s",
            self.message.id,
            error.code,
            error.fbtrace_id,
            action,
        )
        if action is Action.FAIL:
            await self._fail(error)
        elif action is Action.STOP_ACCOUNT:
            await self._stop_account(error)
        else:
            await self._retry(error, action)

    async def _fail(self, error: CloudAPIError) -> None:
        failed = to_message_error(error)
        await delivery.persist(lambda: delivery.fail_message(self.message.id, failed))
        if error.code == OPTED_OUT_CODE:
            await collection(Contact).update_one(
                {"_id": self.contact.id},
                {"$set": {"marketing_opt_out": True, "updated_at": utc_now()}},
            )

    async def _retry(self, error: CloudAPIError, action: Action) -> None:
        seconds = self._backoff_seconds()
        if action is Action.RETRY_RECIPIENT:
            base = self.tools.settings.retry_base_seconds
            seconds = max(seconds, _spread(PAIR_RATE_BACKOFF * base))
        if error.retry_after_seconds is not None:
            seconds = max(seconds, min(error.retry_after_seconds, LONGEST_REQUESTED_SECONDS))
        if action is Action.RETRY_ACCOUNT:
            self.tools.gate.pause(self.account.id, seconds)
        await self._put_off(seconds, to_message_error(error))

    async def _stop_account(self, error: CloudAPIError) -> None:
        """The message keeps its place: it is sent when the account is mended."""
        reason = describe_stop(error)
        logger.error("Account %s is stopped: %s", self.account.id, reason)
        await delivery.persist(lambda: stop_account(self.account, reason=reason, code=error.code))
        await self._return(to_message_error(error))

    async def _put_off(self, seconds: float, error: MessageError) -> None:
        """Back to its place for another try after a pause, or failed if there were enough."""
        if self.message.attempts > self.tools.settings.retry_limit:
            await delivery.persist(lambda: delivery.fail_message(self.message.id, error))
            return
        not_before = self.lease.database_now() + timedelta(seconds=seconds)
        await self._return(error, not_before=not_before)

    async def _return(self, error: MessageError, *, not_before: datetime | None = None) -> None:
        await delivery.persist(
            lambda: delivery.return_message(
                self.message.id, fence=self.lease.fence, not_before=not_before, error=error
            )
        )

    async def _hold(self) -> None:
        hold = timedelta(seconds=self.tools.settings.unknown_hold_seconds)
        hold_until = self.lease.database_now() + hold
        await delivery.persist(
            lambda: delivery.record_unknown(
                self.message.id, fence=self.lease.fence, hold_until=hold_until
            )
        )

    def _note_silence(self, error: Exception) -> None:
        if self.tools.gate.note_silence(self.account.id):
            logger.warning("Account %s: Meta does not answer (%s)", self.account.id, error)

    def _backoff_seconds(self) -> float:
        steps = min(BACKOFF_FACTOR ** (self.message.attempts - 1), LONGEST_BACKOFF)
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
