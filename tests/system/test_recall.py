"""After a restart the phones show again what the server's database knows of them."""

import json
from datetime import UTC, datetime

from models import Account, MessageDirection, MessageStatus
from sandbox.customers import CustomerBook
from sandbox.numbers import NumberDirectory
from sandbox.recall import recall_conversations
from sandbox.settings import SandboxSettings
from tests.fixtures.said import write_message
from tests.fixtures.world import NUMBER

ANA = "15550001111"


async def test_a_phone_shows_its_messages_in_order_with_status_and_reactions(
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
    heart = json.dumps({"reaction": {"message_id": asked.wamid, "emoji": "❤️"}})
    await write_message(account, ANA, "❤️", type="reaction", content={}, raw=heart)
    await write_message(account, ANA, "never sent", wamid=None)
    book = CustomerBook(SandboxSettings())

    await recall_conversations(book, numbers)

    (conversation,) = book.list_conversations()
    question, answer, picture = conversation.messages.values()
    assert (conversation.phone_number_id, conversation.customer.name) == (
        NUMBER.phone_number_id,
        "Ana",
    )
    assert (question.content, question.reactions) == ({"body": "Open?"}, {"customer": "❤️"})
    assert (answer.status, answer.reply_to) == ("delivered", asked.wamid)
    assert picture.content == {"mime_type": "image/jpeg", "caption": "Me"}
    assert conversation.last_inbound_at is not None
    assert conversation.last_inbound_at <= datetime.now(UTC).timestamp()
