"""Plans give the same answers as graphql-core for any query and any data."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from beanie import Document
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from graph.execution.known_queries import KnownQueries
from models import (
    Account,
    Contact,
    Conversation,
    EventState,
    Media,
    MediaState,
    Message,
    MessageStatus,
    Role,
    Template,
    User,
    WebhookEvent,
)
from models.database.base import DEFAULT_WORKSPACE_ID, collection, utc_now
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.operations import QUIET, draw_operations
from tests.fixtures.payloads import list_payloads, load_payload
from tests.fixtures.said import contact_id, conversation_id, id_of, write_message
from tests.fixtures.timeouts import make_timeouts, run_lifespan
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient
from tests.fixtures.world import SERVER_URL
from whatsapp.auth.api_keys import create_api_key
from whatsapp.settings import Settings

WORN: tuple[type[Document], ...] = (Message, Contact, Conversation, User)
# The present time differs between calls.
TIMELESS = draw_operations("Query").filter(lambda operation: "eventCursor" not in operation)
REPLACED = ("unset", "null", "wrong")


@st.composite
def draw_wear(draw: st.DrawFn) -> tuple[type[Document], int, str, str]:
    """A document with a field that is missing, null or of another type, as after years of use."""
    kind = draw(st.sampled_from(WORN))
    names = [name for name in kind.model_fields if name not in {"id", "revision_id"}]
    replaced = draw(st.sampled_from(REPLACED))
    return kind, draw(st.integers(0, 40)), draw(st.sampled_from(sorted(names))), replaced


async def wear(kind: type[Document], place: int, name: str, replaced: str) -> None:
    found = await collection(kind).find({}, {"_id": 1}).sort("_id").skip(place).limit(1).to_list()
    changes: dict[str, dict[str, Any]] = {
        "unset": {"$unset": {name: ""}},
        "null": {"$set": {name: None}},
        "wrong": {"$set": {name: {"of": "another type"}}},
    }
    for document in found:
        await collection(kind).update_one({"_id": document["_id"]}, changes[replaced])


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"rate_limit_per_minute": 0})


@pytest.fixture
async def stock(app: Any, settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A second server on the same database, which makes no plans."""
    from app import create_app

    application = create_app(
        settings.model_copy(update={"query_plans": False}), timeouts=make_timeouts()
    )
    async with (
        run_lifespan(application) as manager,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(manager.app), base_url=SERVER_URL
        ) as client,
    ):
        yield client


async def all_is_processed() -> bool:
    """Nothing changes any more while the answers are compared, files included."""
    waiting = {"state": EventState.RECEIVED.value}
    fetched = {"state": MediaState.PENDING.value, "next_attempt_at": {"$ne": None}}
    return (
        await collection(WebhookEvent).find_one(waiting) is None
        and await collection(Media).find_one(fetched) is None
    )


@pytest.fixture
async def ids(webhook: WebhookClient, account: Account) -> list[str]:
    """Seeds messages of every type; returns ids for queries."""
    await webhook.post_messages(*map(load_payload, list_payloads("message")))
    await eventually(all_is_processed)
    message = await write_message(
        account,
        "15550001111",
        "Hello",
        status_times={"sent": utc_now(), "failed": utc_now()},
        status_rank=MessageStatus.FAILED.rank,
        errors=[{"code": 131047, "title": "Re-engagement message"}],
        reply_to_wamid="wamid.1",
        reactions=[{"contact_id": None, "at": utc_now(), "wamid": "w", "emoji": "👍"}],
    )
    template = Template(
        workspace_id=DEFAULT_WORKSPACE_ID, account_id=account.id, template_id="1", name="hello"
    )
    await template.insert()
    contacts = await Contact.find_all().limit(3).to_list()
    conversations = await Conversation.find_all().limit(3).to_list()
    messages = await Message.find_all().limit(8).to_list()
    documents = [account, message, template, *contacts, *conversations, *messages]
    return [*map(id_of, documents), contact_id(message), conversation_id(message), "nonsense"]


class Both:
    """Queries the servers with and without plans."""

    def __init__(self, planned: GraphQLClient, stock: GraphQLClient, ids: list[str]) -> None:
        self._planned = planned
        self._stock = stock
        self._ids = ids

    async def compare(self, operation: str, **variables: Any) -> dict[str, Any]:
        for number in reversed(range(20)):
            known = self._ids[number % len(self._ids)]
            operation = operation.replace(f'"ID{number}"', json.dumps(known))
        await self._planned.post(operation, **variables)  # a plan is made when it comes again
        planned = _normalize(await self._planned.post(operation, **variables))
        assert planned == _normalize(await self._stock.post(operation, **variables)), operation
        return planned


