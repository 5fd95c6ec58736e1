"""Traces of queries, mutations, uploads, webhooks and live events."""

import asyncio
from typing import Any

import pytest
from opentelemetry.trace import SpanKind, StatusCode

from models import Account, Contact, Message, Role
from models.database.base import DEFAULT_WORKSPACE_ID, collection
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from telemetry.global_ids import encode_id
from tests.fixtures.files import JPEG
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.uploads import upload
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message
from tests.fixtures.world import NUMBER
from tests.graph.live_kit import wait_for_listeners
from tests.graph.socket_kit import open_socket
from tests.telemetry.traces.span_kit import Spans, get_attributes, get_context, get_trace
from whatsapp.auth.api_keys import create_api_key

INBOX = """query Inbox($canary: String) {
  conversations(first: 5, search: $canary) { edges { node { id contact { name } } } } }"""
SEND = """mutation Send($account: ID!, $body: String!, $phone: PhoneNumber!) {
  sendMessage(input: {
    accountId: $account, to: { phoneNumber: $phone }, content: { text: { body: $body } }
  }) { message { id status } userErrors { code message } } }"""
ADDED = "subscription { messageAdded { message { text conversation { id } } } }"
TEXT = "canary-text-of-a-customer"
PHONE = "16505551234"


async def send(admin: GraphQLClient, webhook: WebhookClient, account: Account) -> None:
    """Sends a text to a customer who has just written."""
    await webhook.post_messages(make_message(sender=PHONE))
    await eventually(lambda: collection(Message).find_one({}))
    answer = await admin(SEND, account=id_of(account), body=TEXT, phone=f"+{PHONE}")
    assert answer["sendMessage"]["userErrors"] == []


async def test_query_is_traced_from_request_to_command(admin: GraphQLClient, spans: Spans) -> None:
    for _ in range(2):  # by graphql-core, then by a plan
        spans.exporter.clear()
        await admin("query Inbox { conversations(first: 5) { edges { node { id } } } }")

        [request] = spans.find("POST /graphql")
        [operation] = spans.find("query")
        found = [
            span
            for span in spans.all
            if get_attributes(span).get("db.collection.name") == "conversations"
        ]
        assert found
        for command in found:
            assert spans.list_ancestors(command)[-2:] == ["query", "POST /graphql"]
            assert command.kind is SpanKind.CLIENT
            assert get_attributes(command) == {
                "db.system.name": "mongodb",
                "db.namespace": get_attributes(command)["db.namespace"],
                "db.operation.name": command.name.split()[0],
                "db.collection.name": "conversations",
            }
        assert spans.get_parent(operation) == request
        assert get_attributes(operation) == {
            "graphql.operation.type": "query",
            "graphql.operation.name": "Inbox",
        }
    [resolver] = spans.find("Query.conversations")
    assert spans.list_ancestors(resolver) == ["query", "POST /graphql"]


async def test_request_has_standard_attributes(admin: GraphQLClient, spans: Spans) -> None:
    await admin("{ viewer { role } }")

    [request] = spans.find("POST /graphql")
    request_id = get_attributes(request)["wagraph.request_id"]
    assert get_attributes(request) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "http.route": "/graphql",
        "network.protocol.version": "1.1",
        "url.scheme": "http",
        "wagraph.request_id": request_id,
    }
    assert (request.kind, request.parent) == (SpanKind.SERVER, None)
    assert request.resource.attributes["service.name"] == "wagraph"
    assert request.resource.attributes["service.version"] == "1.2.3"


async def test_probe_is_not_traced(admin: GraphQLClient, spans: Spans) -> None:
    assert (await admin.http.get("/healthz")).status_code == 200
    assert (await admin.http.get("/readyz")).status_code == 200

    assert spans.all == ()


