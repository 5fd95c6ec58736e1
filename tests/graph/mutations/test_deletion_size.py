"""Deletions cost in proportion to the deleted documents, and survive killed processes."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from models import (
    DOCUMENTS,
    Account,
    Contact,
    Conversation,
    Erasure,
    Message,
    PendingUpdate,
    User,
)
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id, to_bson, utc_now
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.timeouts import with_timeouts
from whatsapp.accounts.accounts import create_account
from whatsapp.common.crypto import KeyRing
from whatsapp.media.media import mark_erased
from whatsapp.privacy.account_deletion import SETTLING, finish_deletions
from whatsapp.privacy.erasure_log import ErasureLog
from whatsapp.privacy.erasures import ABANDONED, finish_erasures

Database = AsyncDatabase[dict[str, Any]]
DELETE_ACCOUNT = """mutation ($id: ID!) { deleteAccount(input: {accountId: $id}) {
  deletedAccountId userErrors { code } } }"""
DELETE_CONTACT = """mutation ($id: ID!) { deleteContact(input: {contactId: $id}) {
  deletedContactId userErrors { code } } }"""
OTHERS = 3000


class Profile:
    """The commands that MongoDB ran in this database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def start(self) -> None:
        await self._database.command("profile", 2)

    async def stop(self) -> list[dict[str, Any]]:
        await self._database.command("profile", 0)
        # Except the dispatcher's polling.
        own = {
            "ns": {"$not": {"$regex": r"\.(system\.|leases|schema)"}},
            "command.aggregate": {"$ne": "accounts"},
        }
        return await self._database["system.profile"].find(own).to_list()


@pytest.fixture
async def profile(database: Database) -> AsyncIterator[Profile]:
    yield Profile(database)
    await database.command("profile", 0)
    await database["system.profile"].drop()


def make_text(conversation: Conversation, text: str) -> dict[str, Any]:
    message = Message(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=conversation.account_id,
        conversation_id=conversation.id,
        contact_id=conversation.contact_id,
        direction="INBOUND",
        type="text",
        text=text,
        wamid=f"wamid.{new_id()}",
        timestamp=utc_now(),
        status_rank=0,
    )
    return to_bson(message)


async def add_customer(account: Account, *, messages: int, user: User | None = None) -> Contact:
    contact_id = new_id()
    identity = {"kind": "wa_id", "value": str(contact_id)}
    contact = Contact(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id=contact_id,
        account_id=account.id,
        identities=[identity],
        user_id=user.id if user else None,
    )
    await contact.insert()
    conversation = Conversation(
        workspace_id=DEFAULT_WORKSPACE_ID, account_id=account.id, contact_id=contact.id
    )
    await conversation.insert()
    texts = [make_text(conversation, f"text {number}") for number in range(messages)]
    await collection(Message).insert_many(texts)
    return contact


async def add_waiting(account: Account, *, statuses: int) -> None:
    waiting = [
        PendingUpdate(
            workspace_id=DEFAULT_WORKSPACE_ID,
            id=str(new_id()),
            account_id=account.id,
            wamid=f"wamid.never{number}",
            kind="status",
            change={"status": "DELIVERED"},
        )
        for number in range(statuses)
    ]
    await collection(PendingUpdate).insert_many([to_bson(one) for one in waiting])


def check_cost(commands: list[dict[str, Any]], *, examined: int) -> None:
    """Nothing was scanned, and no command read more than it needed."""
    assert [one["command"] for one in commands if one.get("planSummary") == "COLLSCAN"] == []
    assert max(one.get("docsExamined", 0) for one in commands) <= examined
    assert sum(one.get("docsExamined", 0) for one in commands) <= 10 * examined


async def test_account_deletion_reads_only_its_own(
    admin: GraphQLClient, account: Account, other_account: Account, profile: Profile
) -> None:
    await add_customer(other_account, messages=OTHERS)
    await add_waiting(other_account, statuses=OTHERS)
    user = User(
        workspace_id=DEFAULT_WORKSPACE_ID, name="Ada", from_contact=True, account_ids=[account.id]
    )
    await user.insert()
    await add_customer(account, messages=100, user=user)
    await profile.start()

    answer = (await admin(DELETE_ACCOUNT, id=id_of(account)))["deleteAccount"]

    check_cost(await profile.stop(), examined=200)
    assert answer["userErrors"] == []
    assert await Message.find({"account_id": account.id}).count() == 0
    assert await User.count() == 0
    assert await Message.find({"account_id": other_account.id}).count() == OTHERS
    assert await PendingUpdate.find({"account_id": other_account.id}).count() == OTHERS


