"""Exports of contacts, asked for and downloaded as an administrator does."""

import io
import zipfile
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import pytest
from beanie import PydanticObjectId

from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.waiting import eventually
from tests.whatsapp.media.conftest import (  # noqa: F401 - fixtures
    app,
    cloud_server,
    send_file,
    settings,
    settled,
)

FIELDS = "id state url sizeBytes error expiresAt progress { done total }"
EXPORT = (
    "mutation ($id: ID!) { exportContact(input: {contactId: $id}) {"
    f" export {{ {FIELDS} }} userErrors {{ code message }} }} }}"
)
READ = f"query ($id: ID!) {{ node(id: $id) {{ ... on ContactExport {{ {FIELDS} }} }} }}"


class Exports:
    """Requests exports and reads their files."""

    def __init__(self, client: GraphQLClient) -> None:
        self.client = client

    async def request(self, contact_id: PydanticObjectId) -> dict[str, Any]:
        payload = await self.client(EXPORT, id=encode_id("Contact", contact_id))
        answer = payload["exportContact"]
        assert answer["userErrors"] == []
        export: dict[str, Any] = answer["export"]
        return export

    async def read(self, export_id: str) -> dict[str, Any] | None:
        export: dict[str, Any] | None = (await self.client(READ, id=export_id))["node"]
        return export

    async def wait(self, export_id: str, state: str = "READY") -> dict[str, Any]:
        async def look() -> dict[str, Any] | None:
            export = await self.read(export_id)
            assert export is not None
            is_final = export["state"] in {"READY", "FAILED", "EXPIRED"}
            return export if is_final else None

        export = await eventually(look)
        assert export is not None
        assert export["state"] == state, export
        return export

    async def download(self, export: dict[str, Any], **headers: str) -> httpx.Response:
        url = urlsplit(export["url"])
        path = f"{url.path}?{url.query}"
        return await self.client.http.get(path, headers=headers)

    async def export(self, contact_id: PydanticObjectId) -> "Archive":
        """Requests an export, waits for it and opens its file."""
        requested = await self.request(contact_id)
        answer = await self.download(await self.wait(requested["id"]))
        assert answer.status_code == 200
        return Archive(answer.content)


class Archive:
    """A downloaded ZIP file."""

    def __init__(self, data: bytes) -> None:
        self.zip = zipfile.ZipFile(io.BytesIO(data))
        assert self.zip.testzip() is None
        self.names = self.zip.namelist()
        assert len(set(self.names)) == len(self.names)

    def read(self, name: str) -> bytes:
        return self.zip.read(name)

    def load(self, name: str) -> Any:
        return orjson.loads(self.read(name))

    def list_names(self, folder: str) -> list[str]:
        return sorted(name for name in self.names if name.startswith(f"{folder}/"))

    def load_timeline(self, kind: str | None = None) -> list[dict[str, Any]]:
        items = [item for name in self.list_names("timeline") for item in self.load(name)]
        return [item for item in items if kind in (None, item["item"])]

    def read_pages(self) -> str:
        return "\n".join(self.read(name).decode() for name in self.list_names("pages"))


@pytest.fixture
def exports(admin: GraphQLClient) -> Exports:
    return Exports(admin)


MakeClient = Callable[..., Awaitable[GraphQLClient]]
