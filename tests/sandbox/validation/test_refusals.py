"""Refusals with Meta's codes and the exact shape of its errors."""

from typing import Any

import httpx
import pytest

from sandbox.cloud_api.fake_meta import FakeMeta
from tests.sandbox.meta_kit import BAKERY, SHOP, send, text_to

ANA = "15550001111"


def typed(message_type: str, content: Any) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": ANA, "type": message_type, message_type: content}


def interactive(kind: str, action: dict[str, Any], **parts: Any) -> dict[str, Any]:
    message = {"type": kind, "body": {"text": "?"}, "action": action, **parts}
    return typed("interactive", message)


def list_of(*sections: dict[str, Any]) -> dict[str, Any]:
    return interactive("list", {"button": "Open", "sections": list(sections)})


def flow(**parameters: Any) -> dict[str, Any]:
    whole = {"flow_message_version": "3", "flow_id": "1", "flow_cta": "Go", **parameters}
    return interactive("flow", {"name": "flow", "parameters": whole})


ROW = {"id": "1", "title": "One"}
YES = {"buttons": [{"type": "reply", "reply": {"id": "1", "title": "Yes"}}]}
LINK = {"display_text": "Go", "url": "https://x.test"}


def buttons(*titles: str) -> dict[str, Any]:
    replies = [{"type": "reply", "reply": {"id": title, "title": title}} for title in titles]
    action = {"buttons": replies}
    return typed("interactive", {"type": "button", "body": {"text": "?"}, "action": action})


async def test_wrong_token_is_190(api: httpx.AsyncClient, meta: FakeMeta) -> None:
    api.headers["Authorization"] = "Bearer unknown-token"

    answer = await send(api, text_to(ANA))

    error = answer.json()["error"]
    assert answer.status_code == 401
    assert error == {
        "message": "Invalid OAuth access token - Cannot parse access token",
        "type": "OAuthException",
        "code": 190,
        "fbtrace_id": error["fbtrace_id"],
    }
    assert meta.requests.list_sends() == []


async def test_token_of_another_business_is_100_33(api: httpx.AsyncClient, meta: FakeMeta) -> None:
    api.headers["Authorization"] = f"Bearer {BAKERY.access_token}"

    error = (await send(api, text_to(ANA))).json()["error"]

    assert (error["code"], error["error_subcode"]) == (100, 33)
    assert meta.requests.list_sends() == []


async def test_no_token_is_refused(api: httpx.AsyncClient) -> None:
    del api.headers["Authorization"]

    answer = await send(api, text_to(ANA))

    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 104)


