"""Commands that MongoDB fails: the caller may try again, and nothing is done twice.

Fail points: MongoDB server, `src/mongo/util/fail_point.h` and `failCommand`.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import httpx
import pytest
from pymongo.errors import PyMongoError

from models import Account, Message, MessageStatus
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.conftest import make_settings
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.outbox import is_outbox_empty
from tests.fixtures.replica_set import FailingMongod
from tests.fixtures.said import conversation_id, write_message
from tests.fixtures.sending import SEND
from tests.fixtures.timeouts import FAST
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings

DATABASE = "failed_commands"
COMMANDS = ["insert", "update", "findAndModify", "find", "aggregate"]
FAILURES: dict[str, dict[str, Any]] = {
    "connection closed": {"closeConnection": True},
    "shutdown": {"errorCode": 91},
    "stepped down": {"errorCode": 189},
    "interrupted at shutdown": {"errorCode": 11600},
    "interrupted": {"errorCode": 11601},
    "write conflict": {"errorCode": 112},
    "no majority": {"writeConcernError": {"code": 64, "errmsg": "made up"}},
    "no majority in time": {
        "writeConcernError": {"code": 64, "errmsg": "made up", "errInfo": {"wtimeout": True}}
    },
    "unsatisfiable write concern": {"writeConcernError": {"code": 100, "errmsg": "made up"}},
    "no answer": {"blockConnection": True, "blockTimeMS": 500},
}
"""Data of the fail point `failCommand`."""


@pytest.fixture(scope="module")
def failing_mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FailingMongod]:
    with FailingMongod(tmp_path_factory.mktemp("failing")) as mongod:
        yield mongod


@pytest.fixture
def settings(failing_mongod: FailingMongod) -> Settings:
    return make_settings(
        mongodb_uri=failing_mongod.uri,
        mongodb_database=DATABASE,
    )


@pytest.fixture
def timeouts() -> Timeouts:
    """The driver waits for a server that seems to shut down."""
    own = {"send_deadline_seconds": 2.0, "member_lease_seconds": 3.0, "takeover_lease_seconds": 2.0}
    return Timeouts(**FAST | own)


# After these the driver takes the server for gone, and looks again only half a minute later.
SLOW = {"shutdown", "interrupted at shutdown"}


@pytest.fixture(
    params=[
        pytest.param(failure, id=name, marks=[pytest.mark.soak] if name in SLOW else [])
        for name, failure in FAILURES.items()
    ]
)
def failure(request: pytest.FixtureRequest) -> dict[str, Any]:
    data: dict[str, Any] = request.param
    return data


async def fail_next(
    mongod: FailingMongod, failure: dict[str, Any], *, collection: str, times: int
) -> None:
    data = {"failCommands": COMMANDS, "namespace": f"{DATABASE}.{collection}", **failure}
    await asyncio.to_thread(mongod.set_fail_point, "failCommand", {"times": times}, **data)


async def has_ended(look: Callable[[], Awaitable[object]]) -> bool:
    """The failures that are left may hit the test's own look."""
    with suppress(PyMongoError):
        return bool(await look())
    return False


async def count_messages() -> int:
    return await Message.find({}).count()


async def test_send_message_can_be_repeated(
    agent: GraphQLClient,
    account: Account,
    meta: FakeMeta,
    failing_mongod: FailingMongod,
    failure: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    said = await write_message(account, "16505551234", "Hi")
    values = {
        "to": {"conversationId": conversation_id(said)},
        "content": {"text": {"body": "Hello"}},
        "idempotencyKey": "order-1",
    }
    codes: set[str] = set()

    async def send() -> Any:
        result = await agent.post(SEND, input=values)
        codes.update(error["extensions"]["code"] for error in result.get("errors", []))
        return None if "errors" in result else result["data"]["sendMessage"]

    await fail_next(failing_mongod, failure, collection="messages", times=3)
    payload = await eventually(send)
    await eventually(partial(has_ended, is_outbox_empty))

    assert codes <= {"SERVICE_UNAVAILABLE"}
    assert payload["userErrors"] == []
    sent = await Message.find({"direction": "OUTBOUND"}).to_list()
    assert [message.text for message in sent] == ["Hello"]
    assert len(meta.requests.list_sends()) <= 1
    assert sent[0].status_rank >= MessageStatus.UNKNOWN.rank
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("collection", ["webhook_events", "messages"])
async def test_webhook_is_applied_once(
    webhook: WebhookClient,
    account: Account,
    failing_mongod: FailingMongod,
    failure: dict[str, Any],
    collection: str,
) -> None:
    message = make_message()

    async def is_taken() -> bool:
        answer = await webhook.post_messages(message)
        assert answer.status_code in (200, 503)
        assert answer.status_code == 200 or answer.headers["Retry-After"] == "5"
        return answer.status_code == 200

    await fail_next(failing_mongod, failure, collection=collection, times=3)
    await eventually(is_taken)

    await eventually(partial(has_ended, count_messages))
    assert await count_messages() == 1


async def test_failed_query_has_retry_after(
    agent: GraphQLClient, client: httpx.AsyncClient, failing_mongod: FailingMongod
) -> None:
    await fail_next(failing_mongod, {"errorCode": 11601}, collection="api_keys", times=100)
    headers = {
        "Authorization": f"Bearer {agent.token}",
        "Accept": "application/graphql-response+json",
    }

    answer = await client.post("/graphql", json={"query": "{ viewer { name } }"}, headers=headers)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json()["errors"][0]["extensions"]["code"] == "SERVICE_UNAVAILABLE"
