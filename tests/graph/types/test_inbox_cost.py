"""Database commands of an inbox page."""

from models import Account, Media, MediaState
from models.database.base import DEFAULT_WORKSPACE_ID
from tests.fixtures.commands import CommandCounter
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import write_message

INBOX = """{ conversations(first: 50) { edges { node {
  id unreadCount lastMessage { text status replyTo { text } } serviceWindow { isOpen }
  lastMessage { content { ... on MediaContent { url sizeBytes } } }
  contact { name user { name } account { name } conversation { id } }
} } } }"""


async def test_inbox_page_costs_one_read_per_type(
    counter: CommandCounter, admin: GraphQLClient, account: Account
) -> None:
    for number in range(50):
        await write_message(account, f"1555000{number:04}", "one")
        await write_picture(account, f"1555000{number:04}")
    await admin("{ __typename }")  # the first request reads the retired agents

    with counter.counting():
        page = await admin(INBOX)

    edges = page["conversations"]["edges"]
    assert len(edges) == 50
    assert all(edge["node"]["unreadCount"] == 2 for edge in edges)
    assert {edge["node"]["lastMessage"]["content"]["sizeBytes"] for edge in edges} == {123}
    expected = ["api_keys", "conversations", "contacts", "messages", "messages"]
    # Second level: a contact's user and account, and the replied message.
    expected += ["accounts", "conversations", "media", "messages", "users"]
    assert sorted(target for _, target in counter.reads) == sorted(expected)


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
    media = Media(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id=message.id,
        message_id=message.id,
        kind="image",
        media_id="1",
        **owner,
    )
    media.state, media.size_bytes, media.sha256 = MediaState.STORED, 123, "00" * 32
    await media.insert()
