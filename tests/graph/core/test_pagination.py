"""Connections: pages by sort key, in both directions, that stay right while the list moves."""

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from models import Account, Message
from models.database.base import utc_now
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, write_message

MESSAGES = """query ($id: ID!, $first: Int, $after: String, $last: Int, $before: String) {
  conversation(id: $id) { messages(first: $first, after: $after, last: $last, before: $before) {
    edges { cursor node { text } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } }
}"""


@pytest.fixture
async def history(account: Account) -> list[Message]:
    """Seven messages, the last three of the same second."""
    start = utc_now() - timedelta(hours=1)
    return [
        await write_message(
            account, "15550001111", str(number), at=start + timedelta(seconds=min(number, 4))
        )
        for number in range(7)
    ]


async def read(client: GraphQLClient, history: list[Message], **page: Any) -> dict[str, Any]:
    data = await client(MESSAGES, id=conversation_id(history[0]), **page)
    found: dict[str, Any] = data["conversation"]["messages"]
    return found


def texts(page: dict[str, Any]) -> str:
    return "".join(edge["node"]["text"] for edge in page["edges"])


async def test_forward_pages_cover_list_once(admin: GraphQLClient, history: list[Message]) -> None:
    first = await read(admin, history, first=3)
    second = await read(admin, history, first=3, after=first["pageInfo"]["endCursor"])
    third = await read(admin, history, first=3, after=second["pageInfo"]["endCursor"])

    assert [texts(page) for page in (first, second, third)] == ["654", "321", "0"]
    assert [page["pageInfo"]["hasNextPage"] for page in (first, second, third)] == [
        True,
        True,
        False,
    ]
    assert [page["pageInfo"]["hasPreviousPage"] for page in (first, second, third)] == [
        False,
        True,
        True,
    ]


async def test_backward_pages_cover_list_once(admin: GraphQLClient, history: list[Message]) -> None:
    last = await read(admin, history, last=3)
    middle = await read(admin, history, last=3, before=last["pageInfo"]["startCursor"])
    first = await read(admin, history, last=3, before=middle["pageInfo"]["startCursor"])

    assert [texts(page) for page in (first, middle, last)] == ["6", "543", "210"]
    assert [page["pageInfo"]["hasPreviousPage"] for page in (first, middle, last)] == [
        False,
        True,
        True,
    ]
    assert [page["pageInfo"]["hasNextPage"] for page in (first, middle, last)] == [
        True,
        True,
        False,
    ]


async def test_after_and_before_cut_out_range(admin: GraphQLClient, history: list[Message]) -> None:
    everything = await read(admin, history)
    cursors = [edge["cursor"] for edge in everything["edges"]]

    page = await read(admin, history, after=cursors[1], before=cursors[5])

    assert texts(page) == "432"


async def test_new_message_moves_no_page(admin: GraphQLClient, history: list[Message]) -> None:
    first = await read(admin, history, first=3)
    await write_message(await _account(history), "15550001111", "new")

    second = await read(admin, history, first=3, after=first["pageInfo"]["endCursor"])

    assert texts(second) == "321"


async def _account(history: list[Message]) -> Account:
    found = await Account.get(history[0].account_id)
    assert found is not None
    return found


async def test_empty_page_reports_further_pages(
    admin: GraphQLClient, history: list[Message]
) -> None:
    page = await read(admin, history, first=0)

    assert page["edges"] == []
    assert page["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    }


FOREIGN_CURSORS = [
    "",
    "x",
    "é",
    base64.urlsafe_b64encode(b"[]").decode(),
    base64.urlsafe_b64encode(b'["x", "y"]').decode(),
    base64.urlsafe_b64encode(b'[1, "y"]').decode(),
    base64.urlsafe_b64encode(json.dumps([10**30, "0" * 24]).encode()).decode(),
    base64.urlsafe_b64encode(b'[{"$gt": 0}, {"$gt": 0}]').decode(),
    base64.urlsafe_b64encode(b'[true, "000000000000000000000000"]').decode(),
    base64.urlsafe_b64encode(b"[" * 100_000).decode(),
    *(
        base64.urlsafe_b64encode(json.dumps(["timestamp", *values]).encode()).decode()
        for values in ([True, "0" * 24], [10**30, "0" * 24], [0, "x"], [0, None], ["x", "y"], [0])
    ),
]


async def test_foreign_cursor_is_bad_input(
    admin: GraphQLClient,
    history: list[Message],
    subtests: pytest.Subtests,
) -> None:
    for cursor in FOREIGN_CURSORS:
        with subtests.test(cursor=cursor):
            found = await admin.find_error_code(
                MESSAGES, id=conversation_id(history[0]), after=cursor
            )

            assert found == "BAD_USER_INPUT"


async def test_half_surrogate_pair_is_no_name(admin: GraphQLClient, account: Account) -> None:
    cursor = base64.urlsafe_b64encode(b'["name","\\ud800","000000000000000000000000"]').decode()
    query = "query ($c: String) { contacts(orderBy: NAME, after: $c) { edges { cursor } } }"

    assert await admin.find_error_code(query, c=cursor) == "BAD_USER_INPUT"


async def test_first_and_last_together_are_bad_input(
    admin: GraphQLClient, history: list[Message]
) -> None:
    both = {"id": conversation_id(history[0]), "first": 1, "last": 1}
    literal = "{ accounts(first: 1, last: 1) { edges { cursor } } }"

    assert await admin.find_error_code(MESSAGES, **both) == "BAD_USER_INPUT"
    assert await admin.find_error_code(literal) == "BAD_USER_INPUT"
