"""Inbound messages: webhooks delivered by /sandbox/inbound and related endpoints."""

import base64
from typing import Any

import httpx
import pytest

from sandbox.cloud_api.fake_meta import FakeMeta
from tests.sandbox.meta_kit import BAKERY, SHOP, Receiver

ANA = "15550001111"


async def write(client: httpx.AsyncClient, **message: Any) -> dict[str, Any]:
    answer = await client.post("/sandbox/inbound", json={"from": ANA, **message})
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_plain_text_arrives_as_metas_webhook(
    api: httpx.AsyncClient, receiver: Receiver
) -> None:
    answer = await write(api, name="Ana", type="text", text="Olá/ 😀", timestamp=1749416383)

    (body,) = receiver.bodies
    value = body["entry"][0]["changes"][0]["value"]
    user_id = value["contacts"][0]["user_id"]
    assert (answer["webhook_status"], answer["body"]) == (200, body)
    assert value["contacts"] == [{"profile": {"name": "Ana"}, "wa_id": ANA, "user_id": user_id}]
    assert value["messages"] == [
        {
            "from": ANA,
            "from_user_id": user_id,
            "id": answer["wamid"],
            "timestamp": "1749416383",
            "type": "text",
            "text": {"body": "Olá/ 😀"},
        }
    ]
    assert rb"Ol\u00e1\/ \ud83d\ude00" in receiver.raw_bodies[0]


async def test_call_arrives_in_field_calls(api: httpx.AsyncClient, receiver: Receiver) -> None:
    await write(api, type="call", id="wacid.1", call={}, timestamp=1749416383)
    ended = {"event": "terminate", "status": "COMPLETED", "duration": 42}
    await write(api, type="call", id="wacid.1", call=ended, timestamp=1749416425)

    changes = [body["entry"][0]["changes"][0] for body in receiver.bodies]
    assert [change["field"] for change in changes] == ["calls", "calls"]
    connect, terminate = [change["value"]["calls"][0] for change in changes]
    assert connect["from"] == ANA
    assert connect.items() >= {"event": "connect", "direction": "USER_INITIATED"}.items()
    assert terminate.items() >= ({"id": "wacid.1", "timestamp": "1749416425"} | ended).items()
    assert "type" not in connect
    assert changes[0]["value"]["contacts"][0]["wa_id"] == ANA


