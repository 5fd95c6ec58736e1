"""Merging contacts through the graph: result, permissions, concurrent webhooks."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from beanie import Document

from models import (
    Account,
    AuditEntry,
    Contact,
    ContactMerge,
    Conversation,
    Identity,
    IdentityKind,
    Message,
    PendingUpdate,
    Role,
    User,
)
from models.database.base import collection, utc_now
from telemetry.global_ids import encode_id
from tests.fixtures.agents import create_agents
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, conversation_id, id_of, write_message
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER
from whatsapp.contacts.contact_identities import learn_identities
from whatsapp.merging import merged_history
from whatsapp.merging.merged_history import finish_merges, move_history

PHONE, BSUID = "15550001111", "US.5550201"
MERGE = """mutation ($id: ID!, $into: ID!) {
  mergeContacts(input: { contactId: $id, intoContactId: $into }) {
    contact { id waId phoneNumber businessScopedUserId profileName name tags attributes
      marketingOptOut possibleDuplicates { id } user { id name email }
      conversation { id unreadCount tags assignee { name } lastMessage { text }
        messages(first: 50) { edges { node { text contact { id } } } } } }
    userErrors { code field message } } }"""
UPDATE = """mutation ($input: UpdateContactInput!) {
  updateContact(input: $input) { userErrors { code } } }"""
CONTACT = "query ($id: ID!) { contact(id: $id) { id } }"
SEND = """mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
  message { id contact { id } } userErrors { code } } }"""
DELETE = """mutation ($id: ID!) { deleteContact(input: { contactId: $id }) {
  deletedContactId userErrors { code } } }"""


async def merge(client: GraphQLClient, merged: Any, left: Any) -> dict[str, Any]:
    given = {"id": _global_id(merged), "into": _global_id(left)}
    payload: dict[str, Any] = (await client(MERGE, **given))["mergeContacts"]
    return payload


def _global_id(one: Any) -> str:
    return contact_id(one) if isinstance(one, Message) else id_of(one)


@pytest.fixture
async def by_phone(account: Account) -> Message:
    for minutes in (50, 40, 30):
        at = utc_now() - timedelta(minutes=minutes)
        said = await write_message(account, PHONE, f"phone {minutes}", name="Ada", at=at)
    return said


@pytest.fixture
async def by_id(account: Account) -> Message:
    identity = Identity(kind=IdentityKind.BSUID, value=BSUID)
    for minutes in (45, 35, 20):
        at = utc_now() - timedelta(minutes=minutes)
        text = f"id {minutes}"
        said = await write_message(account, "", text, name="Ada by id", at=at, identity=identity)
    return said


async def snapshot() -> dict[str, Any]:
    """Returns all documents of contacts and messages without internal times."""
    kinds: list[type[Document]] = [Contact, Conversation, Message, User, PendingUpdate]
    stored = {}
    for kind in kinds:
        found = await collection(kind).find().sort("_id", 1).to_list()
        hidden = {"updated_at", "merged_at"}
        stored[kind.__name__] = [
            {name: value for name, value in one.items() if name not in hidden} for one in found
        ]
    return stored


async def test_merge_joins_contacts_and_histories(
    agent: GraphQLClient, by_phone: Message, by_id: Message
) -> None:
    phone, user_id = contact_id(by_phone), contact_id(by_id)
    values = {"tags": ["vip", "de"], "attributes": {"a": 1, "b": 2}, "marketingOptOut": True}
    await agent(UPDATE, input={"contactId": phone, **values})
    values = {"tags": ["de", "new"], "attributes": {"b": 3}, "name": "Ada L."}
    await agent(UPDATE, input={"contactId": user_id, **values})
    _, assignee = await create_agents("Kim", "Lee")
    conversation = {"tags": ["open"], "assignee_id": assignee.id}
    await collection(Conversation).update_one(
        {"_id": by_phone.conversation_id}, {"$set": conversation}
    )

    done = await merge(agent, by_phone, by_id)

    assert done["userErrors"] == []
    contact = done["contact"]
    assert (contact["id"], contact["waId"]) == (user_id, PHONE)
    assert (contact["phoneNumber"], contact["businessScopedUserId"]) == (f"+{PHONE}", BSUID)
    assert (contact["profileName"], contact["name"]) == ("Ada by id", "Ada L.")
    assert (contact["tags"], contact["attributes"]) == (["de", "new", "vip"], {"a": 1, "b": 3})
    assert (contact["marketingOptOut"], contact["possibleDuplicates"]) == (True, [])
    shown = contact["conversation"]
    assert shown["id"] == conversation_id(by_id)
    assert (shown["unreadCount"], shown["tags"]) == (6, ["open"])
    assert shown["assignee"] == {"name": "Lee"}
    assert shown["lastMessage"] == {"text": "id 20"}
    assert [edge["node"] for edge in shown["messages"]["edges"]] == [
        {"text": text, "contact": {"id": user_id}}
        for text in ("id 20", "phone 30", "id 35", "phone 40", "id 45", "phone 50")
    ]
    assert (await agent(CONTACT, id=phone))["contact"] is None
    kinds: list[Any] = [Contact, Conversation, User]
    assert [await kind.count() for kind in kinds] == [1, 1, 1]


async def test_repeated_merge_changes_nothing(
    agent: GraphQLClient, by_phone: Message, by_id: Message
) -> None:
    first = await merge(agent, by_phone, by_id)
    before = await snapshot()

    again = await merge(agent, by_phone, by_id)

    assert again == first
    assert await snapshot() == before


async def test_merge_is_audited(agent: GraphQLClient, by_phone: Message, by_id: Message) -> None:
    await merge(agent, by_phone, by_id)

    entry = await AuditEntry.find_one({"action": "CONTACTS_MERGED"})
    assert entry is not None
    assert {one.id for one in entry.targets} == {str(by_phone.contact_id), str(by_id.contact_id)}
    assert (entry.outcome, entry.account_ids) == ("DONE", [by_id.account_id])


async def test_refused_merges_change_nothing(
    make_client: Callable[..., Awaitable[GraphQLClient]],
    agent: GraphQLClient,
    by_phone: Message,
    account: Account,
    other_account: Account,
) -> None:
    elsewhere = await write_message(other_account, "15550002222", "Hi")
    limited = await make_client(Role.AGENT, [account])
    viewer = await make_client(Role.VIEWER, [account])
    before = await snapshot()

    same = await merge(agent, by_phone, by_phone)
    other = await merge(agent, by_phone, elsewhere)
    unseen = [
        await merge(limited, *pair) for pair in ((by_phone, elsewhere), (elsewhere, by_phone))
    ]
    forbidden = await viewer.post(MERGE, id=contact_id(by_phone), into=contact_id(by_phone))

    errors = [one["userErrors"][0] for one in (same, other, *unseen)]
    assert [(one["code"], one["field"]) for one in errors] == [
        ("INVALID_INPUT", ["intoContactId"]),
        ("INVALID_INPUT", ["intoContactId"]),
        ("NOT_FOUND", ["intoContactId"]),
        ("NOT_FOUND", ["contactId"]),
    ]
    assert forbidden["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert await snapshot() == before
    assert await ContactMerge.count() == 0


STEPS = [
    "_rename_author",
    "get_or_create_conversation",
    "_move_settled",
    "_move_queued",
    "_combine_summaries",
    "_rename_reactions",
    "_set_due",
]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
async def test_interrupted_merge_is_finished(
    account: Account,
    agent: GraphQLClient,
    by_phone: Message,
    by_id: Message,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    is_before: bool,
) -> None:
    """By a repeated mutation, or else by the background job."""
    original = getattr(merged_history, step)

    async def fail(*args: Any) -> Any:
        if not is_before:
            await original(*args)
        raise RuntimeError("killed")

    monkeypatch.setattr(merged_history, step, fail)
    answer = await agent.post(MERGE, id=contact_id(by_phone), into=contact_id(by_id))
    monkeypatch.setattr(merged_history, step, original)

    assert answer["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    if is_before:
        await finish_merges()
    else:
        assert (await merge(agent, by_phone, by_id))["userErrors"] == []
    assert await list_texts(by_id) == [
        "phone 50",
        "id 45",
        "phone 40",
        "id 35",
        "phone 30",
        "id 20",
    ]
    assert await Conversation.count() == 1


async def list_texts(said: Message) -> list[str | None]:
    found = Message.find({"conversation_id": said.conversation_id, "contact_id": said.contact_id})
    return [one.text for one in await found.sort("timestamp", "_id").to_list()]


async def test_concurrent_messages_follow_remaining_contact(
    webhook: WebhookClient, agent: GraphQLClient, account: Account
) -> None:
    """Under either identity, during several merges."""
    people = [(f"1555000{number:04}", f"US.{number}") for number in range(100, 106)]
    await asyncio.gather(*(post_text(webhook, **name) for pair in people for name in names(pair)))
    await wait_for_messages(2 * len(people))
    contacts = {
        identity.value: one for one in await Contact.find().to_list() for identity in one.identities
    }

    async def write_on(pair: tuple[str, str]) -> None:
        for _ in range(5):
            await asyncio.gather(*(post_text(webhook, **name) for name in names(pair)))

    merges = [merge(agent, contacts[phone], contacts[user_id]) for phone, user_id in people]
    done = await asyncio.gather(*merges, *(write_on(pair) for pair in people))
    await wait_for_messages(12 * len(people))
    await finish_now()

    assert [one["userErrors"] for one in done if one] == [[]] * len(people)
    left = {contacts[user_id].id for _, user_id in people}
    assert {one.id for one in await Contact.find().to_list()} == left
    assert await Conversation.count() == len(people)
    for conversation in await Conversation.find().to_list():
        said = {"conversation_id": conversation.id, "contact_id": conversation.contact_id}
        assert await Message.find(said).count() == 12
        newest = await Message.find(said).sort("-timestamp", "-_id").first_or_none()
        assert newest is not None
        assert conversation.last_message_id == newest.id


def names(pair: tuple[str, str]) -> list[dict[str, str]]:
    return [{"wa_id": pair[0]}, {"user_id": pair[1]}]


async def post_text(webhook: WebhookClient, **ids: str) -> None:
    message = make_message()
    del message["from"]
    message |= {{"wa_id": "from", "user_id": "from_user_id"}[key]: one for key, one in ids.items()}
    change = make_change(NUMBER, messages=[message], contacts=[ids])
    await webhook.deliver(make_body(NUMBER, change))


async def wait_for_messages(count: int) -> None:
    async def have_come() -> bool:
        return await Message.count() == count

    await eventually(have_come)


async def finish_now() -> None:
    """As the background does it later, without the wait."""
    for one in await ContactMerge.find().to_list():
        await move_history(one.model_copy(update={"due_at": utc_now()}))


async def test_old_ids_send_to_remaining_contact(
    agent: GraphQLClient, by_phone: Message, by_id: Message, subtests: pytest.Subtests
) -> None:
    """An open app may not have heard of the merge yet."""
    await merge(agent, by_phone, by_id)

    for to in ({"contactId": contact_id(by_phone)}, {"conversationId": conversation_id(by_phone)}):
        with subtests.test(recipient=next(iter(to))):
            done = (await agent(SEND, input={"to": to, "content": {"text": {"body": "Hi"}}}))[
                "sendMessage"
            ]

            assert done["userErrors"] == []
            assert done["message"]["contact"] == {"id": contact_id(by_id)}
    assert await Conversation.count() == 1


async def test_erasing_remaining_contact_erases_unmoved_messages(
    admin: GraphQLClient, by_phone: Message, by_id: Message, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_args: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(merged_history, "_move_settled", fail)
        await admin.post(MERGE, id=contact_id(by_phone), into=contact_id(by_id))

    erased = await admin(DELETE, id=contact_id(by_id))

    assert erased["deleteContact"]["userErrors"] == []
    await finish_now()
    kinds: list[Any] = [Contact, Conversation, Message, User]
    assert [await kind.count() for kind in kinds] == [0, 0, 0, 0]


async def test_merges_in_row_lead_to_last_contact(
    agent: GraphQLClient, account: Account, by_phone: Message, by_id: Message
) -> None:
    third = await write_message(account, "15550003333", "third")

    await merge(agent, by_phone, by_id)
    await merge(agent, by_id, third)
    to = {"contactId": contact_id(by_phone)}
    done = (await agent(SEND, input={"to": to, "content": {"text": {"body": "Hi"}}}))["sendMessage"]
    again = await merge(agent, by_phone, by_id)

    assert done["message"]["contact"] == {"id": contact_id(third)}
    assert again["userErrors"] == []
    assert again["contact"]["id"] == contact_id(third)
    assert await Message.find({"contact_id": third.contact_id}).count() == 8


async def test_reactions_and_pending_updates_follow_author(
    agent: GraphQLClient,
    webhook: WebhookClient,
    account: Account,
    by_phone: Message,
    by_id: Message,
) -> None:
    reaction = {"contact_id": by_phone.contact_id, "at": utc_now(), "wamid": "w", "emoji": "x"}
    await collection(Message).update_many({}, {"$set": {"reactions": [reaction]}})
    pending = make_message("reaction", {"message_id": "wamid.LATER", "emoji": "y"}, sender=PHONE)
    await webhook.post_messages(pending)

    async def waits() -> bool:
        return await PendingUpdate.count() == 1

    await eventually(waits)

    await merge(agent, by_phone, by_id)

    for message in await Message.find().to_list():
        assert [one["contact_id"] for one in message.reactions] == [by_id.contact_id]
    [update] = await PendingUpdate.find().to_list()
    assert update.change["contact_id"] == by_id.contact_id


@pytest.mark.parametrize("is_staff_made", [True, False])
async def test_common_user_survives_merge(
    agent: GraphQLClient, by_phone: Message, by_id: Message, is_staff_made: bool
) -> None:
    contact = await Contact.get(by_phone.contact_id)
    assert contact is not None
    made = {"from_contact": not is_staff_made, "email": "ada@example.org", "attributes": {"crm": 1}}
    await collection(User).update_one({"_id": contact.user_id}, {"$set": made})

    done = await merge(agent, by_phone, by_id)

    [user] = await User.find({"email": "ada@example.org"}).to_list()
    assert done["contact"]["user"]["id"] == encode_id("User", user.id)
    assert (user.phone, user.attributes) == (f"+{PHONE}", {"crm": 1})
    assert is_staff_made == (user.id == contact.user_id)


async def test_user_of_another_account_stays(
    agent: GraphQLClient, other_account: Account, by_phone: Message, by_id: Message
) -> None:
    elsewhere = await write_message(other_account, PHONE, "Hello there", name="Ada")

    await merge(agent, by_phone, by_id)

    contact = await Contact.get(elsewhere.contact_id)
    assert contact is not None
    user = await User.get(contact.user_id)
    assert user is not None
    assert user.account_ids == [other_account.id]


async def test_merged_contact_passes_on_duplicates(
    agent: GraphQLClient, account: Account, by_phone: Message, by_id: Message
) -> None:
    third = await write_message(account, "15550003333", "third")
    contact = await Contact.get(by_phone.contact_id)
    assert contact is not None
    for value, kind in ((BSUID, IdentityKind.BSUID), ("15550003333", IdentityKind.WA_ID)):
        await learn_identities(contact, [Identity(kind=kind, value=value)])

    done = await merge(agent, by_phone, by_id)

    assert done["contact"]["possibleDuplicates"] == [{"id": contact_id(third)}]
    other = await Contact.get(third.contact_id)
    assert other is not None
    assert other.duplicate_ids == [by_id.contact_id]
