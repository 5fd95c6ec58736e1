"""Notes: written, changed and deleted by staff, and never sent."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from models import Account, Conversation, Message, Note, Role
from models.database.base import utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, conversation_id, id_of, write_message
from tests.fixtures.uploads import send
from tests.fixtures.waiting import eventually

FIELDS = "note { id body authorName editedAt author { id } mentions { name } } "
ADD = f"""mutation ($input: AddNoteInput!) {{ done: addNote(input: $input) {{
  {FIELDS} userErrors {{ code field message }} }} }}"""
EDIT = f"""mutation ($input: EditNoteInput!) {{ done: editNote(input: $input) {{
  {FIELDS} userErrors {{ code field message }} }} }}"""
DELETE = """mutation ($id: ID!) { done: deleteNote(input: {noteId: $id}) {
  deletedNoteId userErrors { code field } } }"""
ME = "{ viewer { agent { id name } } }"
SERVER_KEY = """mutation { createApiKey(input: {name: "CRM", role: AGENT, forServer: true}) {
  token userErrors { code } } }"""
INBOX = "{ conversations { nodes { unreadCount lastActivityAt lastMessage { text } } } }"
MakeClient = Callable[..., Awaitable[GraphQLClient]]


@pytest.fixture
async def message(account: Account) -> Message:
    return await write_message(account, "15550001111", "hello", at=utc_now())


async def add(client: GraphQLClient, message: Message, **values: Any) -> Any:
    values = {"conversationId": conversation_id(message), "body": "Calls back", **values}
    return (await client(ADD, input=values))["done"]


async def test_note_is_not_sent_and_keeps_inbox(
    agent: GraphQLClient, message: Message, meta: FakeMeta
) -> None:
    before = await agent(INBOX)

    note = (await add(agent, message, body="Calls\nback at 5"))["note"]
    await agent(EDIT, input={"noteId": note["id"], "body": "Called back"})
    await agent(DELETE, id=note["id"])

    assert await agent(INBOX) == before
    assert await Message.count() == 1
    # A message that is queued now is sent after anything queued before.
    sent = await send(
        agent, {"conversationId": conversation_id(message)}, {"text": {"body": "sent"}}
    )
    assert sent["userErrors"] == []
    await eventually(lambda: Message.find_one({"wamid": {"$ne": None}, "text": "sent"}))
    [request] = meta.requests.requests
    assert request.endpoint == "messages"


async def test_author_is_agent_of_caller(agent: GraphQLClient, message: Message) -> None:
    me = (await agent(ME))["viewer"]["agent"]

    note = (await add(agent, message, mentionedAgentIds=[me["id"], me["id"]]))["note"]

    assert note["author"] == {"id": me["id"]}
    assert note["authorName"] == me["name"]
    assert note["mentions"] == [{"name": me["name"]}]
    assert note["editedAt"] is None


async def test_only_author_and_admin_change_note(
    admin: GraphQLClient, message: Message, make_client: MakeClient
) -> None:
    created = await admin(SERVER_KEY)
    server = GraphQLClient(admin.http, created["createApiKey"]["token"])
    author, colleague = await make_client(Role.AGENT), await make_client(Role.AGENT)
    written = {client: (await add(client, message))["note"] for client in (author, server)}
    stored = await Note.find().sort("_id").to_list()

    for client, note in written.items():
        others = {author, colleague, server} - {client}
        for other in others:
            edit = await other.post(EDIT, input={"noteId": note["id"], "body": "x"})
            delete = await other.post(DELETE, id=note["id"])
            codes = [one["errors"][0]["extensions"]["code"] for one in (edit, delete)]
            assert codes == ["FORBIDDEN", "FORBIDDEN"]
    assert await Note.find().sort("_id").to_list() == stored
    assert written[server]["author"] is None
    assert written[server]["authorName"] == "CRM"
    for client, note in written.items():
        for editor in (client, admin):
            changed = await editor(EDIT, input={"noteId": note["id"], "body": str(id(editor))})
            assert changed["done"]["note"]["body"] == str(id(editor))
            assert changed["done"]["note"]["editedAt"] is not None
    await author(DELETE, id=written[author]["id"])
    await admin(DELETE, id=written[server]["id"])
    assert await Note.count() == 0


async def test_malformed_notes_are_refused(
    agent: GraphQLClient, message: Message, subtests: pytest.Subtests
) -> None:
    me = (await agent(ME))["viewer"]["agent"]["id"]
    note = (await add(agent, message, body="x" * 4096))["note"]
    refused: list[tuple[dict[str, Any], str, str]] = [
        ({"body": " \n"}, "INVALID_INPUT", "body"),
        ({"body": "x" * 4097}, "INVALID_INPUT", "body"),
        ({"body": "\0"}, "INVALID_INPUT", "body"),
        ({"mentionedAgentIds": [id_of(message)]}, "NOT_FOUND", "mentionedAgentIds"),
    ]
    for values, code, field in refused:
        with subtests.test(values=values):
            added = await add(agent, message, **values)
            edited = (await agent(EDIT, input={"noteId": note["id"], **values}))["done"]
            for payload in (added, edited):
                [error] = payload["userErrors"]
                assert (error["code"], error["field"]) == (code, [field])
    unchanged = (await agent(EDIT, input={"noteId": note["id"], "mentionedAgentIds": []}))["done"]
    assert unchanged["note"] == note
    mentioned = await agent(EDIT, input={"noteId": note["id"], "mentionedAgentIds": [me]})
    assert mentioned["done"]["note"]["body"] == note["body"]
    assert await Note.count() == 1


async def test_agent_without_access_to_account_is_not_mentioned(
    admin: GraphQLClient, message: Message, other_account: Account, make_client: MakeClient
) -> None:
    stranger = await make_client(Role.AGENT, [other_account])
    agent_id = (await stranger(ME))["viewer"]["agent"]["id"]

    added = await add(admin, message, mentionedAgentIds=[agent_id])

    assert [error["code"] for error in added["userErrors"]] == ["INVALID_INPUT"]
    assert await Note.count() == 0


async def test_note_written_during_erasure_is_erased(
    admin: GraphQLClient, account: Account
) -> None:
    delete = (
        "mutation ($id: ID!) { deleteContact(input: {contactId: $id}) { userErrors { code } } }"
    )
    for number in range(5):
        message = await write_message(account, f"1555000{number}", "hello", at=utc_now())
        writing = [add(admin, message, body=f"note {index}") for index in range(4)]

        await asyncio.gather(*writing, admin(delete, id=contact_id(message)))

    assert await Conversation.count() == 0
    assert await Note.count() == 0


async def test_repeated_request_adds_one_note(
    agent: GraphQLClient, make_client: MakeClient, message: Message
) -> None:
    values = {"body": "Calls back", "idempotencyKey": "key 1"}
    answers = await asyncio.gather(*(add(agent, message, **values) for _ in range(5)))
    again = await add(agent, message, **values)
    other = await add(agent, message, body="Another", idempotencyKey="key 2")

    stored = await Note.find().sort("_id").to_list()
    assert {answer["note"]["id"] for answer in [*answers, again]} == {id_of(stored[0])}
    assert [note.body for note in stored] == ["Calls back", "Another"]
    assert other["userErrors"] == []

    reused = await add(agent, message, body="Changed", idempotencyKey="key 1")
    malformed = await add(agent, message, body="x", idempotencyKey="")
    assert reused["note"] is None
    assert [error["code"] for error in reused["userErrors"]] == ["CONFLICT"]
    assert reused["userErrors"][0]["field"] == ["idempotencyKey"]
    assert [error["code"] for error in malformed["userErrors"]] == ["INVALID_INPUT"]
    assert await Note.find().sort("_id").to_list() == stored
