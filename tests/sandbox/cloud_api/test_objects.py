"""GET, POST and DELETE of numbers, media and templates."""

import hashlib
from dataclasses import replace

import httpx
import pytest

from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.numbers import NumberDirectory
from tests.sandbox.meta_kit import BAKERY, SHOP, send, text_to

MIB = 1024 * 1024
NUMBER = f"/v25.0/{SHOP.phone_number_id}"
TEMPLATES = f"/v25.0/{SHOP.business_account_id}/message_templates"


async def upload(client: httpx.AsyncClient) -> str:
    answer = await client.post(
        f"{NUMBER}/media",
        data={"messaging_product": "whatsapp", "type": "image/png"},
        files={"file": ("a.png", b"\x89PNG", "image/png")},
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


async def test_number_has_default_or_requested_fields(
    api: httpx.AsyncClient,
) -> None:
    everything = (await api.get(NUMBER)).json()
    some = (await api.get(f"{NUMBER}?fields=display_phone_number,quality_rating")).json()

    assert everything["verified_name"] == "Demo shop"
    assert everything["throughput"] == {"level": "STANDARD"}
    assert some == {
        "display_phone_number": "+1 555-078-3881",
        "quality_rating": "GREEN",
        "id": SHOP.phone_number_id,
    }


async def test_unknown_field_is_named(api: httpx.AsyncClient) -> None:
    error = (await api.get(f"{NUMBER}?fields=shoe_size")).json()["error"]

    assert error["code"] == 100
    assert "nonexistent field (shoe_size)" in error["message"]


async def test_numbers_may_come_and_go(api: httpx.AsyncClient, meta: FakeMeta) -> None:
    assert isinstance(meta.numbers, NumberDirectory)

    meta.numbers.remove(SHOP.phone_number_id)
    gone = await send(api, text_to("15550001111"))
    meta.numbers.add(SHOP)
    back = await send(api, text_to("15550001111"))

    assert (gone.json()["error"]["error_subcode"], back.status_code) == (33, 200)


async def test_numbers_of_account_are_listed(api: httpx.AsyncClient) -> None:
    answer = await api.get(f"/v25.0/{SHOP.business_account_id}/phone_numbers")

    assert [each["id"] for each in answer.json()["data"]] == [SHOP.phone_number_id]


async def test_numbers_need_token_of_their_account(api: httpx.AsyncClient, meta: FakeMeta) -> None:
    second = replace(SHOP, phone_number_id="9", access_token="second-token")
    meta.numbers.add(second)
    listed = f"/v25.0/{SHOP.business_account_id}/phone_numbers"

    async def ask(address: str, token: str) -> tuple[int, int | None]:
        answer = await api.get(address, headers={"Authorization": f"Bearer {token}"})
        error = answer.json().get("error", {})
        return error.get("code", 0), error.get("error_subcode")

    for address in (listed, NUMBER):
        assert await ask(address, SHOP.access_token) == (0, None)
        assert await ask(address, second.access_token) == (0, None)
        assert await ask(address, BAKERY.access_token) == (100, 33)
        assert await ask(address, "unknown-token") == (190, None)
    for unknown in ("/v25.0/404", "/v25.0/404/phone_numbers"):
        assert await ask(unknown, SHOP.access_token) == (100, 33)
        assert await ask(unknown, "unknown-token") == (190, None)


async def test_media_takes_two_hops_and_token_at_each(api: httpx.AsyncClient) -> None:
    media_id = await upload(api)

    described = (await api.get(f"/v25.0/{media_id}")).json()
    content = await api.get(described["url"])
    without_token = await api.get(described["url"], headers={"Authorization": ""})
    wrong_token = await api.get(
        f"/v25.0/{media_id}", headers={"Authorization": f"Bearer {BAKERY.access_token}"}
    )

    assert described | {"url": ""} == {
        "url": "",
        "mime_type": "image/png",
        "sha256": hashlib.sha256(b"\x89PNG").hexdigest(),
        "file_size": 4,
        "id": media_id,
        "messaging_product": "whatsapp",
    }
    assert (content.content, content.headers["content-type"]) == (b"\x89PNG", "image/png")
    assert (without_token.status_code, wrong_token.status_code) == (401, 400)


async def test_media_link_expires(api: httpx.AsyncClient, meta: FakeMeta) -> None:
    media_id = await upload(api)
    meta.media.link_lifetime = 0

    url = (await api.get(f"/v25.0/{media_id}")).json()["url"]

    assert (await api.get(url)).status_code == 404


async def test_unknown_media_returns_400(api: httpx.AsyncClient) -> None:
    media_id = await upload(api)

    deleted = await api.delete(f"/v25.0/{media_id}")
    again = await api.delete(f"/v25.0/{media_id}")
    gone = await api.get(f"/v25.0/{media_id}")

    assert deleted.json() == {"success": True}
    for answer in (again, gone):
        assert answer.status_code == 400
        error = answer.json()["error"]
        assert (error["code"], error["error_subcode"]) == (100, 33)


async def test_media_of_another_number_does_not_exist(api: httpx.AsyncClient) -> None:
    media_id = await upload(api)

    answer = await api.get(f"/v25.0/{media_id}?phone_number_id={BAKERY.phone_number_id}")

    assert answer.json()["error"]["error_subcode"] == 33


@pytest.mark.parametrize("missing", ["file", "messaging_product", "type"])
async def test_incomplete_upload_is_refused(api: httpx.AsyncClient, missing: str) -> None:
    data = {} if missing == "messaging_product" else {"messaging_product": "whatsapp"}
    mime_type = "application/octet-stream" if missing == "type" else "image/png"
    files = {"other" if missing == "file" else "file": ("a.png", b"x", mime_type)}

    answer = await api.post(f"{NUMBER}/media", data=data, files=files)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)


