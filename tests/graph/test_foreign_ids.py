"""An id of another workspace takes the same commands as an unknown id, and so the same time."""

import httpx
import pytest

from models import Account, Media, Message
from models.database.base import new_id
from telemetry.global_ids import encode_id
from tests.fixtures.commands import CommandCounter
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import write_message
from tests.fixtures.workspaces import create_key, create_workspace

SEND = """mutation ($to: RecipientInput!) {
  sendMessage(input: {to: $to, content: {text: {body: "hello"}}}) { userErrors { code field } } }"""


@pytest.fixture
async def token(account: Account) -> str:
    """The key of a workspace without accounts."""
    return await create_key((await create_workspace("Tenant")).id)


@pytest.fixture
async def message(account: Account) -> Message:
    return await write_message(account, "15550001111", "hello")


async def test_recipients_take_equal_commands(
    counter: CommandCounter, client: httpx.AsyncClient, token: str, message: Message
) -> None:
    stranger = GraphQLClient(client, token)
    ids = {"contactId": message.contact_id, "conversationId": message.conversation_id}
    for field, foreign_id in ids.items():
        type_name = field.removesuffix("Id").capitalize()
        taken = []
        for key in (new_id(), foreign_id, new_id()):  # the first warms caches
            with counter.counting():
                done = await stranger(SEND, to={field: encode_id(type_name, str(key))})
            assert done["sendMessage"]["userErrors"][0]["code"] == "NOT_FOUND"
            taken.append((sorted(counter.reads), counter.writes))
        assert taken[1] == taken[2], field
    assert await Message.count() == 1


async def test_files_take_equal_commands(
    counter: CommandCounter, client: httpx.AsyncClient, token: str, message: Message
) -> None:
    media = Media(
        id=message.id,
        workspace_id=message.workspace_id,
        account_id=message.account_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
        kind="image",
        media_id="1",
    )
    await media.insert()
    headers = {"Authorization": f"Bearer {token}"}
    taken = []
    for key in (new_id(), media.id, new_id()):  # the first warms caches
        with counter.counting():
            answer = await client.get(f"/media/{key}", headers=headers)
        assert answer.status_code == 404
        taken.append(counter.reads.copy())
    assert taken[1] == taken[2]
    assert ("find", "media") in taken[1]
