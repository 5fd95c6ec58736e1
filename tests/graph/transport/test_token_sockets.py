"""Sockets that were opened with a token of the identity provider, or a key that ends by itself."""

from datetime import timedelta
from typing import Any

import pytest
from pymongo.errors import AutoReconnect

from graph.fanout import credential_watch
from graph.fanout.groups import Groups
from models import Account, Role
from models.database.base import DEFAULT_WORKSPACE_ID, utc_now
from telemetry.global_ids import encode_id
from tests.conftest import make_settings
from tests.fixtures.tokens import SETTINGS, make_token
from tests.graph.live_kit import (
    create_contact,
    create_conversation,
    create_queued,
    wait_for_listeners,
)
from tests.graph.socket_kit import open_socket
from whatsapp.auth.api_keys import create_api_key
from whatsapp.settings import Settings

EVENTS = "subscription { events { account { id } } }"
FORBIDDEN = (4403, "Forbidden")
# Moves the watch's clock instead of waiting.
LIFE_SECONDS = 600
INIT = {"type": "connection_init"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return make_settings(
        mongodb_uri=settings.mongodb_uri, mongodb_database=settings.mongodb_database, **SETTINGS
    )


async def test_token_hears_of_its_accounts_only(
    port: int, account: Account, other_account: Account, live_groups: Groups
) -> None:
    async with open_socket(port, token=make_token(Role.VIEWER, [account])) as ws:
        await ws.subscribe(EVENTS)
        await wait_for_listeners(live_groups, 1)
        await ws.subscribe("{ viewer { name } }")
        assert (await ws.receive())["payload"]["data"] == {"viewer": {"name": "Ada"}}
        await ws.receive()
        for each in (other_account, account):
            await create_queued(await create_conversation(await create_contact(each.id)))

        told: list[dict[str, Any]] = []
        while len(told) < 3:
            # The caller's own agent, which has no account, may be stored only now.
            told += [event for event in await ws.take(1) if event["events"]["account"]]

    own = {"account": {"id": encode_id("Account", account.id)}}
    assert [event["events"] for event in told] == [own] * 3


async def test_expiry_ends_sockets_without_database(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_ids: object) -> Any:
        raise AutoReconnect("away")

    ends_at = utc_now() + timedelta(seconds=LIFE_SECONDS)
    _, key = await create_api_key(
        DEFAULT_WORKSPACE_ID, name="x", role=Role.AGENT, expires_at=ends_at
    )
    async with (
        open_socket(port, token=make_token(seconds=LIFE_SECONDS * 3)) as lasting,
        open_socket(port, token=key) as by_key,
        open_socket(port, token=make_token(seconds=LIFE_SECONDS)) as by_token,
    ):
        monkeypatch.setattr(credential_watch, "list_viewers", fail)
        await by_token.subscribe(EVENTS)
        shortly_before = ends_at - timedelta(seconds=LIFE_SECONDS / 2)
        monkeypatch.setattr(credential_watch, "utc_now", lambda: shortly_before)
        for client in (by_key, by_token):
            await client.send({"type": "ping"})
            assert await client.receive() == {"type": "pong"}
        monkeypatch.setattr(credential_watch, "utc_now", lambda: ends_at + timedelta(seconds=1))

        assert await by_key.find_close() == FORBIDDEN
        assert await by_token.find_close() == FORBIDDEN
        await lasting.send({"type": "ping"})
        assert await lasting.receive() == {"type": "pong"}


async def test_invalid_token_opens_no_socket(port: int, subtests: pytest.Subtests) -> None:
    tokens = {
        "expired": make_token(seconds=-1),
        "foreign audience": make_token(aud="billing"),
        "malformed": "a.b.c",
    }
    for name, token in tokens.items():
        with subtests.test(token=name):
            async with open_socket(port) as client:
                await client.send(INIT | {"payload": {"Authorization": f"Bearer {token}"}})
                assert await client.find_close() == FORBIDDEN
