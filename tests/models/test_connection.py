"""Checks at start: a problem of MongoDB is reported at once, in a single line."""

import time
from typing import Any

import pytest
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import NotPrimaryError

from models import Contact
from models.connection import (
    DatabaseUnreachable,
    DatabaseUnusable,
    check_server,
    create_client,
    enable_pre_images,
    prepare_database,
)
from models.database.base import collection
from models.indexes import list_missing_indexes

NOBODY = "mongodb://user:canary-password@127.0.0.1:9/?replicaSet=rs0"


async def test_unreachable_server_is_reported_within_seconds() -> None:
    started = time.monotonic()
    async with create_client(NOBODY) as client:
        with pytest.raises(DatabaseUnreachable) as caught:
            await check_server(client["wagraph"])

    assert time.monotonic() - started < 3.0 * 3
    assert "127.0.0.1:9" in str(caught.value)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    "uri",
    [
        "mongo://nowhere",
        "mongodb://user:S3CR/ET@host:27017/db",
        "mongodb://user:S3CR@ET@host:27017/db",
        "mongodb://user:S3CR:ET@host:27017/db",
        "mongodb://user:S3CR%ET@host:27017/db",
        "mongodb://user:S3CR?ET@host:27017/db",
    ],
)
def test_malformed_uri_is_reported_without_password(uri: str) -> None:
    with pytest.raises(DatabaseUnusable, match="MONGODB_URI is malformed") as caught:
        create_client(uri)

    assert "percent-encoded" in str(caught.value)
    assert "S3CR" not in str(caught.value)
    assert "ET@" not in str(caught.value)


async def test_lost_primary_is_transient(
    database: AsyncDatabase[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(**_options: object) -> None:
        raise NotPrimaryError("node is recovering")

    monkeypatch.setattr("models.connection.init_beanie", fail)

    with pytest.raises(DatabaseUnreachable, match="NotPrimaryError"):
        await prepare_database(database)


async def test_index_with_other_keys_is_refused(database: AsyncDatabase[dict[str, Any]]) -> None:
    await collection(Contact).drop_index("identity")
    await collection(Contact).create_index("account_id", name="identity")
    try:
        with pytest.raises(DatabaseUnusable, match="index identity of contacts"):
            await prepare_database(database)
    finally:
        await collection(Contact).drop_index("identity")
        await prepare_database(database)

    assert await list_missing_indexes() == []


async def test_older_collection_gets_pre_images(database: AsyncDatabase[dict[str, Any]]) -> None:
    await database.command("collMod", "messages", changeStreamPreAndPostImages={"enabled": False})

    await enable_pre_images(database)

    [messages] = await (await database.list_collections(filter={"name": "messages"})).to_list()
    assert messages["options"]["changeStreamPreAndPostImages"] == {"enabled": True}
