"""No input adds a time series."""

import httpx
import pytest

from models import Account
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from tests.conftest import make_settings
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.metrics import METRICS_TOKEN, scrape
from tests.fixtures.said import write_message
from tests.fixtures.sending import send
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message, make_status
from tests.fixtures.world import NUMBER
from whatsapp.settings import Settings

MAX_SERIES = 2000
HOSTILE = ["A" * 1000, "__x", "Inbox", "canary", *[f"Name{number}" for number in range(100)]]
SECONDS = "wagraph_graphql_operation_seconds_count"


@pytest.fixture
def settings(mongodb_uri: str, database_name: str) -> Settings:
    return make_settings(
        mongodb_uri=mongodb_uri,
        mongodb_database=database_name,
        metrics_token=METRICS_TOKEN,
        metrics_operations="Inbox,Listed",
    )


async def provoke_graphql(graphql: GraphQLClient) -> None:
    for name in HOSTILE:
        for _ in range(2):  # the second may be answered by a plan
            await graphql.post(f"query {name} {{ viewer {{ name }} }}")
        await graphql.post(f"mutation {name} {{ closeConversation(input: {{}}) {{ __typename }} }}")
        await graphql.post(f"query {name} {{ {name}(")
        await graphql.http.post("/graphql", json={"query": "{ a }", "operationName": name})


async def provoke_webhooks(webhook: WebhookClient) -> None:
    for name in HOSTILE[:20]:
        await webhook.post_messages(make_message(type=name))
        await webhook.post_statuses(make_status(name, at=1, id=name))
        change = make_change(NUMBER) | {"field": name}
        await webhook.post(make_body(NUMBER, change))
        await webhook.http.post(f"/webhooks/whatsapp/{name}", content=b"{}")


async def test_hostile_input_adds_no_series(
    client: httpx.AsyncClient,
    account: Account,
    agent: GraphQLClient,
    webhook: WebhookClient,
    meta: FakeMeta,
) -> None:
    before = await scrape(client)
    said = await write_message(account, "16505551234", "Hello")
    for number, code in enumerate((131026, 424_242, -5, 10**12)):
        meta.faults.add(FaultRule(kind=FaultKind.ERROR, code=code, http_status=400))
        await send(agent, said, {"text": {"body": f"{number}"}})
    await provoke_graphql(agent)
    await provoke_webhooks(webhook)

    async def is_refused() -> bool:
        found = await scrape(client) - before
        return found["wagraph_send_refusals_total", frozenset({("code", "other")})] >= 3

    await eventually(is_refused)
    after = await scrape(client)

    assert after._samples.keys() == before._samples.keys()
    assert after.count_series() < MAX_SERIES
    assert "canary" not in after.text
    added = after - before
    assert added["wagraph_send_refusals_total", frozenset({("code", "131026")})] == 1
    listed = frozenset({("type", "query"), ("operation", "Inbox")})
    others = frozenset({("type", "query"), ("operation", "other")})
    assert added[SECONDS, listed] == 2
    assert added[SECONDS, others] == 2 * (len(HOSTILE) - 1)
