"""What a page of the inbox costs the database."""

import functools
from contextvars import ContextVar
from typing import Any

import pytest
from pymongo import AsyncMongoClient, monitoring

import models.database
from models import Account, Media, MediaState
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import write_message

INBOX = """{ conversations(first: 50) { edges { node {
  id unreadCount lastMessage { text status replyTo { text } } serviceWindow { isOpen }
  lastMessage { content { ... on MediaContent { url sizeBytes } } }
  contact { name user { name } account { name } conversation { id } }
} } } }"""
OF_THE_PAGE = {"api_keys", "accounts", "contacts", "conversations", "media", "messages", "users"}
IS_COUNTED = ContextVar("is_counted", default=False)


class CommandCounter(monitoring.CommandListener):
    """Notes what the test itself reads: the background work has a context of its own."""

    def __init__(self) -> None:
        self.reads: list[str] = []

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        target = event.command.get(event.command_name)
        if (
            IS_COUNTED.get()
            and event.command_name in {"find", "aggregate"}
            and target in OF_THE_PAGE
        ):
            self.reads.append(str(target))

    def succeeded(self, event: Any) -> None:
        """The start is what counts."""

    def failed(self, event: Any) -> None:
        """The start is what counts."""


@pytest.fixture
def counter(monkeypatch: pytest.MonkeyPatch) -> CommandCounter:
    """Listens to the connection of the application, which is made after this."""
    listener = CommandCounter()
    client_class = functools.partial(AsyncMongoClient, event_listeners=[listener])
    monkeypatch.setattr(models.database, "AsyncMongoClient", client_class)
    return listener


async def test_fifty_conversations_cost_one_read_for_each_kind_of_document(
    counter: CommandCounter, admin: GraphQLClient, account: Account
) -> None:
    for number in range(50):
        await write_message(account, f"1555000{number:04}", "one")
        await write_picture(account, f"1555000{number:04}")

    token = IS_COUNTED.set(True)
    page = await admin(INBOX)
    IS_COUNTED.reset(token)

    edges = page["conversations"]["edges"]
    assert len(edges) == 50
    assert all(edge["node"]["unreadCount"] == 2 for edge in edges)
    assert {edge["node"]["lastMessage"]["content"]["sizeBytes"] for edge in edges} == {123}
    expected = ["api_keys", "conversations", "contacts", "messages", "messages"]
    # Of the second level: the user and account of a contact, and what a message answers.
    expected += ["accounts", "conversations", "media", "messages", "users"]
    assert sorted(counter.reads) == sorted(expected)


async def write_picture(account: Account, phone: str) -> None:
    """An answer to the first message, with a file that is stored."""
    message = await write_message(
        account,
        phone,
        "two",
        type="image",
        content={"id": "1"},
        media_state=MediaState.STORED,
        reply_to_wamid="wamid.1",
    )
    owner = {name: getattr(message, name) for name in ("account_id", "conversation_id")}
    media = Media(id=message.id, message_id=message.id, kind="image", media_id="1", **owner)
    media.state, media.size_bytes, media.sha256 = MediaState.STORED, 123, "00" * 32
    await media.insert()
