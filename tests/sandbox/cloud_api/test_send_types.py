"""Every message type that Meta takes is accepted, in the shapes of Meta's own examples."""

from typing import Any

import httpx
import pytest

from sandbox.cloud_api.fake_meta import FakeMeta
from tests.sandbox.meta_kit import SHOP, send

ANA = "15550001111"
BODY = {"text": "Choose"}
ROWS = [{"rows": [{"id": "1", "title": "One", "description": "first"}], "title": "All"}]
FLOW = {"flow_id": "1", "flow_cta": "Open", "flow_token": "t", "flow_message_version": "3"}


def interactive(kind: str, action: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "interactive", {"type": kind, "body": BODY, "action": action}


@pytest.mark.parametrize(
    ("message_type", "content"),
    [
        ("text", {"body": "See https://x.test", "preview_url": True}),
        ("image", {"link": "https://x.test/a.jpg", "caption": "A"}),
        ("video", {"link": "https://x.test/a.mp4"}),
        ("audio", {"link": "https://x.test/a.ogg", "voice": True}),
        ("document", {"link": "https://x.test/a.pdf", "filename": "a.pdf"}),
        ("sticker", {"link": "https://x.test/a.webp"}),
        ("location", {"latitude": 37.4, "longitude": -122.1, "name": "Here"}),
        ("contacts", [{"name": {"formatted_name": "John Smith", "first_name": "John"}}]),
        ("reaction", {"message_id": "wamid.x", "emoji": "👍"}),
        ("reaction", {"message_id": "wamid.x", "emoji": ""}),
        interactive("button", {"buttons": [{"type": "reply", "reply": {"id": "1", "title": "Y"}}]}),
        interactive("list", {"button": "Open", "sections": ROWS}),
        interactive(
            "cta_url", {"name": "cta_url", "parameters": {"display_text": "Go", "url": "https://x"}}
        ),
        interactive("location_request_message", {"name": "send_location"}),
        interactive("request_contact_info", {"name": "request_contact_info"}),
        interactive("flow", {"name": "flow", "parameters": FLOW}),
        interactive("product", {"catalog_id": "1", "product_retailer_id": "2"}),
        interactive("catalog_message", {"name": "catalog_message"}),
    ],
)
async def test_type_is_accepted(
    api: httpx.AsyncClient, meta: FakeMeta, message_type: str, content: Any
) -> None:
    body = {"messaging_product": "whatsapp", "to": ANA, "type": message_type, message_type: content}

    answer = await send(api, body)

    assert answer.status_code == 200, answer.text
    assert [sent.body for sent in meta.requests.list_sends()] == [body]


async def test_uploaded_file_can_be_sent(api: httpx.AsyncClient) -> None:
    upload = await api.post(
        f"/v25.0/{SHOP.phone_number_id}/media",
        data={"messaging_product": "whatsapp"},
        files={"file": ("a.png", b"\x89PNG", "image/png")},
    )
    image = {"id": upload.json()["id"]}

    answer = await send(
        api, {"messaging_product": "whatsapp", "to": ANA, "type": "image", "image": image}
    )

    assert answer.status_code == 200


IMAGE = {"type": "image", "image": {"link": "https://shop.example/spring.jpg"}}
CODE = {"type": "text", "text": "123456"}


async def test_named_template_shows_its_text_on_phone(
    api: httpx.AsyncClient, meta: FakeMeta
) -> None:
    parameters = [
        {"type": "text", "parameter_name": "first_name", "text": "Ana"},
        {"type": "text", "parameter_name": "discount", "text": "20 %"},
    ]
    template = {
        "name": "spring_offer",
        "language": {"code": "en_US"},
        "components": [
            {"type": "header", "parameters": [IMAGE]},
            {"type": "body", "parameters": parameters},
        ],
    }

    answer = await send(
        api, {"messaging_product": "whatsapp", "to": ANA, "type": "template", "template": template}
    )

    assert answer.status_code == 200
    (conversation,) = meta.customers.list_conversations()
    (message,) = conversation.messages.values()
    assert message.content["body"] == "Ana, everything green is 20 % off until Sunday."
    assert message.content["header_file"] == {"type": "image", "image": IMAGE["image"]}
    assert message.content["buttons"] == ["Show me", "Stop promotions"]


async def test_authentication_template_needs_phone(api: httpx.AsyncClient) -> None:
    template = {
        "name": "login_code",
        "language": {"code": "en_US"},
        "components": [
            {"type": "body", "parameters": [CODE]},
            {"type": "button", "sub_type": "url", "index": "0", "parameters": [CODE]},
        ],
    }
    body = {"messaging_product": "whatsapp", "type": "template", "template": template}

    to_user_id = await send(api, body | {"recipient": "US.13491208655302741918"})
    to_phone = await send(api, body | {"to": ANA})

    assert to_user_id.json()["error"]["code"] == 131062
    assert to_phone.status_code == 200