async def test_contact_deletion_reads_only_its_own(
    admin: GraphQLClient, account: Account, profile: Profile
) -> None:
    await add_customer(account, messages=OTHERS)
    await add_waiting(account, statuses=OTHERS)
    contact = await add_customer(account, messages=100)
    await profile.start()

    answer = (await admin(DELETE_CONTACT, id=encode_id("Contact", contact.id)))["deleteContact"]

    check_cost(await profile.stop(), examined=200)
    assert answer["userErrors"] == []
    assert await Message.find({"contact_id": contact.id}).count() == 0
    assert await Contact.find({"_id": contact.id}).count() == 0
    assert await Message.find({}).count() == OTHERS
    assert await PendingUpdate.find({}).count() == OTHERS
    assert await Erasure.count() == 0


@with_timeouts(account_removal_seconds=0.0)
async def test_deletion_of_large_account_ends_in_background(
    admin: GraphQLClient, keyring: KeyRing, account: Account
) -> None:
    await add_customer(account, messages=2500)

    await admin(DELETE_ACCOUNT, id=id_of(account))

    assert await admin("query ($id: ID!) { account(id: $id) { name } }", id=id_of(account)) == {
        "account": None
    }
    # Its number may be connected again at once.
    await create_account(
        keyring,
        workspace_id=DEFAULT_WORKSPACE_ID,
        name="Again",
        phone_number_id=account.phone_number_id,
        business_account_id=account.business_account_id,
        access_token="another",
    )
    await finish_deletions(ErasureLog(None))
    assert await Message.count() == 0
    assert await Contact.count() == 0
    deleted_at = utc_now() - SETTLING - timedelta(seconds=1)
    await collection(Account).update_one({"_id": account.id}, {"$set": {"deleted_at": deleted_at}})
    await finish_deletions(ErasureLog(None))
    assert [one.name for one in await Account.find_all().to_list()] == ["Again"]


async def test_erasure_of_killed_process_is_continued(
    admin: GraphQLClient, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact = await add_customer(account, messages=2500)
    kept = await add_customer(account, messages=3)
    calls: list[dict[str, Any]] = []

    async def fail_later(query: dict[str, Any]) -> None:
        calls.append(query)
        if len(calls) == 2:
            raise RuntimeError("killed")
        await mark_erased(query)

    with monkeypatch.context() as patched:
        patched.setattr("whatsapp.messages.removal.mark_erased", fail_later)
        code = await admin.find_error_code(DELETE_CONTACT, id=encode_id("Contact", contact.id))
    assert code == "INTERNAL_SERVER_ERROR"
    assert await Message.find({"contact_id": contact.id}).count() == 1500

    await finish_erasures(ErasureLog(None))  # its process may be at it still
    assert await Message.find({"contact_id": contact.id}).count() == 1500
    await Erasure.find_all().update({"$set": {"requested_at": utc_now() - 2 * ABANDONED}})
    await finish_erasures(ErasureLog(None))

    assert await Message.find({"contact_id": contact.id}).count() == 0
    assert [one.id for one in await Contact.find_all().to_list()] == [kept.id]
    assert await Message.count() == 3
    assert await Erasure.count() == 0


async def test_account_deletion_removes_documents_of_every_kind(
    admin: GraphQLClient, account: Account, subtests: pytest.Subtests
) -> None:
    kinds = [kind for kind in DOCUMENTS if "account_id" in kind.model_fields]
    for kind in kinds:
        fields = {"_id": new_id(), "account_id": account.id, "wamid": str(new_id())}
        await collection(kind).insert_one(fields)
    conversations = collection(Conversation)
    await conversations.update_many({}, {"$set": {"contact_id": new_id()}})

    await admin(DELETE_ACCOUNT, id=id_of(account))

    for kind in kinds:
        with subtests.test(kind=kind.__name__):
            # The bytes of a file go first; until then its document is invisible.
            left = {"account_id": account.id, "erased_at": None}
            assert await collection(kind).count_documents(left) == 0, kind
