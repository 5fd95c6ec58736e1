"""Messages as the graph shows them."""

from datetime import timedelta

from models import Account, MessageDirection, MessageError, MessageStatus, OutboxState
from models.database.base import utc_now
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of, write_message

CONTENT = """query ($id: ID!) { message(id: $id) { typeName text content { __typename
  ... on TextContent { body previewUrl }
  ... on MediaContent { kind mediaId mimeType sha256 filename caption voice animated }
  ... on LocationContent { latitude longitude name address url }
  ... on UnsupportedContent { typeName reason raw }
} } }"""


async def test_text_is_typed(admin: GraphQLClient, account: Account) -> None:
    message = await write_message(account, "15550001111", "Hello")

    shown = (await admin(CONTENT, id=id_of(message)))["message"]

    assert shown["content"] == {"__typename": "TextContent", "body": "Hello", "previewUrl": False}


async def test_file_is_typed(admin: GraphQLClient, account: Account) -> None:
    content = {"id": "7", "mime_type": "audio/ogg; codecs=opus", "sha256": "abc=", "voice": True}
    message = await write_message(account, "15550001111", "", type="audio", content=content)

    shown = (await admin(CONTENT, id=id_of(message)))["message"]

    assert shown["content"] == {
        "__typename": "MediaContent",
        "kind": "AUDIO",
        "mediaId": "7",
        "mimeType": "audio/ogg; codecs=opus",
        "sha256": "abc=",
        "filename": None,
        "caption": None,
        "voice": True,
        "animated": False,
    }


async def test_place_is_typed(admin: GraphQLClient, account: Account) -> None:
    content = {"latitude": 52, "longitude": 13.4, "name": "Berlin"}
    message = await write_message(account, "15550001111", "", type="location", content=content)

    shown = (await admin(CONTENT, id=id_of(message)))["message"]["content"]

    assert (shown["latitude"], shown["longitude"]) == (52.0, 13.4)
    assert (shown["name"], shown["address"], shown["url"]) == ("Berlin", None, None)


async def test_what_has_no_type_is_shown_raw(admin: GraphQLClient, account: Account) -> None:
    raw = '{"type":"unsupported","big":123456789012345678901,"errors":[{"title":"Unknown"}]}'
    message = await write_message(
        account, "15550001111", "", type="unsupported", content={}, raw=raw
    )

    shown = (await admin(CONTENT, id=id_of(message)))["message"]["content"]

    assert shown["typeName"] == "unsupported"
    assert shown["reason"] == "Unknown"
    assert shown["raw"]["big"] == 123456789012345678901


async def test_sent_message_shows_its_way(admin: GraphQLClient, account: Account) -> None:
    now = utc_now()
    message = await write_message(
        account,
        "15550001111",
        "Hi",
        direction=MessageDirection.OUTBOUND,
        unread=False,
        status_rank=MessageStatus.FAILED.rank,
        status_times={"failed": now, "queued": now - timedelta(seconds=2), "odd": now, "sent": now},
        errors=[MessageError(code=131026, title="Undeliverable", retryable=True)],
        pricing={
            "billable": True,
            "pricing_model": "PMP",
            "category": "service",
            "type": "regular",
        },
        sent_by="an agent",
        outbox_state=OutboxState.DONE,
    )
    query = """query ($id: ID!) { message(id: $id) { status statusHistory { status }
      errors { code title details href retryable } pricing { billable model category type }
      sender { ... on ApiKeySender { name } } retryOf { id } referral { headline }
      reactions { emoji } } }"""

    shown = (await admin(query, id=id_of(message)))["message"]

    assert shown["status"] == "FAILED"
    assert [step["status"] for step in shown["statusHistory"]] == ["QUEUED", "SENT", "FAILED"]
    assert shown["errors"] == [
        {
            "code": 131026,
            "title": "Undeliverable",
            "details": None,
            "href": None,
            "retryable": True,
        }
    ]
    assert shown["pricing"]["model"] == "PMP"
    assert shown["sender"] == {"name": "an agent"}
    assert (shown["retryOf"], shown["reactions"]) == (None, [])


async def test_reply_names_its_original(admin: GraphQLClient, account: Account) -> None:
    first = await write_message(account, "15550001111", "Question")
    answer = await write_message(account, "15550001111", "Answer", reply_to_wamid=first.wamid)
    stray = await write_message(account, "15550001111", "Stray", reply_to_wamid="wamid.unknown")
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Message { replyTo { text } } } }"

    data = await admin(query, ids=[id_of(answer), id_of(stray)])

    assert data["nodes"] == [{"replyTo": {"text": "Question"}}, {"replyTo": None}]


async def test_inbound_message_is_received(admin: GraphQLClient, account: Account) -> None:
    message = await write_message(account, "15550001111", "Hi", name="Ada")
    query = """query ($id: ID!) { message(id: $id) { status direction whatsappId
      contact { profileName waId phoneNumber user { name phone } }
      conversation { unreadCount serviceWindow { isOpen expiresAt } lastMessage { text } }
      account { webhookUrl } } }"""

    shown = (await admin(query, id=id_of(message)))["message"]

    assert (shown["status"], shown["direction"]) == ("RECEIVED", "INBOUND")
    assert shown["contact"] == {
        "profileName": "Ada",
        "waId": "15550001111",
        "phoneNumber": "+15550001111",
        "user": {"name": "Ada", "phone": "+15550001111"},
    }
    assert shown["conversation"]["unreadCount"] == 1
    assert shown["conversation"]["serviceWindow"]["isOpen"] is True
    bare_url = "http://127.0.0.1:8000/webhooks/whatsapp/"
    assert shown["account"]["webhookUrl"].startswith(bare_url)