async def test_refusal_names_error_code(admin: GraphQLClient, spans: Spans) -> None:
    await admin.post("{ unknownField }")

    [request] = spans.find("POST /graphql")
    assert get_attributes(request)["wagraph.error.codes"] == "GRAPHQL_VALIDATION_FAILED"


async def test_send_continues_trace_of_mutation(
    admin: GraphQLClient, webhook: WebhookClient, account: Account, spans: Spans, meta: FakeMeta
) -> None:
    await send(admin, webhook, account)

    sent = await spans.wait_for("send message")
    [operation] = spans.find("mutation")
    [call] = spans.find("POST /v25.0/{id}/messages")
    assert spans.list_ancestors(sent)[-2:] == ["mutation", "POST /graphql"]
    assert get_attributes(operation)["graphql.operation.name"] == "Send"
    assert spans.get_parent(call) == sent
    assert get_attributes(call) == {
        "http.request.method": "POST",
        "http.response.status_code": 200,
        "server.address": "meta.test",
        "url.template": "/v25.0/{id}/messages",
    }
    [request] = [one for one in meta.requests.requests if one.path.endswith("/messages")]
    assert "traceparent" not in {name.lower() for name in request.headers}


async def test_work_without_deadline_continues_trace(
    admin: GraphQLClient, webhook: WebhookClient, account: Account, spans: Spans
) -> None:
    await webhook.post_messages(make_message(sender=PHONE))
    await eventually(lambda: collection(Message).find_one({}))
    contact = await collection(Contact).find_one({"account_id": account.id})
    assert contact is not None
    spans.exporter.clear()

    mutation = """mutation Delete($id: ID!) {
      deleteContact(input: { contactId: $id }) { userErrors { code } } }"""
    await admin(mutation, id=encode_id("Contact", contact["_id"]))

    deletes = [span for span in spans.all if span.name == "delete messages"]
    assert deletes
    for span in deletes:
        assert spans.list_ancestors(span)[-2:] == ["mutation", "POST /graphql"]


async def test_refused_send_names_error_code_of_meta(
    admin: GraphQLClient, webhook: WebhookClient, account: Account, spans: Spans, meta: FakeMeta
) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.ERROR, code=131026, times=1))

    await send(admin, webhook, account)

    await spans.wait_for("send message")
    [call] = spans.find("POST /v25.0/{id}/messages")
    assert get_attributes(call)["wagraph.meta.error_code"] == 131026
    assert get_attributes(call)["error.type"] == "CloudAPIError"
    assert call.status.status_code is StatusCode.ERROR
    assert (call.status.description, call.events) == (None, ())


@pytest.mark.parametrize("settings", [{"traceparent_to_meta": True}], indirect=True)
async def test_traceparent_is_sent_to_meta_if_set(
    admin: GraphQLClient, webhook: WebhookClient, account: Account, spans: Spans, meta: FakeMeta
) -> None:
    await send(admin, webhook, account)

    await spans.wait_for("send message")
    [call] = spans.find("POST /v25.0/{id}/messages")
    [request] = [one for one in meta.requests.requests if one.path.endswith("/messages")]
    context = get_context(call)
    headers = {name.lower(): value for name, value in request.headers.items()}
    sent = f"00-{context.trace_id:032x}-{context.span_id:016x}-"
    assert headers["traceparent"].startswith(sent)


async def test_upload_is_traced_to_meta(
    admin: GraphQLClient, account: Account, spans: Spans
) -> None:
    await upload(admin, account)

    [call] = spans.find("POST /v25.0/{id}/media")
    assert spans.list_ancestors(call)[-2:] == ["mutation", "POST /graphql"]
    assert get_attributes(call)["http.response.status_code"] == 200


