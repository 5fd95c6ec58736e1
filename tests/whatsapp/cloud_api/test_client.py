"""The Cloud API client: requests, answers, secrecy."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

from models import Contact, Identity, IdentityKind, Message, MessageDirection, MessageStatus
from models.database.base import DEFAULT_WORKSPACE_ID, new_id, utc_now
from sandbox.server import FakeCloudServer
from tests.conftest import make_settings
from tests.fixtures.outbox import OutboxWorld
from whatsapp.cloud_api.client import CloudAPI, create_http_client
from whatsapp.cloud_api.responses import SendResult
from whatsapp.errors import CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown
from whatsapp.outbox.content import build_payload

TOKEN = "canary-access-token"
ACCEPTED = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": "16505551234", "wa_id": "16505551234", "user_id": "US.134"}],
    "messages": [{"id": "wamid.A"}],
}
GZIPPED = {"content-encoding": "gzip"}
Handler = Callable[[httpx.Request], httpx.Response]


async def send(handler: Handler, *, token: str = TOKEN) -> SendResult:
    settings = make_settings()
    async with create_http_client(httpx.MockTransport(handler)) as http:
        return await CloudAPI(http, settings=settings).send_message(
            phone_number_id="106", access_token=token, graph_api_version=None, payload={"a": "é"}
        )


def answer(body: Any, status: int = 200, **headers: str) -> Handler:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _request: httpx.Response(status, json=body, headers=named)


async def test_date_to_wait_for_is_read_too() -> None:
    until = datetime.now(UTC) + timedelta(seconds=100)
    error = {"code": 4, "message": "limit"}

    refusal = await get_error(answer({"error": error}, 429, retry_after=format_datetime(until)))

    assert refusal.retry_after_seconds is not None
    assert 60 < refusal.retry_after_seconds <= 100


async def get_error(handler: Handler) -> CloudAPIError:
    with pytest.raises(CloudAPIError) as refusal:
        await send(handler)
    return refusal.value


async def test_request_has_token_in_header() -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json=ACCEPTED)

    await send(handle)

    assert str(seen[0].url) == "http://meta.test/v25.0/106/messages"
    assert seen[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert seen[0].headers["accept-encoding"] == "identity"
    assert json.loads(seen[0].content) == {"a": "é"}


async def test_accepted_message_has_its_ids() -> None:
    assert await send(answer(ACCEPTED)) == SendResult("wamid.A", "16505551234", "US.134", False)


async def test_message_may_be_held_by_meta() -> None:
    message = {"id": "wamid.A", "message_status": "held_for_quality_assessment"}

    assert await send(answer({"messages": [message]})) == SendResult("wamid.A", None, None, True)


async def test_error_object_is_read_whole() -> None:
    error = {
        "message": "(#131030) Recipient phone number not in allowed list",
        "code": 131030,
        "error_subcode": 2655007,
        "is_transient": True,
        "error_data": {"messaging_product": "whatsapp", "details": "Not in the list"},
        "fbtrace_id": "A1b2",
    }

    refusal = await get_error(answer({"error": error}, 400, retry_after="7"))

    assert (refusal.code, refusal.subcode, refusal.http_status) == (131030, 2655007, 400)
    assert (refusal.details, refusal.fbtrace_id) == ("Not in the list", "A1b2")
    assert (refusal.is_transient, refusal.retry_after_seconds) == (True, 7.0)


@pytest.mark.parametrize(
    ("error", "details"),
    [
        ({"code": 100, "error_data": "a plain text"}, "a plain text"),
        ({"code": 100, "error_user_msg": "for people"}, "for people"),
        ({"code": 100, "error_data": {"details": None}, "message": None}, None),
        ({"code": 100, "error_data": [1]}, None),
    ],
)
async def test_odd_error_objects_are_read(error: dict[str, Any], details: str | None) -> None:
    assert (await get_error(answer({"error": error}, 400))).details == details


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "0.5"}, 0.5),
        ({"retry_after": "-1"}, None),
        ({"retry_after": "inf"}, None),
        ({"retry_after": "Wed, 21 Oct 2020 07:28:00 GMT"}, None),
        ({"retry_after": "Wed, 99 Oct 2099 07:28:00"}, None),
        (
            {
                "x_business_use_case_usage": json.dumps(
                    {
                        "1": [{"estimated_time_to_regain_access": 3}, {}],
                        "2": [{"estimated_time_to_regain_access": 5}],
                    }
                )
            },
            300.0,
        ),
        ({"x_business_use_case_usage": "[" * 100_000}, None),
        ({"x_business_use_case_usage": '{"1": {}}'}, None),
        ({}, None),
    ],
)
async def test_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    error = await get_error(answer({"error": {"code": 4}}, 429, **headers))

    assert error.retry_after_seconds == seconds


@pytest.mark.parametrize(
    "handler",
    [
        answer({}),
        answer([]),
        answer(None),
        answer({"messages": []}),
        answer({"messages": [{"id": ""}]}),
        answer({"messages": "wamid.A"}),
        answer({"error": "broken"}, 500),
        answer({"error": {"code": "190"}}, 400),
        answer({"error": {"code": True}}, 400),
        answer(ACCEPTED, 500),
        answer(ACCEPTED, 302, location="http://elsewhere.test/"),
        lambda _request: httpx.Response(200, content=b'{"messages": [{"id": "wam'),
        lambda _request: httpx.Response(200, content=b"\xff\xfe"),
        lambda _request: httpx.Response(502, html="<h1>Bad gateway</h1>"),
        lambda _request: httpx.Response(200, content=b" " * 1_048_577),
        lambda _request: httpx.Response(
            200, content=gzip.compress(json.dumps(ACCEPTED).encode()), headers=GZIPPED
        ),
    ],
)
async def test_unreadable_answer_leaves_outcome_unknown(handler: Handler) -> None:
    with pytest.raises(CloudAPIOutcomeUnknown):
        await send(handler)


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_failed_connection_is_distinguished(
    error: type[httpx.TransportError],
) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        raise error("no", request=request)

    with pytest.raises(CloudAPINotReached):
        await send(handle)


@pytest.mark.parametrize(
    "error",
    [httpx.ReadError, httpx.WriteError, httpx.ReadTimeout, httpx.RemoteProtocolError],
)
async def test_no_exception_carries_token(error: type[httpx.TransportError]) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        raise error(f"sent {request.headers}", request=request)

    with pytest.raises(CloudAPIOutcomeUnknown) as lost:
        await send(handle)

    assert TOKEN not in repr(lost.value)
    assert lost.value.__cause__ is None
    assert lost.value.__suppress_context__


@pytest.mark.parametrize("token", ["canary\r\nX-Other: 1", "canary token", "cänary", ""])
async def test_unencodable_token_is_never_sent(token: str) -> None:
    with pytest.raises(CloudAPIError) as refusal:
        await send(answer(ACCEPTED), token=token)

    assert refusal.value.code == 190
    assert "canary" not in repr(refusal.value)


async def test_redirect_is_not_followed(world: OutboxWorld, cloud_server: FakeCloudServer) -> None:
    world.break_sends("redirect")
    async with create_http_client() as http:
        with pytest.raises(CloudAPIOutcomeUnknown):
            await CloudAPI(http, settings=world.settings).send_message(
                phone_number_id=world.account.phone_number_id,
                access_token=TOKEN,
                graph_api_version="v25.0",
                payload={},
            )

    assert [request.endpoint for request in world.meta.requests.requests] == ["messages"]


async def test_proxies_of_environment_are_ignored(
    world: OutboxWorld, cloud_server: FakeCloudServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with create_http_client() as http:
        with pytest.raises(CloudAPIError):
            await CloudAPI(http, settings=world.settings).send_message(
                phone_number_id="1", access_token=TOKEN, graph_api_version=None, payload={}
            )


def make_message(**more: Any) -> Message:
    return Message(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=new_id(),
        conversation_id=new_id(),
        contact_id=new_id(),
        direction=MessageDirection.OUTBOUND,
        type="text",
        content={"body": "Hello", "preview_url": False},
        status_rank=MessageStatus.QUEUED.rank,
        timestamp=utc_now(),
        **more,
    )


def make_contact(**more: Any) -> Contact:
    identities = [Identity(kind=IdentityKind.PARENT_BSUID, value="US.ENT.1")]
    return Contact(
        workspace_id=DEFAULT_WORKSPACE_ID, account_id=new_id(), identities=identities, **more
    )


async def test_body_of_send(world: OutboxWorld) -> None:
    message = make_message(reply_to_wamid="wamid.Q")

    assert build_payload(message, make_contact(wa_id="16505551234", bsuid="US.1")) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "16505551234",
        "type": "text",
        "text": {"body": "Hello", "preview_url": False},
        "context": {"message_id": "wamid.Q"},
        "biz_opaque_callback_data": str(message.id),
    }


@pytest.mark.parametrize(("bsuid", "recipient"), [("US.1", "US.1"), (None, "US.ENT.1")])
async def test_somebody_without_phone_is_named_by_user_id(
    world: OutboxWorld, bsuid: str | None, recipient: str
) -> None:
    payload = build_payload(make_message(), make_contact(bsuid=bsuid))

    assert payload["recipient"] == recipient
    assert "to" not in payload
