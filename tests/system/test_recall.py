"""After a restart the phones show the conversations in the server's database."""

from datetime import UTC, datetime
from typing import Any

from models import Account, Message, MessageDirection, MessageStatus
from models.database.base import collection
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.recall import recall_conversations
from sandbox.recalled_files import RecalledFiles
from sandbox.settings import SandboxSettings
from sandbox.world.customers import CustomerBook
from sandbox.world.media import MediaStore
from sandbox.world.numbers import NumberDirectory
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import write_message
from tests.fixtures.templates import OFFER, send, sync, wait_for_status
from tests.fixtures.world import NUMBER

ANA = "15550001111"


def make_files() -> RecalledFiles:
    settings = SandboxSettings()
    media = MediaStore(
        kept_bytes=settings.kept_media_bytes, link_lifetime=settings.media_url_lifetime
    )
    return RecalledFiles(collection(Message).database, media)


async def test_phone_restores_messages_with_statuses(
    account: Account, numbers: NumberDirectory
) -> None:
    asked = await write_message(account, ANA, "Open?", name="Ana")
    await write_message(
        account,
        ANA,
        "Yes",
        direction=MessageDirection.OUTBOUND,
        unread=False,
        status_rank=MessageStatus.DELIVERED.rank,
        reply_to_wamid=asked.wamid,
    )
    photo = {"id": "123", "mime_type": "image/jpeg", "caption": "Me"}
    await write_message(account, ANA, "Me", type="image", content=photo)
    by_customer = {"contact_id": asked.contact_id, "wamid": "wamid.heart", "emoji": "❤️"}
    by_business = {"contact_id": None, "wamid": "wamid.thumb", "emoji": "👍"}
    reactions = [one | {"at": asked.timestamp} for one in (by_customer, by_business)]
    await asked.set({"reactions": reactions})
    own: dict[str, Any] = {
        "direction": MessageDirection.OUTBOUND,
        "unread": False,
        "type": "reaction",
    }
    await write_message(account, ANA, "👍", **own)
    cards = [{"name": {"formatted_name": "Bob"}}]
    await write_message(account, ANA, "Bob", type="contacts", content={"contacts": cards})
    await write_message(account, ANA, "never sent", wamid=None)
    book = CustomerBook(SandboxSettings())

    await recall_conversations(book, numbers, make_files())

    (conversation,) = book.list_conversations()
    question, answer, picture, card = conversation.messages.values()
    assert (conversation.phone_number_id, conversation.customer.name) == (
        NUMBER.phone_number_id,
        "Ana",
    )
    assert question.content == {"body": "Open?"}
    assert question.reactions == {"customer": "❤️", "business": "👍"}
    assert card.content == cards
    assert (answer.status, answer.reply_to) == ("delivered", asked.wamid)
    assert picture.content == {"mime_type": "image/jpeg", "caption": "Me"}
    assert conversation.last_inbound_at is not None
    assert conversation.last_inbound_at <= datetime.now(UTC).timestamp()


async def test_template_looks_as_it_did(
    agent: GraphQLClient, account: Account, meta: FakeMeta, numbers: NumberDirectory
) -> None:
    await sync(agent, account)
    stop = {"index": 1, "value": {"payload": "STOP"}}
    parameters: Any = OFFER["parameters"]
    await send(agent, account, OFFER | {"parameters": parameters | {"buttons": [stop]}})
    await wait_for_status("READ")
    book = CustomerBook(SandboxSettings())

    await recall_conversations(book, numbers, make_files())

    [before] = meta.customers.list_conversations()
    [after] = book.list_conversations()
    [old], [new] = before.messages.values(), after.messages.values()
    names = ("name", "body", "buttons", "payloads")
    assert {name: new.content[name] for name in names} == {
        name: old.content[name] for name in names
    }
    assert new.content["payloads"] == {"Stop promotions": "STOP"}
