"""Filters of the inbox: tags and waiting customers, each from an index."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from graph.core.ids import parse_id
from models import Account, Contact, Conversation, Message, MessageDirection, Role
from models.connection import prepare_database
from models.database.base import collection, utc_now
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.migrations import migrate_again
from tests.fixtures.said import contact_id, id_of, write_message
from tests.graph.types.test_contact_filters import add_contacts, make_contact
from whatsapp.conversations.conversations import update_summary

Json = dict[str, Any]
LIST = """query ($filter: ConversationFilter, $accountId: ID) {
  conversations(filter: $filter, accountId: $accountId, first: 20) {
    nodes { waitingSince contact { phoneNumber } } } }"""
START = timedelta(hours=2)


async def find(client: GraphQLClient, **filter: Any) -> set[str]:
    nodes = (await client(LIST, filter=filter))["conversations"]["nodes"]
    return {node["contact"]["phoneNumber"][-1] for node in nodes}


async def write(account: Account, phone: str, minutes: int, *, answer: bool = False) -> Message:
    """Stores a message of this customer, or an answer, some minutes after the start."""
    way = MessageDirection.OUTBOUND if answer else MessageDirection.INBOUND
    at = utc_now() - START + timedelta(minutes=minutes)
    return await write_message(account, f"1555000000{phone}", "x", at=at, direction=way)


async def test_tags_match_all_or_any(admin: GraphQLClient, account: Account) -> None:
    for phone, given in (("1", "a"), ("2", "ab"), ("3", "bc"), ("4", "")):
        message = await write(account, phone, 0)
        change = {"$set": {"tags": [*given]}}
        await collection(Conversation).update_one({"_id": message.conversation_id}, change)
        await collection(Contact).update_one({"_id": message.contact_id}, change)
    contacts = """query ($filter: ContactFilter) { contacts(filter: $filter) {
      nodes { phoneNumber } } }"""

    filters: list[tuple[Json, set[str]]] = [
        ({"all": ["a", "b"]}, {"2"}),
        ({"any": ["a", "c"]}, {"1", "2", "3"}),
        ({"all": ["b"], "any": ["a", "c"]}, {"2", "3"}),
        ({"all": [], "any": []}, {"1", "2", "3", "4"}),
    ]
    for tags, expected in filters:
        assert await find(admin, tags=tags) == expected
        nodes = (await admin(contacts, filter={"tags": tags}))["contacts"]["nodes"]
        assert {node["phoneNumber"][-1] for node in nodes} == expected
    too_many = {"tags": {"any": [f"{number}" for number in range(51)]}}
    assert await admin.find_error_code(LIST, filter=too_many) == "BAD_USER_INPUT"


async def test_customers_who_wait(admin: GraphQLClient, account: Account) -> None:
    await write(account, "1", 0)
    await write(account, "1", 10)
    await write(account, "2", 0)
    await write(account, "2", 5, answer=True)
    await write(account, "3", 0, answer=True)
    first = await write(account, "3", 30)
    await write(account, "3", 40)

    assert await find(admin, waiting=True) == {"1", "3"}
    assert await find(admin, waiting=False) == {"2"}
    since = (utc_now() - START + timedelta(minutes=20)).isoformat()
    assert await find(admin, waitingSince=since) == {"1"}
    conversation = await Conversation.get(first.conversation_id)
    assert conversation is not None
    assert conversation.waiting_since == first.timestamp


async def test_late_answer_ends_wait_for_earlier_messages_only(account: Account) -> None:
    for minutes in (0, 10):
        await write(account, "1", minutes)
    newest = await write(account, "1", 30)
    answer = await write(account, "1", 20, answer=True)

    await update_summary(answer)

    conversation = await Conversation.get(newest.conversation_id)
    assert conversation is not None
    assert conversation.unanswered_at == [newest.timestamp]


async def test_unanswered_messages_of_before_are_found(
    account: Account, database: AsyncDatabase[Json]
) -> None:
    await write(account, "1", 0)
    await write(account, "1", 5, answer=True)
    message = await write(account, "1", 10)
    kept = await Conversation.get(message.conversation_id)
    fields = {"unanswered_at": "", "last_outbound_at": ""}
    await collection(Conversation).update_many({}, {"$unset": fields})

    await migrate_again(database)

    assert await Conversation.get(message.conversation_id) == kept


OTHERS = 300
FILTERS: list[tuple[Json, str]] = [
    ({"tags": {"any": ["a", "b"]}}, "tags: 1"),
    ({"tags": {"all": ["a"]}, "statuses": ["OPEN"], "windowOpen": True}, "last_activity_at: -1"),
    ({"waiting": True}, "account_id: 1, last_activity_at: -1"),
    ({"waitingSince": utc_now().isoformat(), "assignee": {"none": True}}, "account_id: 1"),
    ({"windowOpen": True}, "last_activity_at: -1"),
    ({"unread": True}, ""),
    ({"statuses": ["CLOSED"]}, "account_id: 1, status: 1"),
    ({"assignee": {"none": False}}, "account_id: 1"),
]


@pytest.fixture
async def profile(
    database: AsyncDatabase[Json], account: Account, other_account: Account
) -> AsyncIterator[AsyncDatabase[Json]]:
    """The database with its profiler on, and answered conversations in two accounts."""
    old = utc_now() - timedelta(days=3)
    await collection(Conversation).insert_many(
        {
            "account_id": owner.id,
            "contact_id": f"{owner.id} {number}",
            "status": "OPEN",
            "assignee_id": None,
            "tags": [],
            "unanswered_at": [],
            "last_inbound_at": old,
            "last_activity_at": old + timedelta(seconds=number),
        }
        for owner in (account, other_account)
        for number in range(OTHERS)
    )
    for phone in ("1", "2", "3"):
        message = await write(account, phone, 0)
        await collection(Conversation).update_one(
            {"_id": message.conversation_id}, {"$set": {"tags": ["a"]}}
        )
    await database.command("planCacheClear", "conversations")
    await database.command("profile", 0)
    await database.drop_collection("system.profile")
    await database.command("profile", 2)
    yield database
    await database.command("profile", 0)


async def test_filters_read_no_other_conversations(
    admin: GraphQLClient,
    account: Account,
    profile: AsyncDatabase[Json],
    subtests: pytest.Subtests,
) -> None:
    query = {"ns": f"{profile.name}.conversations", "op": "query"}
    for accounts in ({}, {"accountId": id_of(account)}):
        for conditions, index in FILTERS:
            with subtests.test(conditions=conditions, accounts=accounts):
                await admin(LIST, filter=conditions, **accounts)
                entry = (await profile["system.profile"].find(query).to_list())[-1]
                assert index in entry["planSummary"], entry["planSummary"]
                assert entry["docsExamined"] <= 10, entry["planSummary"]


async def test_foreign_conversations_cost_a_filter_nothing(
    make_client: Any,
    admin: GraphQLClient,
    account: Account,
    other_account: Account,
    profile: AsyncDatabase[Json],
    subtests: pytest.Subtests,
) -> None:
    agent = (await admin("{ viewer { agent { id } } }"))["viewer"]["agent"]["id"]
    agent_id = parse_id(agent, "Agent")
    # Those of the other account match every filter and are the newest.
    await collection(Conversation).update_many(
        {"account_id": other_account.id},
        {"$set": {"status": "CLOSED", "assignee_id": agent_id, "last_activity_at": utc_now()}},
    )
    own = await collection(Conversation).find_one({"account_id": account.id, "tags": "a"})
    assert own is not None
    await collection(Conversation).update_one(
        {"_id": own["_id"]}, {"$set": {"status": "CLOSED", "assignee_id": agent_id}}
    )
    limited = await make_client(Role.VIEWER, [account])
    counts = """query ($filters: [ConversationFilter!]!) {
      conversationCounts(filters: $filters) { value } }"""
    filters: list[Json] = [{"statuses": ["CLOSED"]}, {"assignee": {"is": agent}}]
    filters.append(filters[0] | filters[1])
    for conditions in filters:
        with subtests.test(conditions=conditions):
            await profile.command("planCacheClear", "conversations")
            listed = await limited(LIST, filter=conditions)
            counted = await limited(counts, filters=[conditions])
            assert len(listed["conversations"]["nodes"]) == 1
            assert counted == {"conversationCounts": [{"value": 1}]}
            reads = {"ns": f"{profile.name}.conversations", "op": {"$in": ["query", "command"]}}
            entries = await profile["system.profile"].find(reads).sort("$natural", -1).to_list(2)
            for entry in entries:
                assert entry["keysExamined"] <= 5, entry["planSummary"]
                assert entry["docsExamined"] <= 1, entry["planSummary"]


async def test_unscoped_indexes_are_dropped_after_successors(
    account: Account, database: AsyncDatabase[Json]
) -> None:
    conversations = collection(Conversation)
    for name, field in (("activity_by_status", "status"), ("activity_by_assignee", "assignee_id")):
        await conversations.create_index([(field, 1), ("last_activity_at", -1)], name=name)
        await conversations.drop_index(f"activity_of_account_by_{field.removesuffix('_id')}")

    await prepare_database(database)
    before = {*await conversations.index_information()}
    await migrate_again(database)

    names = {"activity_of_account_by_status", "activity_of_account_by_assignee"}
    assert names <= before
    assert names <= {*await conversations.index_information()}
    assert not {"activity_by_status", "activity_by_assignee"} & {
        *await conversations.index_information()
    }


CHANGE = """mutation ($id: ID!, $attributes: JSON) { updateContact(
  input: {contactId: $id, attributes: $attributes}) { userErrors { code } } }"""


async def test_attributes_of_the_contact(
    make_client: Any,
    admin: GraphQLClient,
    account: Account,
    other_account: Account,
    profile: AsyncDatabase[Json],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for phone, attributes in (("1", {"plan": "gold", "age": 7}), ("2", {"plan": "gold"})):
        message = await write(account, phone, 0)
        await admin(CHANGE, id=contact_id(message), attributes=attributes)
    foreign = [make_contact(other_account, "x", attributes={"plan": "gold"}) for _ in range(OTHERS)]
    await add_contacts(*(contact | {"has_conversation": True} for contact in foreign))
    limited = await make_client(Role.VIEWER, [account])

    assert await find(limited, contactAttributes={"plan": "gold"}) == {"1", "2"}
    reads = {"ns": f"{profile.name}.contacts", "command.filter.$and": {"$exists": True}}
    [entry] = await profile["system.profile"].find(reads).to_list()
    assert entry["keysExamined"] <= 3, entry["planSummary"]
    query = {"ns": f"{profile.name}.conversations", "op": "query"}
    entry = (await profile["system.profile"].find(query).to_list())[-1]
    assert entry["docsExamined"] <= 2, entry["planSummary"]
    assert await find(limited, contactAttributes={"plan": "gold", "age": 7}) == {"1"}
    assert await find(limited, contactAttributes={"plan": "gold"}, waiting=False) == set()
    refused: list[Json] = [{"contactAttributes": "gold"}, {"contactAttributes": {"plan": {}}}]
    for wrong in refused:
        assert await limited.find_error_code(LIST, filter=wrong) == "BAD_USER_INPUT"
    monkeypatch.setattr("graph.inputs.conversation_filter.MAX_CONTACTS", 1)
    gold = {"contactAttributes": {"plan": "gold"}}
    assert await limited.find_error_code(LIST, filter=gold) == "BAD_USER_INPUT"
    assert await find(limited, contactAttributes={"age": 7}) == {"1"}
