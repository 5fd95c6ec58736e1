"""`messages(around:)`: a page with a message in its middle, that continues in both directions."""

from datetime import timedelta
from typing import Any

import pytest

from models import Account, Message
from models.database.base import utc_now
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, id_of, write_message

MESSAGES = """query ($id: ID!, $around: ID, $filter: MessageFilter, $first: Int, $after: String,
  $last: Int, $before: String) {
  conversation(id: $id) { messages(around: $around, filter: $filter, first: $first, after: $after,
    last: $last, before: $before) {
    nodes { text } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } }
}"""
TIMELINE = """query ($id: ID!, $around: ID, $first: Int) {
  conversation(id: $id) { timeline(around: $around, first: $first) {
    nodes { ... on Message { text } ... on Note { body } } pageInfo { hasPreviousPage }
  } }
}"""
ADD_NOTE = """mutation ($id: ID!) {
  addNote(input: { conversationId: $id, body: "a note" }) { userErrors { message } }
}"""
NUMBER = 12


@pytest.fixture
async def history(account: Account) -> list[Message]:
    """Messages from the oldest, each four of the same second."""
    start = utc_now() - timedelta(hours=1)
    return [
        await write_message(
            account, "15550001111", str(number), at=start + timedelta(seconds=number // 4)
        )
        for number in range(NUMBER)
    ]


async def read(client: GraphQLClient, said: Message, **page: Any) -> tuple[list[int], Any]:
    data = await client(MESSAGES, id=conversation_id(said), **page)
    messages = data["conversation"]["messages"]
    return [int(node["text"]) for node in messages["nodes"]], messages["pageInfo"]


PAGES = [
    (5, 4, [7, 6, 5, 4]),
    (5, 5, [7, 6, 5, 4, 3]),
    (5, 1, [5]),
    (11, 4, [11, 10, 9, 8]),
    (10, 4, [11, 10, 9, 8]),
    (0, 4, [3, 2, 1, 0]),
    (1, 4, [3, 2, 1, 0]),
    (5, 50, [*range(11, -1, -1)]),
]


async def test_page_has_message_in_its_middle(
    admin: GraphQLClient, history: list[Message], subtests: pytest.Subtests
) -> None:
    for at, size, expected in PAGES:
        for argument in ("first", "last"):
            with subtests.test(at=at, argument=argument, size=size):
                around = id_of(history[at])
                numbers, info = await read(admin, history[0], around=around, **{argument: size})

                assert numbers == expected
                assert info["hasPreviousPage"] == (expected[0] < NUMBER - 1)
                assert info["hasNextPage"] == (expected[-1] > 0)


async def test_pages_continue_without_gap_in_both_directions(
    admin: GraphQLClient, history: list[Message]
) -> None:
    for at in range(NUMBER):
        seen, page = await read(admin, history[0], around=id_of(history[at]), first=3)
        end, has_next = page["endCursor"], page["hasNextPage"]
        while has_next:
            older, info = await read(admin, history[0], first=2, after=end)
            assert info["hasPreviousPage"]
            seen, end, has_next = seen + older, info["endCursor"], info["hasNextPage"]
        start, has_previous = page["startCursor"], page["hasPreviousPage"]
        while has_previous:
            newer, info = await read(admin, history[0], last=2, before=start)
            assert info["hasNextPage"]
            seen, start, has_previous = newer + seen, info["startCursor"], info["hasPreviousPage"]

        assert seen == [*range(NUMBER - 1, -1, -1)]


async def test_timeline_page_has_message_in_its_middle(
    admin: GraphQLClient, account: Account, history: list[Message]
) -> None:
    here = conversation_id(history[0])
    await admin(ADD_NOTE, id=here)

    for at, size, expected in [
        (5, 4, ["7", "6", "5", "4"]),
        (11, 3, ["a note", "11", "10"]),
        (0, 3, ["2", "1", "0"]),
    ]:
        data = await admin(TIMELINE, id=here, around=id_of(history[at]), first=size)
        listed = data["conversation"]["timeline"]
        assert [node.get("text", node.get("body")) for node in listed["nodes"]] == expected
        assert listed["pageInfo"]["hasPreviousPage"] == (expected[0] != "a note")

    elsewhere = await write_message(account, "15550002222", "hello")
    unknown = await admin.find_error_code(TIMELINE, id=here, around=id_of(elsewhere), first=3)
    assert unknown == "NOT_FOUND"


async def test_filter_may_exclude_message(admin: GraphQLClient, history: list[Message]) -> None:
    middle = history[6]
    until = {"until": middle.timestamp.isoformat()}

    numbers, _ = await read(admin, middle, around=id_of(middle), first=2, filter=until)

    assert numbers == [3, 2]


async def test_unknown_message_is_refused(
    admin: GraphQLClient, account: Account, history: list[Message]
) -> None:
    elsewhere = await write_message(account, "15550002222", "hello")
    here = conversation_id(history[0])
    page = await admin(MESSAGES, id=here)
    cursor = page["conversation"]["messages"]["pageInfo"]["endCursor"]

    unknown = await admin.find_error_code(MESSAGES, id=here, around=id_of(elsewhere))
    assert unknown == "NOT_FOUND"
    refused = [{"around": here}, {"around": "?"}, {"around": id_of(history[0]), "after": cursor}]
    for arguments in refused:
        code = await admin.find_error_code(MESSAGES, id=here, **arguments)
        assert code == "BAD_USER_INPUT"
