"""Quick replies: shortcuts, texts and files."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from models import Account, AuditAction, AuditEntry, QuickReply, UploadedMedia
from models.database.base import collection, utc_now
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, id_of, write_message
from tests.fixtures.uploads import is_nothing_left, send, upload
from tests.fixtures.waiting import eventually

CREATE = """mutation ($input: CreateQuickReplyInput!) { done: createQuickReply(input: $input) {
  quickReply { id shortcut text upload { id } } userErrors { code field message } } }"""
UPDATE = """mutation ($input: UpdateQuickReplyInput!) { done: updateQuickReply(input: $input) {
  quickReply { id shortcut text upload { id } } userErrors { code field message } } }"""
DELETE = """mutation ($id: ID!) { done: deleteQuickReply(input: {quickReplyId: $id}) {
  deletedQuickReplyId userErrors { code field } } }"""
DELETE_ACCOUNT = """mutation ($id: ID!) {
  deleteAccount(input: {accountId: $id}) { userErrors { code } } }"""
LIST = """query (
  $id: ID!, $prefix: String, $search: String
  $first: Int, $after: String, $last: Int, $before: String
) { quickReplies(
    accountId: $id, shortcutPrefix: $prefix, search: $search
    first: $first, after: $after, last: $last, before: $before
  ) {
  edges { cursor node { shortcut upload { url } } }
  pageInfo { hasNextPage hasPreviousPage } } }"""


async def create(client: GraphQLClient, account: Account, shortcut: str, **values: Any) -> Any:
    """The created quick reply."""
    values = {"accountId": id_of(account), "shortcut": shortcut, **values}
    payload = (await client(CREATE, input=values))["done"]
    assert payload["userErrors"] == []
    return payload["quickReply"]


async def change(client: GraphQLClient, quick_reply: Any, **changes: Any) -> Any:
    payload = await client(UPDATE, input={"quickReplyId": quick_reply["id"], **changes})
    return payload["done"]


async def list_shortcuts(client: GraphQLClient, account: Account, **arguments: Any) -> list[str]:
    found = await client(LIST, id=id_of(account), **arguments)
    return [edge["node"]["shortcut"] for edge in found["quickReplies"]["edges"]]


async def test_quick_replies_are_listed_by_shortcut(
    agent: GraphQLClient, account: Account, other_account: Account
) -> None:
    for shortcut in ("hours", "Hello", "ß-size", "hi", "würde"):
        await create(agent, account, shortcut, text="x")
    await create(agent, other_account, "hello", text="x")

    assert await list_shortcuts(agent, account) == ["Hello", "hi", "hours", "ß-size", "würde"]
    assert await list_shortcuts(agent, account, prefix="H") == ["Hello", "hi", "hours"]
    assert await list_shortcuts(agent, account, prefix="HE") == ["Hello"]
    assert await list_shortcuts(agent, account, prefix="SS") == ["ß-size"]
    assert await list_shortcuts(agent, account, prefix=".*") == []
    pages = await agent(LIST, id=id_of(account), first=2)
    cursor = pages["quickReplies"]["edges"][-1]["cursor"]
    assert await list_shortcuts(agent, account, first=2, after=cursor) == ["hours", "ß-size"]
    assert await list_shortcuts(agent, account, last=2, before=cursor) == ["Hello"]


async def test_search_finds_parts_of_shortcut_and_text(
    agent: GraphQLClient, account: Account, other_account: Account
) -> None:
    await create(agent, account, "Straße", text="We are at *the corner* (2nd floor).")
    await create(agent, account, "hours", text="Öffnungszeiten: 9 to 17")
    await create(agent, account, "bye", text="See you!")
    await create(agent, other_account, "hours", text="always")

    async def search(text: str) -> list[str]:
        return await list_shortcuts(agent, account, search=text)

    assert await search("RASS") == ["Straße"]
    assert await search("the CORNER* (2nd") == ["Straße"]
    assert await search(" öffnung ") == ["hours"]
    assert await search("e") == ["bye", "hours", "Straße"]
    assert await list_shortcuts(agent, account, search="e", prefix="h") == ["hours"]
    assert await search(".*") == await search("always") == []
    assert await search(" ") == ["bye", "hours", "Straße"]
    too_long = {"id": id_of(account), "search": "x" * 201}
    assert await agent.find_error_code(LIST, **too_long) == "BAD_USER_INPUT"


async def test_shortcut_is_unique_in_account(
    agent: GraphQLClient, account: Account, other_account: Account
) -> None:
    await create(agent, account, "Straße", text="x")
    hours = await create(agent, account, "hours", text="x")
    await create(agent, other_account, "straße", text="x")
    again = {"accountId": id_of(account), "shortcut": "STRASSE", "text": "y"}
    stored = await QuickReply.find().sort("_id").to_list()

    created = (await agent(CREATE, input=again))["done"]
    renamed = await change(agent, hours, shortcut="strasse")
    kept = await change(agent, hours, shortcut="HOURS")

    for refused in (created, renamed):
        assert refused["quickReply"] is None
        [error] = refused["userErrors"]
        assert (error["code"], error["field"]) == ("CONFLICT", ["shortcut"])
    assert kept["quickReply"]["shortcut"] == "HOURS"
    assert len(stored) == await QuickReply.count() == 3


MALFORMED: list[tuple[dict[str, Any], list[str]]] = [
    ({"shortcut": ""}, ["shortcut"]),
    ({"shortcut": "two words"}, ["shortcut"]),
    ({"shortcut": "a\u00a0b"}, ["shortcut"]),
    ({"shortcut": "\u3000"}, ["shortcut"]),
    ({"shortcut": "x" * 51}, ["shortcut"]),
    ({"text": None}, ["text"]),
    ({"text": " "}, ["text"]),
    ({"text": "x" * 4097}, ["text"]),
]


async def test_malformed_values_are_refused(
    agent: GraphQLClient, account: Account, subtests: pytest.Subtests
) -> None:
    good = await create(agent, account, "good", text="x" * 4096)
    before = await QuickReply.find().to_list()

    for values, field in MALFORMED:
        with subtests.test(values=values):
            base = {"accountId": id_of(account), "shortcut": "s", "text": "t"}
            created = (await agent(CREATE, input={**base, **values}))["done"]
            changed = await change(agent, good, **values)

            for refused in (created, changed):
                assert [(e["code"], e["field"]) for e in refused["userErrors"]] == [
                    ("INVALID_INPUT", field)
                ]
    assert await QuickReply.find().to_list() == before


async def test_file_has_short_caption(agent: GraphQLClient, account: Account) -> None:
    file = (await upload(agent, account))["upload"]["id"]
    reply = await create(agent, account, "map", text="x" * 1024, uploadId=file)

    too_long = await change(agent, reply, text="x" * 1025)
    alone = await change(agent, reply, text=None)
    nothing = await change(agent, reply, uploadId=None)
    as_text = await change(agent, reply, uploadId=None, text="x" * 1025)

    assert [error["field"] for error in too_long["userErrors"]] == [["text"]]
    assert alone["quickReply"] == {**reply, "text": None}
    assert [error["field"] for error in nothing["userErrors"]] == [["text"]]
    assert as_text["quickReply"]["upload"] is None


async def test_file_stays_while_used(agent: GraphQLClient, account: Account) -> None:
    file = (await upload(agent, account))["upload"]["id"]
    reply = await create(agent, account, "map", uploadId=file)
    other = await create(agent, account, "way", uploadId=file)
    assert await read_unused_until() is None

    await agent(DELETE, id=reply["id"])
    assert await read_unused_until() is None
    await change(agent, other, uploadId=None, text="straight on")
    unused_until = await read_unused_until()

    assert unused_until is not None
    assert unused_until > utc_now() + timedelta(hours=23)
    again = await change(agent, other, uploadId=file)
    assert again["quickReply"]["upload"] == {"id": file}
    assert await read_unused_until() is None
    await agent(DELETE, id=other["id"])
    past = {"$set": {"unused_until": utc_now() - timedelta(seconds=1)}}
    await collection(UploadedMedia).update_many({}, past)
    await eventually(is_nothing_left)


async def test_changes_at_once_leave_no_file(agent: GraphQLClient, account: Account) -> None:
    for step in range(16):
        first, second = [(await upload(agent, account))["upload"]["id"] for _ in range(2)]
        reply = await create(agent, account, f"map{step}", uploadId=first)
        changing = asyncio.create_task(change(agent, reply, uploadId=second))
        # Each time the deletion meets a later part of the change.
        await asyncio.sleep(step / 1000)
        await agent(DELETE, id=reply["id"])
        await changing

    assert await QuickReply.count() == 0
    assert await UploadedMedia.find({"unused_until": None, "erased_at": None}).count() == 0


async def test_sent_file_outlives_quick_reply(agent: GraphQLClient, account: Account) -> None:
    message = await write_message(account, "15550001111", "where?", at=utc_now())
    file = (await upload(agent, account))["upload"]["id"]
    reply = await create(agent, account, "map", uploadId=file)
    to = {"conversationId": conversation_id(message)}
    sent = await send(agent, to, {"image": {"source": {"uploadId": file}}})

    await agent(DELETE, id=reply["id"])

    assert sent["userErrors"] == []
    assert await read_unused_until() is None


async def read_unused_until() -> datetime | None:
    stored = await UploadedMedia.find_one()
    assert stored is not None
    return stored.unused_until


async def test_file_of_another_account_is_refused(
    admin: GraphQLClient, account: Account, other_account: Account
) -> None:
    file = (await upload(admin, other_account))["upload"]["id"]
    reply = await create(admin, account, "map", text="x")

    values = {"accountId": id_of(account), "shortcut": "s", "uploadId": file}
    created = (await admin(CREATE, input=values))["done"]
    changed = await change(admin, reply, uploadId=file)

    for refused in (created, changed):
        [error] = refused["userErrors"]
        assert (error["code"], error["field"]) == ("NOT_FOUND", ["uploadId"])
    assert await QuickReply.count() == 1


async def test_account_deletion_removes_quick_replies_and_files(
    admin: GraphQLClient, account: Account
) -> None:
    file = (await upload(admin, account))["upload"]["id"]
    await create(admin, account, "map", uploadId=file)

    await admin(DELETE_ACCOUNT, id=id_of(account))

    await eventually(is_nothing_left)
    assert await QuickReply.count() == 0


async def test_changes_are_audited(agent: GraphQLClient, account: Account) -> None:
    reply = await create(agent, account, "map", text="x")
    await change(agent, reply, text="y")
    await agent(DELETE, id=reply["id"])

    entries = await AuditEntry.find().sort("_id").to_list()
    assert [entry.action for entry in entries] == [
        AuditAction.QUICK_REPLY_CREATED,
        AuditAction.QUICK_REPLY_UPDATED,
        AuditAction.QUICK_REPLY_DELETED,
    ]
    assert {tuple(entry.account_ids) for entry in entries} == {(account.id,)}
    assert "y" not in {field for entry in entries for field in entry.fields}