@pytest.mark.parametrize("path", ["/v25.0/404/messages", "/v25.0/404/media"])
async def test_unknown_number_is_100_33(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.post(path, json=text_to(ANA))

    error = answer.json()["error"]
    assert answer.status_code == 400
    assert (error["code"], error["error_subcode"]) == (100, 33)
    assert error["type"] == "GraphMethodException"
    assert error["message"].startswith("Unsupported post request. Object with ID '404' does not")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, 100),
        ({"messaging_product": "sms"}, 100),
        (text_to(""), 100),
        (text_to("not a phone"), 131009),
        ({**text_to(""), "recipient": "nobody"}, 131009),
        (typed("poem", {}), 100),
        (typed("text", {"body": ""}), 100),
        (typed("text", {"body": "x" * 4097}), 100),
        (typed("text", "Hello"), 100),
        (typed("image", {}), 100),
        (typed("image", {"id": "1", "link": "https://x.test/a.png"}), 100),
        (typed("image", {"link": "ftp://x.test/a.png"}), 100),
        (typed("image", {"id": "404404404404404"}), 100),
        (typed("image", {"link": "https://x.test/a.png", "caption": "x" * 1025}), 100),
        (typed("location", {"latitude": 1}), 100),
        (typed("location", {"latitude": 91, "longitude": 0}), 131009),
        (typed("contacts", [{"name": {}}]), 100),
        (typed("reaction", {"message_id": "wamid.x"}), 100),
        (typed("template", {"name": "hello_world"}), 100),
        (typed("template", {"name": "nope", "language": {"code": "en_US"}}), 132001),
        (typed("template", {"name": "order_shipped", "language": {"code": "en_US"}}), 132000),
        (
            typed("template", {"name": "appointment_reminder", "language": {"code": "en_US"}}),
            132015,
        ),
        (buttons(), 131009),
        (buttons("a", "b", "c", "d"), 131009),
        (buttons("same", "same"), 131009),
        (buttons("x" * 21), 131009),
        (typed("interactive", {"type": "list", "action": {"button": "b", "sections": []}}), 131009),
        (typed("interactive", {"type": "button", "action": YES}), 100),
        (interactive("button", YES, footer={"text": "x" * 61}), 100),
        (interactive("button", YES, header={"type": "text", "text": "x" * 61}), 131009),
        (interactive("button", YES, header={"type": "sticker"}), 131009),
        (interactive("button", YES, header={"type": "image", "image": {}}), 100),
        (interactive("button", {"buttons": YES["buttons"] * 2}), 131009),
        (interactive("button", {"buttons": [{"type": "reply"}]}), 100),
        (list_of({"rows": [ROW]}, {"rows": [ROW | {"id": "2"}]}), 131009),
        (list_of({"title": "a", "rows": [ROW]}, {"title": "b", "rows": [ROW]}), 131009),
        (list_of({"rows": [ROW | {"id": str(number)} for number in range(11)]}), 131009),
        (list_of({"rows": [ROW | {"description": "x" * 73}]}), 131009),
        (list_of({"title": "a"}), 100),
        (interactive("cta_url", {"name": "cta_url"}), 100),
        (interactive("cta_url", {"name": "cta_url", "parameters": LINK | {"url": "x"}}), 100),
        (interactive("cta_url", {"name": "x", "parameters": LINK}), 131009),
        (interactive("location_request_message", {"name": "x"}), 131009),
        (interactive("request_contact_info", {}), 131009),
        (flow(flow_name="x"), 100),
        (flow(flow_cta="x" * 31), 131009),
        (flow(mode="x"), 131009),
        (flow(flow_action="x"), 131009),
        (flow(flow_message_version="2"), 131009),
        (flow(flow_action="data_exchange", flow_action_payload={"screen": "A"}), 131009),
        (typed("contacts", [{"name": {"formatted_name": "Ada"}}]), 131009),
        (typed("contacts", [{"name": {"formatted_name": "A", "first_name": "A"}}] * 258), 131009),
        (
            typed(
                "contacts",
                [{"name": {"formatted_name": "A", "first_name": "A"}, "birthday": "today"}],
            ),
            131009,
        ),
        (typed("reaction", {"message_id": "wamid.x", "emoji": "x" * 33}), 131009),
        (text_to(ANA, biz_opaque_callback_data="x" * 513), 100),
        (text_to(ANA, context={}), 100),
        (text_to(ANA, recipient_type="crowd"), 100),
        ({"messaging_product": "whatsapp", "status": "read"}, 100),
        ({"messaging_product": "whatsapp", "status": "seen", "message_id": "wamid.x"}, 100),
        ({"messaging_product": "whatsapp", "status": "read", "message_id": "x"}, 131009),
    ],
)
async def test_malformed_send_is_refused(
    api: httpx.AsyncClient, meta: FakeMeta, body: dict[str, Any], code: int
) -> None:
    answer = await send(api, body)

    error = answer.json()["error"]
    assert error["code"] == code
    assert {"message", "type", "code", "fbtrace_id"} <= error.keys()
    assert meta.requests.list_sends() == []


async def test_text_of_exactly_limit_is_accepted(api: httpx.AsyncClient) -> None:
    assert (await send(api, text_to(ANA, "x" * 4096))).status_code == 200


async def test_value_error_has_its_details(api: httpx.AsyncClient) -> None:
    error = (await send(api, buttons("x" * 21))).json()["error"]

    assert error["message"] == "(#131009) Parameter value is not valid"
    assert error["error_data"] == {
        "messaging_product": "whatsapp",
        "details": "Button title length invalid. Min length: 1, Max length: 20",
    }


async def test_body_that_is_no_json_misses_its_parameters(api: httpx.AsyncClient) -> None:
    answer = await api.post(f"/v25.0/{SHOP.phone_number_id}/messages", content=b"{broken")

    assert answer.json()["error"]["message"] == (
        "(#100) The parameter messaging_product is required."
    )


async def test_unknown_path_is_refused_as_meta_does(api: httpx.AsyncClient) -> None:
    answer = await api.get("/v25.0/1/nothing/here")

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 2500)
