"""A contact or an account that is deleted while messages come in leaves nothing behind."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from beanie import Document
from pymongo.errors import AutoReconnect

from models import (
    Account,
    Contact,
    Conversation,
    Erasure,
    Message,
    ParkedItem,
    Partition,
    PendingUpdate,
    Role,
    User,
    WebhookEvent,
)
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id, utc_now
from tests.fixtures.webhooks import CUSTOMER, make_body, make_change, make_message
from tests.fixtures.world import NUMBER
from tests.webhooks.store.test_takeover import run_until_settled
from webhooks.ingest import Ingest
from whatsapp.auth.access import Viewer
from whatsapp.common.crypto import digest_secret
from whatsapp.errors import NotFound
from whatsapp.privacy import account_deletion
from whatsapp.privacy.account_deletion import delete_account, finish_deletions
from whatsapp.privacy.erasure_log import ErasureLog
from whatsapp.privacy.erasures import erase_contact

ADMIN = Viewer(
    workspace_id=DEFAULT_WORKSPACE_ID, credential_id=new_id(), name="an admin", role=Role.ADMIN
)
OF_ACCOUNT: tuple[type[Document], ...] = (Message, Conversation, Contact, Partition)


async def accept(ingest: Ingest, sender: str = CUSTOMER) -> None:
    await accept_all(ingest, [make_message(sender=sender)])


async def accept_all(ingest: Ingest, messages: list[dict[str, Any]]) -> None:
    change = make_change(NUMBER, messages=messages)
    body = json.dumps(make_body(NUMBER, change)).encode()
    await ingest.accept(body, secret_digest=digest_secret(NUMBER.app_secret))


async def check_that_all_belong() -> None:
    """Every message has its conversation, and every conversation its contact."""
    contacts = await collection(Contact).distinct("_id")
    assert not await Conversation.find({"contact_id": {"$nin": contacts}}).count()
    conversations = await collection(Conversation).distinct("_id")
    assert not await Message.find({"conversation_id": {"$nin": conversations}}).count()


async def erase(account: Account) -> None:
    """Erases all contacts, and asks again for interrupted erasures."""
    contacts = await collection(Contact).distinct("_id", {"account_id": account.id})
    unfinished = await collection(Erasure).distinct("_id")
    for contact_id in {*contacts, *unfinished}:
        with suppress(NotFound):  # a concurrent erasure has ended
            await erase_contact(ADMIN, contact_id, ErasureLog(None))


def do_before(
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    action: Callable[[], Awaitable[None]],
    *,
    times: int = 1,
) -> None:
    """Lets the action happen right before the first calls of this function."""
    module, name = path.rsplit(".", 1)
    original = getattr(__import__(module, fromlist=[name]), name)
    left = times

    async def act_first(*args: Any, **more: Any) -> Any:
        nonlocal left
        if left:
            left -= 1
            await action()
        return await original(*args, **more)

    monkeypatch.setattr(path, act_first)


@pytest.mark.parametrize("times", [1, 4])
@pytest.mark.parametrize("is_known", [True, False])
@pytest.mark.parametrize(
    "step",
    [
        "webhooks.apply.messages.get_or_create_contact",
        "webhooks.apply.messages.get_or_create_conversation",
        "webhooks.apply.messages.store_messages",
        "whatsapp.messages.early_updates.update_summaries",
    ],
)
async def test_contact_erased_between_two_steps_leaves_no_orphan(
    connected: Account,
    ingest: Ingest,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    is_known: bool,
    times: int,
) -> None:
    if is_known:
        await accept(ingest)
        await run_until_settled(ingest)
    do_before(monkeypatch, step, lambda: erase(connected), times=times)

    await accept(ingest)
    await run_until_settled(ingest)

    await check_that_all_belong()
    assert await Conversation.count() == await Contact.count()
    assert await ParkedItem.count() == 0


@pytest.mark.parametrize(
    "step",
    [
        "whatsapp.privacy.erasures.remove_conversations_with_messages",
        "whatsapp.messages.removal.mark_erased",
        "whatsapp.privacy.erasures.detach_user",
    ],
)
async def test_message_during_erasure_leaves_no_orphan(
    connected: Account, ingest: Ingest, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    await accept(ingest)
    await run_until_settled(ingest)
    # A contact with only a reaction has no conversation yet.
    await collection(Message).delete_many({})
    await collection(Conversation).delete_many({})

    async def receive() -> None:
        await accept(ingest)
        await run_until_settled(ingest)

    do_before(monkeypatch, step, receive)
    await erase(connected)

    await check_that_all_belong()
    assert await ParkedItem.count() == 0


def make_reaction(number: int) -> dict[str, Any]:
    content = {"message_id": "wamid.NEVER", "emoji": "👍"}
    return make_message("reaction", content, sender=f"165055500{number:02}")


def make_text(number: int) -> dict[str, Any]:
    message = make_message(from_user_id=f"US.{number}")
    del message["from"]
    return message


@pytest.mark.parametrize("make", [make_reaction, make_text])
@pytest.mark.parametrize(
    ("step", "customers"),
    [
        ("whatsapp.contacts.contacts.link_user", 1),
        ("whatsapp.conversations.new_contacts._link_users", 2),
    ],
)
async def test_contact_erased_before_user_leaves_none(
    connected: Account,
    ingest: Ingest,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[int], dict[str, Any]],
    step: str,
    customers: int,
) -> None:
    do_before(monkeypatch, step, lambda: erase(connected))

    messages = [make(number) for number in range(customers)]
    await accept_all(ingest, messages)
    await run_until_settled(ingest)

    linked = await collection(Contact).distinct("user_id")
    assert await User.count() == len(linked) == await Contact.count()
    assert await PendingUpdate.count() == await Contact.count() * (make is make_reaction)
    assert await ParkedItem.count() == 0


async def test_erasure_includes_updates_of_unknown_messages(
    connected: Account, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    do_before(monkeypatch, "webhooks.apply.messages.record_amendment", lambda: erase(connected))

    said = {"type": "text", "text": {"body": "private"}}
    content = {"original_message_id": "wamid.NEVER", "message": said}
    await accept_all(ingest, [make_message("edit", content)])
    await run_until_settled(ingest)

    assert (await PendingUpdate.count(), await Contact.count(), await User.count()) == (0, 0, 0)
    assert await ParkedItem.count() == 0


async def test_interrupted_erasure_is_finished_by_retry(
    connected: Account, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = (
        "contacts.contact_management",
        "contacts.user_linking",
        "contacts.users",
        "conversations.conversations",
        "media.media",
        "messages.removal",
        "common.erased_people",
        "privacy.erasures",
        "privacy.traces",
        "privacy.people_index",
    )
    left = 0

    def reach_or_end(document_class: type[Document]) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise AutoReconnect("the process ends here")
        return collection(document_class)

    is_whole, steps = False, 0
    while not is_whole:
        # Each message is of a later second than the erasure before it.
        later = int(utc_now().timestamp()) + 1 + steps
        await accept_all(ingest, [make_message(at=later)])
        await run_until_settled(ingest)
        left, is_whole, steps = steps, True, steps + 1
        with monkeypatch.context() as patch:
            for module in modules:
                patch.setattr(f"whatsapp.{module}.collection", reach_or_end)
            try:
                await erase(connected)
            except AutoReconnect:
                is_whole = False
        await erase(connected)

        for document_class in (Message, Conversation, Contact, User, Erasure):
            assert await document_class.count() == 0, (document_class, steps)
        assert await WebhookEvent.find({"body": {"$ne": b""}}).count() == 0, steps
    assert steps > 30


async def test_concurrent_erasures_leave_no_orphans(connected: Account, ingest: Ingest) -> None:
    running = asyncio.create_task(ingest.run())
    for _ in range(10):
        posts = [accept(ingest, f"165055500{number:02}") for number in range(20)]
        await asyncio.gather(*posts, erase(connected))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await run_until_settled(ingest)

    await check_that_all_belong()
    assert await ParkedItem.count() == 0


async def test_account_deleted_while_messages_come_in_leaves_nothing(
    connected: Account, ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    do_before(
        monkeypatch,
        "webhooks.apply.messages.store_messages",
        lambda: delete_account(connected, ErasureLog(None)),
    )

    await accept(ingest)
    await run_until_settled(ingest)
    await finish_deletions(ErasureLog(None))

    for document_class in OF_ACCOUNT:
        assert await document_class.count() == 0, document_class
    assert await User.count() == 0


async def test_deleted_account_keeps_no_secret_and_is_forgotten(
    connected: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    await delete_account(connected, ErasureLog(None))

    left = await collection(Account).find_one({"_id": connected.id})
    secrets = (connected.access_token, connected.app_secret, connected.verify_token)
    assert not any(str(secret) in str(left) for secret in secrets)
    long_ago = utc_now() - account_deletion.SETTLING - timedelta(seconds=1)
    await Account.find_all().update({"$set": {"deleted_at": long_ago}})
    await finish_deletions(ErasureLog(None))
    assert await Account.count() == 0
