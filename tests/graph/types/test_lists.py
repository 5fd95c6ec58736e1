"""Lists as people sort and filter them, each from an index."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from models import Account, Contact, Message, MessageDirection, Template
from models.database.base import DEFAULT_WORKSPACE_ID, collection, utc_now
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.migrations import migrate_again
from tests.fixtures.said import conversation_id, id_of, write_message
from whatsapp.contacts.search_keys import index_contact, index_stale

Json = dict[str, Any]

CONTACTS = """query ($filter: ContactFilter, $orderBy: ContactOrder!, $first: Int, $last: Int,
  $after: String, $before: String, $accountId: ID) {
  list: contacts(filter: $filter, orderBy: $orderBy, first: $first, last: $last, after: $after,
    before: $before, accountId: $accountId) {
    edges { node { name profileName phoneNumber } } pageInfo { startCursor endCursor }
  }
}"""
CONVERSATIONS = """query ($filter: ConversationFilter, $orderBy: ConversationOrder!, $first: Int,
  $after: String, $accountId: ID) {
  list: conversations(filter: $filter, orderBy: $orderBy, first: $first, after: $after,
    accountId: $accountId) {
    count { value } edges { node { contact { profileName } } } pageInfo { endCursor }
  }
}"""
TEMPLATES = """query ($accountId: ID!, $orderBy: TemplateOrder!, $first: Int, $last: Int,
  $after: String, $before: String) {
  list: templates(accountId: $accountId, orderBy: $orderBy, first: $first, last: $last,
    after: $after, before: $before) {
    edges { node { name language } } pageInfo { startCursor endCursor }
  }
}"""
MESSAGES = """query ($id: ID!, $filter: MessageFilter) {
  conversation(id: $id) { messages(filter: $filter) { count { value } edges { node { text } } } }
}"""


async def walk(
    client: GraphQLClient, query: str, *, backward: bool = False, **variables: Any
) -> list[Json]:
    """All nodes of a list, two at a time, in the order of the list."""
    nodes: list[Json] = []
    size, cursor = ("last", "before") if backward else ("first", "after")
    page: Json = {size: 2}
    while True:
        found = (await client(query, **variables, **page))["list"]
        read = [edge["node"] for edge in found["edges"]]
        if not read:
            return nodes
        nodes = read + nodes if backward else nodes + read
        page[cursor] = found["pageInfo"]["startCursor" if backward else "endCursor"]


NAMES = ["bob", "Ádám", "Ada", "Łukasz", "ZOE", None, "émile", "ada"]
SORTED_NAMES = ["Ada", "ada", "Ádám", "bob", "émile", "ZOE", "Łukasz"]


@pytest.fixture
async def contacts(account: Account) -> list[Message]:
    """Creates customers in the order of their messages, including a customer without a name."""
    return [
        await write_message(account, f"1555000{number:04}", "hello", name=name)
        for number, name in enumerate(NAMES)
    ]


@pytest.mark.parametrize("backward", [False, True])
async def test_contacts_are_sorted_by_name_people_see(
    admin: GraphQLClient, contacts: list[Message], backward: bool
) -> None:
    nodes = await walk(admin, CONTACTS, orderBy="NAME", backward=backward)

    names = [node["profileName"] for node in nodes]
    # Contacts without a name sort by number, before letters.
    assert names == [None, *SORTED_NAMES]


async def test_given_name_moves_contact(admin: GraphQLClient, contacts: list[Message]) -> None:
    change = """mutation ($id: ID!) { updateContact(input: {contactId: $id, name: "Aaron"}) {
      userErrors { code } } }"""
    bob = await Contact.find_one({"profile_name": "bob"})
    await admin(change, id=id_of(bob))

    nodes = await walk(admin, CONTACTS, orderBy="NAME")

    assert [node["name"] for node in nodes][:2] == [None, "Aaron"]


async def test_contacts_of_before_are_sorted_too(
    admin: GraphQLClient, contacts: list[Message]
) -> None:
    await collection(Contact).update_many({}, {"$unset": {"sort_name": ""}})

    await migrate_again(collection(Contact).database)
    await index_stale()

    nodes = await walk(admin, CONTACTS, orderBy="NAME")
    assert [node["profileName"] for node in nodes] == [None, *SORTED_NAMES]


async def test_contacts_are_filtered_by_first_seen(
    admin: GraphQLClient, contacts: list[Message]
) -> None:
    newest = await Contact.find_one({"profile_name": "ada"})
    assert newest is not None
    since = {"createdSince": newest.created_at.isoformat()}

    nodes = await walk(admin, CONTACTS, orderBy="NEWEST", filter=since)

    assert [node["profileName"] for node in nodes] == ["ada"]


@pytest.mark.parametrize("backward", [False, True])
async def test_templates_are_sorted_by_name_and_language(
    admin: GraphQLClient, account: Account, backward: bool
) -> None:
    known = [("b", "en"), ("a", "fr"), ("a", "en"), (None, None), ("a", None), (None, "en")]
    for number, (name, language) in enumerate([*known, ("b", "en")]):
        await Template(
            workspace_id=DEFAULT_WORKSPACE_ID,
            account_id=account.id,
            template_id=str(number),
            name=name,
            language=language,
        ).insert()

    nodes = await walk(
        admin, TEMPLATES, accountId=id_of(account), orderBy="NAME", backward=backward
    )

    assert [(node["name"], node["language"]) for node in nodes] == [
        (None, None),
        (None, "en"),
        ("a", None),
        ("a", "en"),
        ("a", "fr"),
        ("b", "en"),
        ("b", "en"),
    ]


async def test_conversations_that_wait_longest_come_first(
    admin: GraphQLClient, contacts: list[Message]
) -> None:
    newest = await walk(admin, CONVERSATIONS, orderBy="NEWEST_ACTIVITY")
    oldest = await walk(admin, CONVERSATIONS, orderBy="OLDEST_ACTIVITY")

    assert [node["contact"]["profileName"] for node in oldest] == NAMES
    assert oldest == newest[::-1]


async def test_cursor_of_another_order_is_bad_input(
    admin: GraphQLClient, contacts: list[Message], subtests: pytest.Subtests
) -> None:
    page = await admin(CONVERSATIONS, orderBy="NEWEST_ACTIVITY", first=2)
    cursor = page["list"]["pageInfo"]["endCursor"]

    for query, order in (
        (CONVERSATIONS, "OLDEST_ACTIVITY"),
        (CONTACTS, "NEWEST"),
        (CONTACTS, "NAME"),
    ):
        with subtests.test(order=order):
            found = await admin.find_error_code(query, orderBy=order, first=2, after=cursor)
            assert found == "BAD_USER_INPUT"


async def filter_conversations(client: GraphQLClient, **filter: Any) -> list[str]:
    found = (await client(CONVERSATIONS, filter=filter, orderBy="OLDEST_ACTIVITY"))["list"]
    assert found["count"]["value"] == len(found["edges"])
    return [edge["node"]["contact"]["profileName"] for edge in found["edges"]]


@pytest.fixture
async def inbox(account: Account) -> None:
    """Creates old, read, partly read and new conversations."""
    old = utc_now() - timedelta(hours=25)
    await write_message(account, "15550000001", "hello", name="old", at=old)
    await write_message(account, "15550000002", "hello", name="read", unread=False)
    await write_message(account, "15550000003", "hello", name="both", unread=False)
    await write_message(account, "15550000003", "hello", name="both")
    await write_message(account, "15550000004", "hello", name="new")


@pytest.mark.parametrize(
    ("filter", "names"),
    [
        ({"unread": True}, ["old", "both", "new"]),
        ({"unread": False}, ["read"]),
        ({"windowOpen": True}, ["read", "both", "new"]),
        ({"windowOpen": False}, ["old"]),
        ({"unread": True, "windowOpen": True, "statuses": ["OPEN"]}, ["both", "new"]),
        ({"unread": True, "statuses": ["CLOSED"]}, []),
        ({"unread": None, "windowOpen": None, "activeSince": None}, ["old", "read", "both", "new"]),
    ],
)
async def test_conversations_are_filtered_by_pending_work(
    admin: GraphQLClient, inbox: None, filter: Json, names: list[str]
) -> None:
    assert await filter_conversations(admin, **filter) == names


async def test_conversations_active_since_moment(admin: GraphQLClient, inbox: None) -> None:
    since = (utc_now() - timedelta(hours=2)).isoformat()

    assert await filter_conversations(admin, activeSince=since) == ["read", "both", "new"]


async def test_excess_of_unread_conversations_is_reported(
    admin: GraphQLClient, inbox: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("whatsapp.conversations.inbox.MAX_UNREAD_CONVERSATIONS", 2)
    only_unread = {"filter": {"unread": True}, "orderBy": "NEWEST_ACTIVITY"}

    assert await admin.find_error_code(CONVERSATIONS, **only_unread) == "BAD_USER_INPUT"


async def test_messages_of_conversation_by_way_type_and_time(
    admin: GraphQLClient, account: Account
) -> None:
    start = utc_now() - timedelta(hours=1)
    said = [
        ("one", "text", MessageDirection.INBOUND),
        ("two", "image", MessageDirection.INBOUND),
        ("three", "text", MessageDirection.OUTBOUND),
    ]
    for number, (text, kind, way) in enumerate(said):
        at = start + timedelta(minutes=number)
        message = await write_message(account, "15550000001", text, type=kind, direction=way, at=at)

    async def read(**filter: Any) -> list[str]:
        found = await admin(MESSAGES, id=conversation_id(message), filter=filter)
        messages = found["conversation"]["messages"]
        assert messages["count"]["value"] == len(messages["edges"])
        return [edge["node"]["text"] for edge in messages["edges"]]

    assert await read() == ["three", "two", "one"]
    assert await read(direction="INBOUND") == ["two", "one"]
    assert await read(direction="INBOUND", types=["TEXT", "AUDIO"]) == ["one"]
    assert await read(types=[]) == ["three", "two", "one"]
    assert await read(since=(start + timedelta(minutes=1)).isoformat()) == ["three", "two"]


@pytest.fixture
async def profile(database: AsyncDatabase[Json]) -> AsyncIterator[AsyncDatabase[Json]]:
    """The database with its profiler on."""
    await database.command("profile", 0)
    await database.drop_collection("system.profile")
    await database.command("profile", 2)
    yield database
    await database.command("profile", 0)


LISTED: dict[str, tuple[str, Json]] = {
    "contacts, newest": (CONTACTS, {"orderBy": "NEWEST"}),
    "contacts by name": (CONTACTS, {"orderBy": "NAME"}),
    "contacts with a tag": (CONTACTS, {"orderBy": "NAME", "filter": {"tags": {"all": ["a"]}}}),
    "contacts since": (
        CONTACTS,
        {"orderBy": "NEWEST", "filter": {"createdSince": "2026-01-01T00:00:00Z"}},
    ),
    "conversations": (CONVERSATIONS, {"orderBy": "NEWEST_ACTIVITY"}),
    "oldest conversations": (CONVERSATIONS, {"orderBy": "OLDEST_ACTIVITY"}),
    "open conversations": (
        CONVERSATIONS,
        {"orderBy": "NEWEST_ACTIVITY", "filter": {"statuses": ["OPEN"], "windowOpen": True}},
    ),
    "unassigned conversations": (
        CONVERSATIONS,
        {
            "orderBy": "NEWEST_ACTIVITY",
            "filter": {"assignee": {"none": True}, "tags": {"any": ["a", "b"]}},
        },
    ),
    "recent conversations": (
        CONVERSATIONS,
        {"orderBy": "NEWEST_ACTIVITY", "filter": {"activeSince": "2026-01-01T00:00:00Z"}},
    ),
    "conversations of both statuses": (
        CONVERSATIONS,
        {"orderBy": "OLDEST_ACTIVITY", "filter": {"statuses": ["OPEN", "CLOSED"]}},
    ),
    "waiting conversations": (
        CONVERSATIONS,
        {"orderBy": "NEWEST_ACTIVITY", "filter": {"waiting": True}},
    ),
    "templates, newest": (TEMPLATES, {"orderBy": "NEWEST"}),
    "templates by name": (TEMPLATES, {"orderBy": "NAME"}),
}


@pytest.mark.parametrize("of_account", [True, False])
@pytest.mark.parametrize("what", LISTED)
async def test_list_comes_sorted_from_index(
    admin: GraphQLClient,
    account: Account,
    contacts: list[Message],
    profile: AsyncDatabase[Json],
    what: str,
    of_account: bool,
) -> None:
    query, given = LISTED[what]
    variables: Json = dict(given)
    if of_account or query is TEMPLATES:
        variables |= {"accountId": id_of(account)}

    await admin(query, **variables, first=2)

    name = f"{profile.name}.{query.split('list: ')[1].split('(')[0]}"
    lists = {"ns": name, "op": "query", "command.sort": {"$exists": True}}
    entries = await profile["system.profile"].find(lists).to_list()
    assert len(entries) == 1
    assert entries[0]["planSummary"].startswith("IXSCAN"), entries[0]["planSummary"]
    assert "hasSortStage" not in entries[0]


async def test_unread_conversations_are_found_from_index_alone(
    admin: GraphQLClient,
    account: Account,
    contacts: list[Message],
    profile: AsyncDatabase[Json],
) -> None:
    only_unread = {"filter": {"unread": True}, "orderBy": "NEWEST_ACTIVITY"}
    for of_account in ({}, {"accountId": id_of(account)}):
        await admin(CONVERSATIONS, **only_unread, **of_account)

    grouped = {
        "ns": f"{profile.name}.messages",
        "command.pipeline.1.$group._id": "$conversation_id",
        "command.pipeline.0.$match.unread": True,
        "command.pipeline.2.$limit": {"$exists": True},
    }
    entries = await profile["system.profile"].find(grouped).to_list()
    assert len(entries) == 2
    for entry in entries:
        assert entry["planSummary"].startswith(("DISTINCT_SCAN", "IXSCAN")), entry["planSummary"]
        assert entry["docsExamined"] == 0


async def test_change_keeps_name_it_is_sorted_by(account: Account) -> None:
    await write_message(account, "15550000001", "hello", name="Ada")
    contact = await Contact.find_one({"profile_name": "Ada"})
    assert contact is not None
    before = contact.sort_name

    await index_contact(contact.id)

    after = await Contact.get(contact.id)
    assert after is not None
    assert (before, after.sort_name) == ("ada", "ada")