async def test_old_media_make_room(meta: FakeMeta) -> None:
    meta.media.kept_bytes = 10
    first, second = [
        meta.media.add(b"123456", phone_number_id="1", mime_type="image/png") for _ in range(2)
    ]

    assert meta.media.get(first.id) is None
    assert meta.media.get(second.id) is second


async def test_templates_are_paged_by_cursors(api: httpx.AsyncClient, meta: FakeMeta) -> None:
    names, address = [], f"{TEMPLATES}?limit=2"
    while address:
        page = (await api.get(address)).json()
        names += [each["name"] for each in page["data"]]
        address = page["paging"].get("next")

    assert names == [each.name for each in meta.templates.templates]


async def test_templates_are_filtered_and_trimmed(api: httpx.AsyncClient) -> None:
    answer = await api.get(f"{TEMPLATES}?name=order_shipped&language=pt_BR&fields=name,status")

    (template,) = answer.json()["data"]
    assert template == {"name": "order_shipped", "status": "APPROVED", "id": template["id"]}


@pytest.mark.parametrize("query", ["limit=x", "limit=0", "after=%21%21"])
async def test_wrong_page_is_refused(api: httpx.AsyncClient, query: str) -> None:
    assert (await api.get(f"{TEMPLATES}?{query}")).json()["error"]["code"] == 100


async def test_templates_of_unknown_account_do_not_exist(api: httpx.AsyncClient) -> None:
    answer = await api.get("/v25.0/404/message_templates")

    assert answer.json()["error"]["error_subcode"] == 33


@pytest.mark.parametrize(
    ("mime_type", "size", "code"),
    [
        ("image/png", 5 * MIB, None),
        ("image/png", 5 * MIB + 1, 131053),
        ("image/webp", 500 * 1024 + 1, 131053),
        ("audio/ogg; codecs=opus", 16 * MIB + 1, 131053),
        ("text/plain", 0, 131053),
        ("text/csv", 1, None),
        ("image/gif", 1, 100),
        ("application/octet-stream", 1, 100),
    ],
)
async def test_files_are_taken_by_type_and_size(
    api: httpx.AsyncClient, mime_type: str, size: int, code: int | None
) -> None:
    data = {"messaging_product": "whatsapp", "type": mime_type}
    files = {"file": ("a", bytes(size), mime_type)}

    answer = (await api.post(f"{NUMBER}/media", data=data, files=files)).json()

    assert answer.get("error", {}).get("code") == code


async def test_media_expire_on_demand(api: httpx.AsyncClient) -> None:
    first, second = await upload(api), await upload(api)

    unknown = await api.post("/sandbox/expire-media", json={"media_id": "1"})
    await api.post("/sandbox/expire-media", json={"media_id": first})
    gone, there = [await api.get(f"/v25.0/{one}") for one in (first, second)]
    await api.post("/sandbox/expire-media", json={})

    assert (unknown.status_code, gone.status_code, there.status_code) == (400, 400, 200)
    assert (await api.get(f"/v25.0/{second}")).status_code == 400


async def test_added_number_is_metas(api: httpx.AsyncClient) -> None:
    """A script adds a number, and later replaces its token."""
    number = {"phone_number_id": "77", "business_account_id": "88", "access_token": "first"}

    async def read(token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return (await api.get("/v25.0/88/phone_numbers", headers=headers)).status_code

    added = await api.post("/sandbox/numbers", json=number | {"app_secret": "secret"})
    assert (added.status_code, await read("first")) == (201, 200)
    renewed = {"phone_number_id": "77", "access_token": "second"}
    assert (await api.post("/sandbox/numbers", json=renewed)).status_code == 201
    assert (await read("first"), await read("second")) == (401, 200)
    for mistake in ({"phone_number_id": "x"}, {"phone_number_id": "78"}):
        assert (await api.post("/sandbox/numbers", json=mistake)).status_code == 400
