"""Claims: messages that leave now are claimed together, under the fence of their account."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from beanie import PydanticObjectId
from pymongo import UpdateOne
from pymongo.errors import PyMongoError

from models import UNSENT, Message, MessageStatus, OutboxState
from models.database.base import collection
from models.database.coalescing import Call, Coalescer
from models.database.outages import is_transient
from whatsapp.dispatch.outbox_transitions import persist_write, set_status
from whatsapp.dispatch.queues.account_queue import AccountQueue

MAX_CLAIMS = 200


@dataclass(frozen=True)
class Claim:
    """A request to claim a message, which must still be in this conversation."""

    message_id: PydanticObjectId
    conversation_id: PydanticObjectId
    account: AccountQueue


class Claims(Coalescer[Claim, str | None]):
    """Claims the messages of concurrent calls with one command.

    Returns the token of the claim, which the caller drops when it has recorded the outcome, or None
    if the message is no longer READY: cancelled, settled by a status, moved, or claimed by another
    owner. Shield the call from cancellation: the message may be claimed.
    """

    def __init__(self) -> None:
        super().__init__("claim messages")

    def _weigh(self, item: Claim) -> float:  # noqa: ARG002 - all claims are equal
        return 1 / MAX_CLAIMS

    async def _process(self, calls: Sequence[Call[Claim, str | None]]) -> None:
        # A caller that was cancelled before this command began claims nothing.
        calls = [call for call in calls if not call.result.done()]
        if not calls:
            return
        token = secrets.token_hex(8)
        claims = [call.item for call in calls]
        # Before the command, so that no reader takes the messages for forgotten ones.
        for claim in claims:
            claim.account.tokens[token] += 1
        claimed_ids: set[PydanticObjectId] = set()
        try:
            claimed_ids = await _claim(claims, token)
        finally:
            for call in calls:
                is_claimed = call.item.message_id in claimed_ids and not call.result.done()
                if not is_claimed:
                    call.item.account.drop_token(token)
        for call in calls:
            if not call.result.done():
                call.result.set_result(token if call.item.message_id in claimed_ids else None)


async def _claim(claims: Sequence[Claim], token: str) -> set[PydanticObjectId]:
    try:
        result = await collection(Message).bulk_write(
            [_make_update(claim, token) for claim in claims], ordered=False
        )
        if result.matched_count == len(claims):
            return {claim.message_id for claim in claims}
    except PyMongoError as error:
        if not is_transient(error):
            raise
    ids = [claim.message_id for claim in claims]
    query = {"_id": {"$in": ids}, "claim_token": token}
    return await persist_write(lambda: _read_ids(query))


async def _read_ids(query: Mapping[str, object]) -> set[PydanticObjectId]:
    return {row["_id"] async for row in collection(Message).find(query, {"_id": 1})}


def _make_update(claim: Claim, token: str) -> UpdateOne:
    fence = claim.account.fence
    ready = {
        "_id": claim.message_id,
        # After a merge, another conversation sends it.
        "conversation_id": claim.conversation_id,
        "outbox_state": OutboxState.READY.value,
        "fence": {"$not": {"$gt": fence}},
        **UNSENT,
    }
    changes = {"outbox_state": OutboxState.SENDING.value, "fence": fence, "claim_token": token}
    return UpdateOne(
        ready, {"$set": changes, "$inc": {"attempts": 1}, **set_status(MessageStatus.SENDING)}
    )
