"""Statuses are a set: any order and any repetition of reports give equal documents."""

import itertools
from datetime import UTC, datetime
from typing import Any

from models import (
    Account,
    Message,
    MessageDirection,
    MessageStatus,
    OutboxState,
    PendingUpdate,
)
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id, to_bson, utc_now
from tests.fixtures.webhooks import WebhookClient, make_status
from tests.webhooks.conftest import Settle
from whatsapp.contacts.contacts import get_or_create_contact
from whatsapp.conversations.conversations import get_or_create_conversation
from whatsapp.messages.statuses import StatusUpdate, apply_pending_to_message, record_status

from models import Identity, IdentityKind  # isort: skip

AT = 1_750_000_000
ERROR = {
    "code": 131026,
    "title": "Message undeliverable",
    "message": "Message undeliverable",
    "error_data": {"details": "Message Undeliverable."},
    "href": "https://example.com/codes",
}
PRICING = {"billable": True, "pricing_model": "PMP", "category": "service", "type": "regular"}


async def create_outbound(account: Account, **more: Any) -> Message:
    identity = Identity(kind=IdentityKind.WA_ID, value="16505551234")
    contact = await get_or_create_contact(account.id, [identity])
    conversation = await get_or_create_conversation(account.id, contact.id)
    now = utc_now()
    message = Message(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=account.id,
        conversation_id=conversation.id,
        contact_id=contact.id,
        direction=MessageDirection.OUTBOUND,
        type="text",
        content={"body": "Hi"},
        timestamp=now,
        status_times={"queued": now},
        status_rank=MessageStatus.QUEUED.rank,
        outbox_state=OutboxState.DONE,
        **more,
    )
    await collection(Message).insert_one(to_bson(message))
    return message


async def reload(message: Message) -> Message:
    found = await Message.get(message.id)
    assert found is not None
    return found


def make_reports(wamid: str) -> list[dict[str, Any]]:
    return [
        make_status("sent", at=AT, id=wamid, pricing=PRICING),
        make_status("delivered", at=AT + 1, id=wamid, pricing=PRICING | {"billable": False}),
        make_status("read", at=AT + 2, id=wamid),
        make_status("failed", at=AT + 1, id=wamid, errors=[ERROR, ERROR | {"code": 131000}]),
    ]


async def test_all_orders_of_reports_give_equal_documents(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    messages = []
    for number, order in enumerate(itertools.permutations(range(4))):
        message = await create_outbound(account, wamid=f"wamid.{number}")
        reports = make_reports(f"wamid.{number}")
        await webhook.post_statuses(*(reports[one] for one in order), reports[order[0]])
        messages.append(message)
    await settle()

    outcomes = []
    for message in messages:
        found = await reload(message)
        same = found.model_dump(exclude={"id", "wamid", "created_at", "timestamp"})
        same["status_times"].pop("queued")
        outcomes.append(same)
    assert outcomes[0]["status_rank"] == MessageStatus.READ.rank
    assert outcomes[0]["status_times"]["sent"] == datetime.fromtimestamp(AT, UTC)
    assert [error["code"] for error in outcomes[0]["errors"]] == [131000, 131026]
    assert outcomes == [outcomes[0]] * 24


async def test_earliest_report_of_status_wins(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    message = await create_outbound(account, wamid="wamid.1")
    for at in (AT + 5, AT, AT + 9):
        await webhook.post_statuses(make_status("delivered", at=at, id="wamid.1"))
    await settle()

    found = await reload(message)
    assert found.status_times["delivered"] == datetime.fromtimestamp(AT, UTC)


async def test_errors_show_details_and_retryability(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    message = await create_outbound(account, wamid="wamid.1")
    transient = {"code": 131000, "title": "Something went wrong", "error_data": "a plain string"}
    await webhook.post_statuses(
        make_status("failed", at=AT, id="wamid.1", errors=[ERROR]),
        make_status("failed", at=AT, id="wamid.1", errors=[transient]),
    )
    await settle()

    again, final = (await reload(message)).errors
    assert (again.code, again.details, again.retryable) == (131000, "a plain string", True)
    assert (final.details, final.href) == ("Message Undeliverable.", "https://example.com/codes")
    assert not final.retryable


async def test_callback_data_finds_message_without_wamid(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    message = await create_outbound(account)
    # `failed` carries no callback data, so it waits until `sent` links its wamid.
    await webhook.post_statuses(make_status("failed", at=AT + 1, id="wamid.1", errors=[ERROR]))
    await settle()
    assert await PendingUpdate.count() == 1

    sent = make_status("sent", at=AT, id="wamid.1", biz_opaque_callback_data=str(message.id))
    await webhook.post_statuses(sent)
    await settle()

    found = await reload(message)
    assert (found.wamid, found.status) == ("wamid.1", MessageStatus.FAILED)
    assert await PendingUpdate.count() == 0


async def test_status_before_its_message_waits_for_it(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    for _ in range(2):
        await webhook.post_statuses(*make_reports("wamid.1")[:3])
    await settle()
    assert await PendingUpdate.count() == 3

    message = await create_outbound(account, wamid="wamid.1")
    await apply_pending_to_message(account.id, "wamid.1", message.id)

    assert (await reload(message)).status is MessageStatus.READ
    assert await PendingUpdate.count() == 0


async def test_foreign_callback_data_finds_nothing(
    webhook: WebhookClient, account: Account, other_account: Account, settle: Settle
) -> None:
    foreign = await create_outbound(other_account, wamid="wamid.1")
    for data in (str(foreign.id), "order-17", "f" * 24, 5, None, {"a": 1}, "$wamid"):
        report = make_status("read", at=AT, id="wamid.1", biz_opaque_callback_data=data)
        await webhook.post_statuses(report)
    await settle()

    found = await reload(foreign)
    assert (found.status, found.callback_data) == (MessageStatus.QUEUED, None)
    # Both texts are kept, all other fields are equal.
    assert await PendingUpdate.count() == 3


async def test_unknown_status_is_kept(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    message = await create_outbound(account, wamid="wamid.1")
    names = ("warned", "$status_rank", "a.b", "cancelled", "received", "warned")
    await webhook.post_statuses(*(make_status(name, at=AT, id="wamid.1") for name in names))
    await settle()

    found = await reload(message)
    assert [one.name for one in found.unknown_statuses] == sorted(set(names))
    assert (found.status, list(found.status_times)) == (MessageStatus.QUEUED, ["queued"])


async def test_status_never_changes_inbound_message(account: Account) -> None:
    message = await create_outbound(account, wamid="wamid.1")
    await message.set({"direction": MessageDirection.INBOUND.value})
    at = datetime.fromtimestamp(AT, UTC)

    update = StatusUpdate(name="read", at=at, wamid="wamid.1", message_id=message.id)
    assert not await record_status(account.id, update)
    assert not await record_status(
        account.id, StatusUpdate(name="read", at=at, message_id=new_id())
    )


async def test_text_that_looks_like_expression_stays_text(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    message = await create_outbound(account, wamid="wamid.1")
    error = {"code": 1, "title": "$wamid", "error_data": {"details": "$$ROOT"}}
    pricing = {"category": "$$NOW", "$set": {"a": 1}, "a.b": 1, "n\0ul": 2}
    report = make_status("failed", at=AT, id="wamid.1", errors=[error], pricing=pricing)
    await webhook.post_statuses(report)
    await settle()

    found = await reload(message)
    assert (found.errors[0].title, found.errors[0].details) == ("$wamid", "$$ROOT")
    assert found.pricing is not None
    assert found.pricing["category"] == "$$NOW"
