"""`GET /exports/{id}`: signatures, expiry, ranges, headers."""

import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest

from models import Account, ContactExport
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import write_message
from tests.whatsapp.exports.conftest import Exports
from whatsapp.common.crypto import KeyRing
from whatsapp.media.media_urls import MediaUrls
from whatsapp.settings import Settings


@pytest.fixture
async def ready(exports: Exports, account: Account) -> dict[str, Any]:
    message = await write_message(account, "15550001111", "x")
    return await exports.wait((await exports.request(message.contact_id))["id"])


async def test_file_is_served_as_attachment(exports: Exports, ready: dict[str, Any]) -> None:
    answer = await exports.download(ready)

    assert answer.status_code == 200
    assert answer.content[:2] == b"PK"
    assert answer.headers["content-length"] == str(int(ready["sizeBytes"]))
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    day = time.strftime("%Y-%m-%d", time.gmtime())
    name = f"contact-export-{day}.zip"
    assert answer.headers["content-disposition"] == (
        f"attachment; filename=\"{name}\"; filename*=UTF-8''{name}"
    )


async def test_ranges_resume_download(exports: Exports, ready: dict[str, Any]) -> None:
    whole = (await exports.download(ready)).content

    first = await exports.download(ready, Range="bytes=0-99")
    rest = await exports.download(ready, Range="bytes=100-", **{"If-Range": first.headers["etag"]})
    beyond = await exports.download(ready, Range=f"bytes={len(whole)}-")
    changed = await exports.download(ready, Range="bytes=100-", **{"If-Range": '"other"'})

    assert (first.status_code, rest.status_code) == (206, 206)
    assert first.content + rest.content == whole
    assert beyond.status_code == 416
    assert (changed.status_code, changed.content) == (200, whole)


async def test_only_valid_signature_opens_file(
    client: httpx.AsyncClient,
    admin: GraphQLClient,
    ready: dict[str, Any],
    keyring: KeyRing,
    settings: Settings,
    subtests: pytest.Subtests,
) -> None:
    url = urlsplit(ready["url"])
    query = dict(parse_qsl(url.query))
    export = await ContactExport.find_one()
    assert export is not None
    media_url = MediaUrls(keyring, public_url="", seconds=900).make(export.id)
    late = str(int(query["expires"]) + 1)
    bad = {
        "no query": url.path,
        "later": f"{url.path}?expires={late}&signature={query['signature']}",
        "no signature": f"{url.path}?expires={query['expires']}",
        "signature of media": f"{url.path}?{urlsplit(media_url).query}",
        "as media": f"/media/{export.id}?{url.query}",
        "other id": f"/exports/{'0' * 24}?{url.query}",
        "no id": f"/exports/x?{url.query}",
    }
    for name, path in bad.items():
        with subtests.test(name=name):
            # A credential alone opens nothing.
            headers = {"Authorization": f"Bearer {admin.token}"}
            answer = await client.get(path, headers=headers)
            assert answer.status_code == 404
            assert answer.headers["cache-control"] == "no-store"


async def test_expired_url_is_refused(
    client: httpx.AsyncClient, ready: dict[str, Any], keyring: KeyRing
) -> None:
    export = await ContactExport.find_one()
    assert export is not None
    expired = MediaUrls(keyring, public_url="", seconds=-900, folder="exports").make(export.id)

    assert (await client.get(expired)).status_code == 404


async def test_lost_file_is_not_found(exports: Exports, ready: dict[str, Any]) -> None:
    files = ContactExport.get_pymongo_collection().database["media.files"]
    await files.delete_many({})

    assert (await exports.download(ready)).status_code == 404
