"""Quotas of requests, sockets, uploads and events, over all credentials of a workspace."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed

from graph.fanout.groups import Groups
from models import Account, Contact, Role, UploadedMedia
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.quotas import add_other_workspace, set_quotas
from tests.fixtures.said import id_of
from tests.fixtures.uploads import PICTURE, UPLOAD, list_uploads
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.graph.fanout.test_groups import take_texts
from tests.graph.live_kit import (
    create_contact,
    create_conversation,
    create_message,
    wait_for_listeners,
)
from tests.graph.socket_kit import open_socket, serve
from tests.graph.stream_kit import open_stream
from whatsapp.auth.api_keys import create_api_key

MakeClient = Callable[..., Awaitable[GraphQLClient]]
PAGE = "{ contacts(first: 99) { edges { cursor } } }"


async def post(client: GraphQLClient, query: str = PAGE) -> httpx.Response:
    headers = {"Authorization": f"Bearer {client.token}"}
    return await client.http.post("/graphql", json={"query": query}, headers=headers)


async def wait_until_refused(client: GraphQLClient) -> httpx.Response:
    async def look() -> httpx.Response | None:
        answer = await post(client)
        return answer if answer.status_code == 429 else None

    answer = await eventually(look)
    assert answer is not None
    return answer


async def test_requests_of_all_credentials_share_quota(
    admin: GraphQLClient, make_client: MakeClient
) -> None:
    colleague = await make_client(Role.VIEWER)
    other = await add_other_workspace()
    _, token = await create_api_key(other.id, name="other", role=Role.ADMIN)
    stranger = GraphQLClient(admin.http, token)
    await set_quotas(operation_cost_per_minute=240)

    refused = await wait_until_refused(admin)

    (error,) = refused.json()["errors"]
    assert error["extensions"]["code"] == "RATE_LIMITED"
    # 16 may be used at once, which is enough for any operation, and 4 come back each second.
    assert 0 < error["extensions"]["retryAfter"] <= 30
    assert refused.headers["Retry-After"] == str(error["extensions"]["retryAfter"])
    assert refused.json()["extensions"]["cost"]["restoreRate"] == 4
    assert (await post(colleague)).status_code == 429
    assert (await post(stranger)).status_code == 200


async def test_raised_quota_is_applied_within_seconds(admin: GraphQLClient) -> None:
    await set_quotas(operation_cost_per_minute=2)
    await wait_until_refused(admin)
    await set_quotas()

    async def is_answered() -> bool:
        return (await post(admin)).status_code == 200

    await eventually(is_answered)


async def test_customers_message_is_stored_despite_used_quotas(
    admin: GraphQLClient, webhook: WebhookClient, account: Account
) -> None:
    await set_quotas(operation_cost_per_minute=1, event_cost_per_minute=1, sends_per_second=1)
    await wait_until_refused(admin)

    assert (await webhook.post_messages(make_message())).status_code == 200

    async def is_stored() -> bool:
        return await Contact.find({"account_id": account.id}).count() == 1

    await eventually(is_stored)


async def test_sockets_of_all_credentials_share_quota(
    app: Any, admin: GraphQLClient, make_client: MakeClient, account: Account
) -> None:
    colleague = await make_client(Role.VIEWER)
    await set_quotas(sockets=2)
    codes = []
    async with serve(app) as port:

        async def is_refused() -> bool:
            try:
                async with (
                    open_socket(port, token=admin.token),
                    open_socket(port, token=admin.token),
                    open_socket(port, token=colleague.token),
                ):
                    return False
            except ConnectionClosed as closed:
                codes.append(closed.rcvd.code if closed.rcvd else None)
                return True

        await eventually(is_refused)
        async with open_socket(port, token=admin.token):
            url, live = f"http://127.0.0.1:{port}", "subscription { messageAdded { cursor } }"
            async with open_stream(url, colleague.token, live) as stream:
                await stream.wait_for_comments(1)
                async with open_stream(url, admin.token, live) as refused:
                    await refused.response.aread()

        async def has_room() -> bool:
            async with open_stream(url, colleague.token, PAGE) as again:
                return again.response.status_code == 200

        await eventually(has_room)

    assert codes == [1013]
    assert refused.response.status_code == 429
    assert refused.response.headers["Retry-After"] == "1"


async def test_uploads_beyond_quota_are_refused_before_they_are_read(
    admin: GraphQLClient, make_client: MakeClient, account: Account, meta: FakeMeta
) -> None:
    colleague = await make_client(Role.AGENT)
    await set_quotas(uploads_per_minute=1)
    variables = {"file": None, "account": id_of(account)}

    async def is_refused() -> httpx.Response | None:
        answer = await colleague.post_files(UPLOAD, {"file": PICTURE}, **variables)
        return answer if answer.status_code == 429 else None

    refused = await eventually(is_refused)
    assert refused is not None
    count = await UploadedMedia.find({"account_id": account.id}).count()
    again = await admin.post_files(UPLOAD, {"file": PICTURE}, **variables)

    assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert again.status_code == 429
    assert await UploadedMedia.find({"account_id": account.id}).count() == count
    assert len(list_uploads(meta)) == count


async def test_events_beyond_quota_come_later_and_complete(
    app: Any, admin: GraphQLClient, make_client: MakeClient, account: Account, live_groups: Groups
) -> None:
    conversation = await create_conversation(await create_contact(account.id))
    colleague = await make_client(Role.VIEWER)
    # An event costs 12; 40 may be used at once, and 10 come back each second.
    await set_quotas(event_cost_per_minute=600)
    query = """subscription { messageAdded {
      cursor message { text conversation { messages(first: 8) { edges { cursor } } } } } }"""
    async with (
        serve(app) as port,
        open_socket(port, token=admin.token) as first,
        open_socket(port, token=colleague.token) as second,
    ):
        await first.subscribe(query)
        await second.subscribe(query)
        await wait_for_listeners(live_groups, 2)
        started = time.monotonic()
        texts = [str(number) for number in range(10)]
        for text in texts:
            await create_message(conversation, text=text)

        assert await take_texts(first, len(texts)) == texts
        assert await take_texts(second, len(texts)) == texts
        await create_message(conversation, text="next")
        assert await take_texts(first, 1) == ["next"]
        assert await take_texts(second, 1) == ["next"]

    assert time.monotonic() - started > 3, "the quota allows 10 units a second"
