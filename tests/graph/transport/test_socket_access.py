"""Access to sockets: API keys, changed keys, browser origins."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest
from pymongo.errors import AutoReconnect
from websockets.exceptions import InvalidStatus

from graph.fanout import credential_watch
from graph.fanout.groups import Groups
from models import ApiKey, Role
from models.database.base import DEFAULT_WORKSPACE_ID, utc_now
from tests.fixtures.waiting import eventually
from tests.graph.live_kit import create_message, wait_for_listeners
from tests.graph.socket_kit import SocketClient, open_socket
from whatsapp.auth.api_keys import create_api_key, revoke_api_key

ADDED = "subscription { messageAdded { message { text } } }"
INIT = {"type": "connection_init"}


async def test_key_is_read_from_all_client_forms(
    port: int, token: str, subtests: pytest.Subtests
) -> None:
    payloads: list[dict[str, object]] = [
        {"Authorization": f"Bearer {token}"},
        {"authorization": token},
        {"AUTHORIZATION": f"bearer {token}"},
        {"headers": {"Authorization": f"Bearer {token}"}},
    ]
    for payload in payloads:
        with subtests.test(payload=payload):
            async with open_socket(port) as client:
                await client.send(INIT | {"payload": payload})
                assert await client.receive() == {"type": "connection_ack"}


async def test_missing_and_wrong_key_have_close_codes(port: int, subtests: pytest.Subtests) -> None:
    for payload, close in [
        (None, (4401, "Unauthorized")),
        ({}, (4401, "Unauthorized")),
        ({"Authorization": None}, (4401, "Unauthorized")),
        ({"Authorization": ""}, (4403, "Forbidden")),
        ({"Authorization": "Bearer wag_000000000000_" + "x" * 43}, (4403, "Forbidden")),
        ({"Authorization": "Basic abc"}, (4403, "Forbidden")),
    ]:
        with subtests.test(payload=payload):
            async with open_socket(port) as client:
                await client.send(INIT | {"payload": payload})
                assert await client.find_close() == close


# For each setting: an origin, and its permission to connect.
ORIGINS: list[tuple[dict[str, tuple[str, ...]], dict[str | None, bool]]] = [
    (
        {"allowed_origins": ()},
        {
            None: True,
            "http://127.0.0.1:{port}": True,
            "http://127.0.0.1:1": False,
            "https://evil.example": False,
            "null": False,
        },
    ),
    (
        {"allowed_origins": ("https://app.example",)},
        {"https://app.example": True, "https://app.example.evil": False},
    ),
    ({"allowed_origins": ("*",)}, {"https://any.example": True}),
]


@pytest.mark.parametrize(
    ("settings", "origins"), ORIGINS, indirect=["settings"], ids=["none", "listed", "any"]
)
async def test_only_allowed_origins_open_sockets(
    port: int,
    origins: dict[str | None, bool],
    caplog: pytest.LogCaptureFixture,
    subtests: pytest.Subtests,
) -> None:
    for origin, is_allowed in origins.items():
        with subtests.test(origin=origin):
            opening = open_socket(port, origin=origin and origin.format(port=port))
            if not is_allowed:
                with pytest.raises(InvalidStatus, match="403"):
                    await opening.__aenter__()
                continue
            async with opening as client:
                await client.send({"type": "ping"})
                assert await client.receive() == {"type": "pong"}

    assert "evil" not in caplog.text, "any page could fill the log"


async def test_changed_key_ends_its_sockets(port: int, subtests: pytest.Subtests) -> None:
    changes: dict[str, Callable[[ApiKey], Awaitable[Any]]] = {
        "revoked": revoke_api_key,
        "expired": lambda key: key.set({ApiKey.expires_at: utc_now()}),
        "lower role": lambda key: key.set({ApiKey.role: Role.VIEWER}),
        "no accounts": lambda key: key.set({ApiKey.account_ids: []}),
        "deleted": lambda key: key.delete(),
    }
    for name, change in changes.items():
        with subtests.test(change=name):
            key, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="x", role=Role.AGENT)
            async with open_socket(port, token=token) as client:
                await client.subscribe(ADDED)
                await change(key)
                assert await client.find_close() == (4403, "Forbidden")


async def test_ended_key_closes_only_its_sockets(
    port: int, token: str, live_groups: Groups
) -> None:
    endings: list[Callable[[ApiKey], Awaitable[Any]]] = [
        revoke_api_key,
        lambda key: key.set({ApiKey.expires_at: utc_now()}),
        lambda key: key.delete(),
    ]
    async with AsyncExitStack() as stack:
        keys = [
            await create_api_key(DEFAULT_WORKSPACE_ID, name="x", role=Role.AGENT) for _ in endings
        ]
        opened = [open_socket(port, token=own) for _, own in keys for _ in range(3)]
        ended = [await stack.enter_async_context(one) for one in opened]
        lasting = await stack.enter_async_context(open_socket(port, token=token))
        for client in (*ended, lasting):
            await client.subscribe(ADDED)
        await wait_for_listeners(live_groups, len(opened) + 1)
        for end, (key, _) in zip(endings, keys, strict=True):
            await end(key)
        closes = [await client.find_close() for client in ended]
        await create_message(text="after")

        assert closes == [(4403, "Forbidden")] * 9
        assert (await lasting.take(1))[0]["messageAdded"]["message"]["text"] == "after"


async def test_other_keys_and_database_away_close_nothing(
    ws: SocketClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = 0

    async def fail(_ids: object) -> Any:
        nonlocal calls
        calls += 1
        raise AutoReconnect("away")

    monkeypatch.setattr(credential_watch, "list_viewers", fail)

    async def was_tried_again() -> bool:
        return calls > 2

    await eventually(was_tried_again)
    await ws.send({"type": "ping"})
    assert await ws.receive() == {"type": "pong"}
