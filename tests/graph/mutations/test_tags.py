"""Tags of contacts and conversations: changes at the same time, and the tags in use."""

import asyncio
import itertools
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase

from models import Account, Contact, Conversation, Message
from models.database.base import new_id
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, conversation_id, id_of, write_message

Json = dict[str, Any]

CHANGE = """mutation ($input: %s!) { done: %s(input: $input) {
  taggable { __typename id tags } userErrors { code field } } }"""
ADD, REMOVE = CHANGE % ("AddTagsInput", "addTags"), CHANGE % ("RemoveTagsInput", "removeTags")
TAGS = """query ($id: ID!, $search: String) { tags(accountId: $id, search: $search) {
  name contacts { value isCapped } conversations { value isCapped } } }"""


@pytest.fixture
async def message(account: Account) -> Message:
    return await write_message(account, "15550001111", "hello")


async def change(client: GraphQLClient, mutation: str, taggable: str, *tags: str) -> Json:
    data = await client(mutation, input={"taggableId": taggable, "tags": list(tags)})
    done: Json = data["done"]
    return done


async def test_six_agents_lose_no_tag(agent: GraphQLClient, message: Message) -> None:
    for taggable in (contact_id(message), conversation_id(message)):
        await change(agent, ADD, taggable, "old")
        added = [f"tag {number}" for number in range(6)]

        await asyncio.gather(
            *(change(agent, ADD, taggable, tag, "shared") for tag in added),
            change(agent, REMOVE, taggable, "old"),
        )

        done = await change(agent, REMOVE, taggable, "unknown")
        assert sorted(done["taggable"]["tags"]) == ["shared", *added]


async def test_tags_are_checked_and_named(agent: GraphQLClient, message: Message) -> None:
    taggable = contact_id(message)

    done = await change(agent, ADD, taggable, " vip ", "vip")
    refused = [
        await change(agent, ADD, taggable, ""),
        await change(agent, ADD, taggable, *(f"{number}" for number in range(50))),
    ]

    assert done["taggable"] == {"__typename": "Contact", "id": taggable, "tags": ["vip"]}
    for refusal in refused:
        assert refusal["userErrors"] == [{"code": "INVALID_INPUT", "field": ["tags"]}]
    stored = await Contact.get(message.contact_id)
    assert stored is not None
    assert stored.tags == ["vip"]


async def test_missing_object_is_not_found(agent: GraphQLClient, message: Message) -> None:
    missing = [encode_id(name, str(new_id())) for name in ("Contact", "Conversation")]
    for taggable, mutation in itertools.product([id_of(message), *missing], (ADD, REMOVE)):
        done = await change(agent, mutation, taggable, "vip")

        assert done["userErrors"] == [{"code": "NOT_FOUND", "field": ["taggableId"]}]


async def test_repeated_tag_changes_nothing(agent: GraphQLClient, message: Message) -> None:
    await change(agent, ADD, conversation_id(message), "vip")
    first = await Conversation.get(message.conversation_id)
    await change(agent, ADD, conversation_id(message), "vip")
    await change(agent, REMOVE, conversation_id(message), "other")

    assert await Conversation.get(message.conversation_id) == first


async def test_tags_are_listed_by_use(
    admin: GraphQLClient, account: Account, other_account: Account, message: Message
) -> None:
    other = await write_message(account, "15550002222", "hello")
    foreign = await write_message(other_account, "15550003333", "hello")
    await change(admin, ADD, contact_id(message), "Rare")
    await change(admin, ADD, conversation_id(other), "often")
    await change(admin, ADD, contact_id(other), "often")
    await change(admin, ADD, contact_id(foreign), "foreign")

    listed = (await admin(TAGS, id=id_of(account)))["tags"]
    found = (await admin(TAGS, id=id_of(account), search="RAR"))["tags"]

    none, one = ({"value": number, "isCapped": False} for number in (0, 1))
    assert listed == [
        {"name": "often", "contacts": one, "conversations": one},
        {"name": "Rare", "contacts": one, "conversations": none},
    ]
    assert found == listed[1:]


async def test_counting_of_tags_is_bounded_and_says_so(
    admin: GraphQLClient,
    account: Account,
    database: AsyncDatabase[Json],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("whatsapp.common.tags.MAX_TAGGED", 2)
    for number in range(9):
        message = await write_message(account, f"1555000000{number}", "hello")
        if number in {3, 4, 5}:
            await change(admin, ADD, contact_id(message), "vip")
    # Plans of other tests are those of other documents.
    await database.command("planCacheClear", "contacts")
    await database.command("profile", 2)

    (tag,) = (await admin(TAGS, id=id_of(account)))["tags"]

    await database.command("profile", 0)
    assert tag["contacts"] == {"value": 2, "isCapped": True}
    entries = await database["system.profile"].find({"ns": f"{database.name}.contacts"}).to_list()
    counted = [entry for entry in entries if "pipeline" in entry["command"]]
    assert len(counted) == 2
    for entry in counted:
        assert "IXSCAN { account_id: 1, tags: 1" in entry["planSummary"]
        # Contacts without a tag are not read.
        assert entry["docsExamined"] <= 3