def _normalize(answer: dict[str, Any]) -> dict[str, Any]:
    """Without the name of the request, and with errors in an order that does not depend on time."""
    for error in answer.get("errors", ()):
        if error["extensions"].pop("requestId", None):
            error["message"] = "Something went wrong"
    answer.get("errors", []).sort(key=lambda error: json.dumps(error, sort_keys=True))
    # Equal objects have their keys in the same order too.
    return {**answer, "text": json.dumps(answer.get("data"))}


@pytest.fixture
async def both(client: httpx.AsyncClient, stock: httpx.AsyncClient, ids: list[str]) -> Both:
    _, token = await create_api_key(DEFAULT_WORKSPACE_ID, name="both", role=Role.ADMIN)
    return Both(GraphQLClient(client, token), GraphQLClient(stock, token), ids)


@hypothesis_settings(max_examples=80, **QUIET)
@given(operation=TIMELESS)
async def test_any_query_has_same_answer(both: Both, operation: str) -> None:
    await both.compare(operation)


@hypothesis_settings(max_examples=40, **QUIET)
@given(operation=TIMELESS, worn=st.lists(draw_wear(), min_size=1, max_size=3))
async def test_worn_documents_have_same_answer(
    both: Both, operation: str, worn: list[tuple[type[Document], int, str, str]]
) -> None:
    for one in worn:
        await wear(*one)
    await both.compare(operation)


@pytest.mark.parametrize("name", ["inbox", "messages", "small"])
async def test_what_is_measured_is_answered_by_plans(
    both: Both, known_queries: KnownQueries, name: str
) -> None:
    operation = (Path(__file__).parents[3] / "bench" / "operations" / f"{name}.graphql").read_text()
    conversation = await Conversation.find_all().sort("-last_activity_at").first_or_none()

    answer = await both.compare(operation, id=id_of(conversation) if conversation else None)

    assert answer["data"]
    assert (known_queries.planned, known_queries.bailed_out) == (1, 0)


@pytest.mark.parametrize(
    "query",
    [
        "{ conversations(first: 3) { edges { cursor @skip(if: true) } } }",
        "{ conversations(first: 3) { edges { node { id @include(if: false) } } } }",
        "{ conversations(first: 3) { edges { node { contact { id @skip(if: true) } } } } }",
        "{ conversations(first: 3) { edges { node { messages(first: 2) { edges { node {"
        " content { ... on LocationContent { name } }"
        " statusHistory { at @skip(if: true) } } } } } } } }",
        '{ nodes(ids: ["ID0", "ID1", "ID5"]) { ... on Message { id } } }',
    ],
)
async def test_objects_without_selection_stay_in_lists(
    both: Both, known_queries: KnownQueries, query: str
) -> None:
    answer = await both.compare(query)

    assert "{}" in answer["text"]
    assert (known_queries.planned, known_queries.bailed_out) == (1, 0)


async def test_null_condition_is_reported_at_field(both: Both) -> None:
    query = "query ($x: Boolean = true) { viewer { name @skip(if: $x) role } }"

    answer = await both.compare(query, x=None)

    assert answer["errors"][0]["path"] == ["viewer"]


async def test_condition_of_variable_is_decided_each_time(both: Both) -> None:
    query = """
        query ($full: Boolean!, $brief: Boolean = true) {
          conversations(first: 3) {
            edges { node { id contact @include(if: $full) { id name } tags @skip(if: $brief) } }
          }
        }
    """
    answers = [
        await both.compare(query, full=full, brief=brief)
        for full in (True, False)
        for brief in (True, False)
    ]

    assert len({answer["text"] for answer in answers}) == 4


@pytest.mark.parametrize(
    "variables", [{"first": 2}, {"first": 101}, {"first": "x"}, {"first": None}, {}]
)
async def test_variables_are_checked_each_time(both: Both, variables: dict[str, Any]) -> None:
    query = "query ($first: Int! = 1) { conversations(first: $first) { edges { cursor } } }"
    await both.compare(query, first=1)
    await both.compare(query, **variables)


async def test_vanished_contact_has_error_path(both: Both) -> None:
    query = "{ conversations(first: 5) { edges { node { id contact { id } } } } }"
    conversation = await Conversation.find_all().sort("-last_activity_at").first_or_none()
    assert conversation is not None
    await collection(Contact).delete_one({"_id": conversation.contact_id})

    answer = await both.compare(query)

    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "SERVICE_UNAVAILABLE"
    assert error["path"] == ["conversations", "edges", 0, "node", "contact"]


@pytest.mark.soak
@hypothesis_settings(max_examples=5_000, **QUIET)
@given(operation=TIMELESS, worn=st.lists(draw_wear(), max_size=2))
async def test_any_query_has_same_answer_five_thousand_times(
    both: Both, operation: str, worn: list[tuple[type[Document], int, str, str]]
) -> None:
    for one in worn:
        await wear(*one)
    await both.compare(operation)
