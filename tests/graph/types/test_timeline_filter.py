"""The timeline of a conversation by kind, from an index of each."""

import itertools

from models import Account, Actor, ConversationChange, ConversationChangeKind, Note
from models.database.base import DEFAULT_WORKSPACE_ID, utc_now
from tests.fixtures.explained import Finds
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, id_of, write_message

ACTOR = Actor(credential="x", name="x")
PHONE = "15550001111"
FILTERED = """query ($id: ID!, $kinds: [TimelineItemKind!], $first: Int) {
  conversation(id: $id) { timeline(filter: {kinds: $kinds}, first: $first) {
    nodes { id } count { value } } } }"""


async def test_kind_filter_reads_only_matching_items(
    finds: Finds, admin: GraphQLClient, account: Account
) -> None:
    message = await write_message(account, PHONE, "hello")
    here = {"account_id": account.id, "conversation_id": message.conversation_id}
    texts = [await write_message(account, PHONE, str(number)) for number in range(30)]
    calls = [await write_message(account, PHONE, "", type="call") for _ in range(2)]
    note = Note(workspace_id=DEFAULT_WORKSPACE_ID, **here, author=ACTOR, body="note")
    await note.insert()
    changed = ConversationChange(
        workspace_id=DEFAULT_WORKSPACE_ID,
        **here,
        kind=ConversationChangeKind.CLOSED,
        timestamp=utc_now(),
        actor=ACTOR,
    )
    await changed.insert()
    kinds = {
        "MESSAGE": {id_of(each) for each in [message, *texts]},
        "CALL": {id_of(call) for call in calls},
        "NOTE": {id_of(note)},
        "CHANGE": {id_of(changed)},
    }

    async def list_ids(*wanted: str, first: int = 100) -> set[str]:
        data = await admin(FILTERED, id=conversation_id(message), kinds=wanted or None, first=first)
        timeline = data["conversation"]["timeline"]
        assert len(timeline["nodes"]) == min(first, timeline["count"]["value"])
        return {node["id"] for node in timeline["nodes"]}

    for number in (1, 2, 3, 4):
        for wanted in itertools.combinations(kinds, number):
            assert await list_ids(*wanted) == set().union(*(kinds[kind] for kind in wanted))
    assert await list_ids() == set().union(*kinds.values())
    data = await admin(FILTERED, id=conversation_id(message), kinds=[])
    assert data["conversation"]["timeline"]["count"]["value"] == 35
    for kind, target in {
        "CALL": "messages",
        "NOTE": "notes",
        "CHANGE": "conversation_changes",
    }.items():
        finds.clear()
        await list_ids(kind, first=1)
        work = await finds.explain(target, "conversation_id")
        assert work["totalKeysExamined"] <= 2