async def test_without_user_ids_older_shape_is_sent(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    meta.settings.with_user_ids = False

    await write(api, text="Hi")

    assert "from_user_id" not in receiver.messages[0]


@pytest.mark.parametrize(
    ("message_type", "content"),
    [
        ("location", {"latitude": 1.5, "longitude": 2.5}),
        ("contacts", [{"name": {"formatted_name": "John"}}]),
        ("reaction", {"message_id": "wamid.x", "emoji": "👍"}),
        ("button", {"payload": "p", "text": "t"}),
        ("interactive", {"type": "button_reply", "button_reply": {"id": "1", "title": "Yes"}}),
        ("order", {"catalog_id": "1", "product_items": []}),
        ("system", {"body": "x", "type": "user_changed_number", "wa_id": "15550002222"}),
        ("edit", {"original_message_id": "wamid.x", "message": {"type": "text"}}),
        ("hologram", {"depth": 3}),
    ],
)
async def test_any_type_goes_under_its_own_key(
    api: httpx.AsyncClient, receiver: Receiver, message_type: str, content: Any
) -> None:
    await write(api, type=message_type, **{message_type: content})

    (message,) = receiver.messages
    assert (message["type"], message[message_type]) == (message_type, content)
    value = receiver.bodies[0]["entry"][0]["changes"][0]["value"]
    assert ("contacts" in value) is (message_type != "system")


async def test_username_customer_has_no_phone_in_it(
    api: httpx.AsyncClient, receiver: Receiver
) -> None:
    message = {"user_id": "BR.555", "username": "ana", "name": "Ana", "text": "Oi"}

    answer = await api.post("/sandbox/inbound", json=message)

    value = receiver.bodies[0]["entry"][0]["changes"][0]["value"]
    assert answer.json()["webhook_status"] == 200
    assert value["contacts"] == [
        {"profile": {"name": "Ana", "username": "ana"}, "user_id": "BR.555"}
    ]
    assert value["messages"][0]["from_user_id"] == "BR.555"
    assert "from" not in value["messages"][0]


async def test_id_context_and_raw_fields_are_taken_over(
    api: httpx.AsyncClient, receiver: Receiver
) -> None:
    context = {"from": "15550783881", "id": "wamid.before"}

    answer = await write(
        api, text="Hi", id="wamid.mine", context=context, raw={"referral": {"source_type": "ad"}}
    )

    (message,) = receiver.messages
    assert answer["wamid"] == message["id"] == "wamid.mine"
    assert message["context"] == context
    assert message["referral"] == {"source_type": "ad"}


async def test_photo_given_as_base64_can_be_downloaded(
    api: httpx.AsyncClient, receiver: Receiver
) -> None:
    picture = {"base64": base64.b64encode(b"\x89PNG").decode(), "mime_type": "image/png"}

    await write(api, type="image", image={**picture, "caption": "Look"})

    image = receiver.messages[0]["image"]
    assert set(image) == {"id", "mime_type", "sha256", "url", "caption"}
    assert (await api.get(image["url"])).content == b"\x89PNG"


async def test_numbers_sign_with_their_own_secret(
    api: httpx.AsyncClient, receiver: Receiver
) -> None:
    answer = await write(api, text="Hi", phone_number_id=BAKERY.phone_number_id)

    assert answer["webhook_status"] == 200
    assert receiver.bodies[0]["entry"][0]["id"] == BAKERY.business_account_id


@pytest.mark.parametrize(
    ("described", "reason"),
    [
        ({}, '"from" is missing'),
        ({"from": "nobody", "text": "x"}, "must be a phone number"),
        ({"from": ANA, "type": "image"}, 'needs "image"'),
        ({"from": ANA, "type": "image", "image": "x"}, '"image" must be an object'),
        ({"from": ANA, "type": "image", "image": {"base64": "%"}}, "no base64"),
        ({"from": ANA, "text": "x", "txt": 1}, "txt: no field"),
        ({"from": ANA, "text": "x", "raw": 1}, '"raw" must be an object'),
        ({"from": ANA, "text": "x", "name": 1}, '"name" must be a string'),
        ({"from": ANA, "text": "x", "timestamp": "now"}, '"timestamp" must be seconds'),
        ({"from": ANA, "text": "x", "user_id": "x"}, '"user_id" must look like'),
        ({"from": ANA, "text": "x", "phone_number_id": "404"}, "no number with the id 404"),
        ({"messages": []}, '"messages" must be a list'),
        ([], "must be a JSON object"),
    ],
)
async def test_mistake_is_explained(
    api: httpx.AsyncClient, receiver: Receiver, described: Any, reason: str
) -> None:
    answer = await api.post("/sandbox/inbound", json=described)

    assert answer.status_code == 400
    assert reason in answer.json()["error"]
    assert receiver.bodies == []


async def test_several_messages_go_out_in_one_webhook(
    api: httpx.AsyncClient, receiver: Receiver
) -> None:
    messages = [{"from": f"1555000{index:04}", "text": str(index)} for index in range(6)]

    answer = await api.post(
        "/sandbox/inbound", json={"messages": messages, "entries": 3, "changes": 2}
    )

    (body,) = receiver.bodies
    assert [len(entry["changes"]) for entry in body["entry"]] == [2, 2, 2]
    assert answer.json()["wamids"] == [message["id"] for message in receiver.messages]


async def test_messages_under_two_secrets_are_refused(api: httpx.AsyncClient) -> None:
    messages = [
        {"from": ANA, "text": "x", "phone_number_id": number.phone_number_id}
        for number in (SHOP, BAKERY)
    ]

    answer = await api.post("/sandbox/inbound", json={"messages": messages})

    assert (answer.status_code, "one signature" in answer.json()["error"]) == (400, True)


async def test_reaction_is_delivered_and_taken_back(
    api: httpx.AsyncClient, meta: FakeMeta, receiver: Receiver
) -> None:
    wamid = (await write(api, text="Hi"))["wamid"]
    reaction = {"from": ANA, "message_id": wamid}

    await api.post("/sandbox/reaction", json={**reaction, "emoji": "👍"})
    (conversation,) = meta.customers.list_conversations()
    shown = dict(conversation.messages[wamid].reactions)
    await api.post("/sandbox/reaction", json=reaction)

    assert shown == {"customer": "👍"}
    assert conversation.messages[wamid].reactions == {}
    assert [m["reaction"] for m in receiver.messages[1:]] == [
        {"message_id": wamid, "emoji": "👍"},
        {"message_id": wamid},
    ]


async def test_raw_body_is_delivered_unchanged(api: httpx.AsyncClient, receiver: Receiver) -> None:
    body = {"object": "whatsapp_business_account", "entry": []}

    signed = await api.post("/sandbox/webhook", json={"body": body})
    forged = await api.post("/sandbox/webhook", json={"body": body, "app_secret": "wrong"})
    raw = await api.post("/sandbox/webhook", json={"raw_body": '{"entry": [ ]}'})

    assert signed.json() == {"webhook_status": 200, "webhook_error": None}
    assert forged.json() == {"webhook_status": 403, "webhook_error": "wrong signature"}
    assert raw.json()["webhook_status"] == 200
    assert receiver.raw_bodies[1] == b'{"entry": [ ]}'


@pytest.mark.parametrize("body", [b'{"from": "16505551234", "text": "\\ud800"}', b"{", b"\xff"])
async def test_invalid_json_is_refused(
    api: httpx.AsyncClient, receiver: Receiver, body: bytes
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await api.post("/sandbox/inbound", content=body, headers=headers)

    assert (answer.status_code, "not valid JSON" in answer.json()["error"]) == (400, True)
    assert receiver.bodies == []
