"""The sandbox's control API and phone page: for programs and pages of this machine only."""

from typing import Any

import httpx
import pytest

from sandbox.cloud_api.fake_meta import FakeMeta

INBOUND = '{"from": "16505551234", "text": "forged"}'
CONTROLS = [
    ("POST", "/sandbox/inbound", INBOUND),
    ("POST", "/sandbox/reaction", '{"from": "16505551234", "message_id": "x", "emoji": "x"}'),
    ("POST", "/sandbox/webhook", '{"body": {}}'),
    ("POST", "/sandbox/faults", '{"kind": "error"}'),
    ("POST", "/sandbox/customers", '{"from": "16505551234"}'),
    ("POST", "/sandbox/expire-media", "{}"),
    ("PATCH", "/sandbox/settings", '{"answer_delay": 9}'),
    ("POST", "/sandbox/reset", ""),
    ("POST", "/sandbox/media", ""),
    ("DELETE", "/sandbox/faults", ""),
    ("DELETE", "/sandbox/requests", ""),
    ("DELETE", "/sandbox/webhooks", ""),
    ("GET", "/sandbox/requests", ""),
    ("GET", "/sandbox/webhooks", ""),
    ("GET", "/sandbox/conversations", ""),
    ("GET", "/", ""),
    ("GET", "/demo", ""),
    ("POST", "/sandbox/echo", '{"to": "16505551234", "text": "forged"}'),
]
FOREIGN: list[dict[str, str]] = [
    {"Host": "evil.example"},
    {"Host": "localhost.evil.example"},
    {"Host": "127.0.0.1.evil.example:8001"},
    {"Host": "169.254.1.1"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:9999"},
    {"Origin": "null"},
]


def read_state(meta: FakeMeta) -> Any:
    return (
        list(meta.customers.list_conversations(None)),
        list(meta.webhooks.log),
        list(meta.faults.rules),
        meta.settings.answer_delay,
    )


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_foreign_host_or_origin_is_refused(
    api: httpx.AsyncClient, meta: FakeMeta, headers: dict[str, str], subtests: pytest.Subtests
) -> None:
    before = read_state(meta)
    for method, path, body in CONTROLS:
        with subtests.test(method=method, path=path):
            told = {"Content-Type": "application/json", **headers}
            answer = await api.request(method, path, content=body, headers=told)
            assert answer.status_code == 403
    assert read_state(meta) == before


@pytest.mark.parametrize(
    "content_type", ["text/plain", "text/plain; application/json", "", "multipart/form-data"]
)
async def test_body_that_is_not_json_is_refused(
    api: httpx.AsyncClient, meta: FakeMeta, content_type: str, subtests: pytest.Subtests
) -> None:
    before = read_state(meta)
    for method, path, body in CONTROLS:
        with subtests.test(method=method, path=path):
            if body:
                headers = {"Content-Type": content_type}
                answer = await api.request(method, path, content=body, headers=headers)
                assert answer.status_code == 415
    assert read_state(meta) == before


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "127.0.0.1:8001", "Origin": "http://127.0.0.1:8001"},
        {"Host": "[::1]:8001"},
        {"Host": "LOCALHOST:8001", "Origin": "http://localhost:8001"},
    ],
    ids=str,
)
async def test_local_caller_is_served(
    api: httpx.AsyncClient, meta: FakeMeta, headers: dict[str, str]
) -> None:
    told = {"Content-Type": "application/json; charset=utf-8", **headers}
    answer = await api.patch("/sandbox/settings", content='{"answer_delay": 0.5}', headers=told)

    assert answer.status_code == 200
    assert meta.settings.answer_delay == 0.5
    assert (await api.get("/", headers=headers)).status_code == 200