async def test_webhook_is_traced_to_delivery(
    webhook: WebhookClient, account: Account, spans: Spans, port: int, live_groups: Any
) -> None:
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="live", role=Role.ADMIN)
    async with open_socket(port, token=token) as socket:
        await socket.subscribe(ADDED)
        await wait_for_listeners(live_groups, 1)
        await webhook.post_messages(make_message(content={"body": TEXT}))
        [event] = await socket.take(1)
    assert event["messageAdded"]["message"]["text"] == TEXT

    delivered = await spans.wait_for("deliver events")
    [executed] = spans.find("execute events")
    assert get_trace(executed) == get_trace(delivered)
    assert [get_attributes(span) for span in spans.find("subscription")] == [
        {"graphql.operation.type": "subscription"}
    ]
    [request] = spans.find("POST /webhooks/whatsapp")
    [commit] = spans.find("webhook group commit")
    processed = await spans.wait_for("process webhooks")
    published = spans.find("publish events")[0]
    assert spans.get_parent(commit) == request
    assert spans.get_parent(processed) == request
    assert [spans.get_parent(span) for span in (published, delivered)] == [processed, processed]
    assert {get_trace(span) for span in (commit, processed, published, delivered)} == {
        get_trace(request)
    }
    stored = spans.find("insert messages") or spans.find("update messages")
    assert all(get_trace(span) == get_trace(request) for span in stored)
    assert processed.kind is SpanKind.CONSUMER


async def test_download_continues_trace_of_webhook(
    webhook: WebhookClient, account: Account, spans: Spans, meta: FakeMeta
) -> None:
    file = meta.media.add(JPEG, phone_number_id=NUMBER.phone_number_id, mime_type="image/jpeg")
    await webhook.post_messages(make_message("image", {"id": file.id, "mime_type": "image/jpeg"}))

    download = await spans.wait_for("download media")
    [stored] = spans.find("store file")
    assert spans.list_ancestors(stored)[0] == "download media"
    assert get_attributes(stored)["wagraph.media.bytes"] == len(JPEG)
    assert get_trace(download) == get_trace(spans.find("POST /webhooks/whatsapp")[0])


async def test_webhooks_of_one_batch_are_linked(
    webhook: WebhookClient, account: Account, spans: Spans
) -> None:
    await asyncio.gather(*(webhook.post_messages(make_message()) for _ in range(20)))

    requests = {get_context(span).span_id for span in spans.find("POST /webhooks/whatsapp")}
    caused = set()
    for span in spans.find("webhook group commit"):
        assert span.parent is not None
        caused |= {span.parent.span_id} | {link.context.span_id for link in span.links}
    assert caused == requests
    assert any(span.links for span in spans.find("webhook group commit"))


async def test_no_secret_or_text_is_in_spans(
    admin: GraphQLClient, webhook: WebhookClient, account: Account, spans: Spans
) -> None:
    await webhook.post_messages(make_message(content={"body": TEXT}))
    await webhook.post({"entry": TEXT}, secret="wrong")
    await admin.post(INBOX, canary=TEXT)
    await admin.post('{ node(id: "' + TEXT + '") { id } }')
    await send(admin, webhook, account)
    await admin.http.get(f"/media/{TEXT}?signature={TEXT}")
    await admin.http.get(f"/{TEXT}", headers={"User-Agent": TEXT, "traceparent": TEXT})
    await spans.wait_for("send message")
    await spans.wait_for("process webhooks")

    text = spans.to_text()
    canaries = {TEXT, PHONE, NUMBER.access_token, NUMBER.app_secret, str(admin.token)}
    assert len(spans.all) > 20
    assert {canary for canary in canaries if canary in text} == set()
    assert NUMBER.phone_number_id not in text


async def test_log_lines_have_trace_id(admin: GraphQLClient, spans: Spans, read_lines: Any) -> None:
    from telemetry.logs import configure_logging

    configure_logging("INFO", log_format="json")
    await admin("{ viewer { role } }")

    [line] = [line for line in read_lines() if line["event"] == "http"]
    [request] = spans.find("POST /graphql")
    assert line["trace_id"] == f"{get_trace(request):032x}"
