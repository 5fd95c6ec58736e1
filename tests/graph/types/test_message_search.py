"""Message search: cost, paging and indexed words."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from models import Account, Erasure, Message, Role
from models.database.base import DEFAULT_WORKSPACE_ID, collection, new_id, to_bson, utc_now
from models.messages.words import MAX_MESSAGE_WORD, MAX_MESSAGE_WORDS, list_message_words
from models.migrations import MIGRATIONS
from models.migrations.migration import Progress
from sandbox.cloud_api.fake_meta import FakeMeta
from telemetry.global_ids import encode_id
from tests.fixtures.explained import Finds
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, write_message
from tests.fixtures.sending import send
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_message

SEARCH = """query ($text: String!, $account: ID, $conversation: ID, $filter: MessageFilter,
  $first: Int, $after: String) {
  searchMessages(text: $text, accountId: $account, conversationId: $conversation, filter: $filter,
    first: $first, after: $after) {
    count { value } pageInfo { hasNextPage endCursor } edges { node { text } } } }"""
FOREIGN = [5_000, pytest.param(100_000, marks=pytest.mark.soak)]
OWN = 50


async def find(client: GraphQLClient, text: str, **more: Any) -> list[str]:
    found = (await client(SEARCH, text=text, **more))["searchMessages"]
    return [edge["node"]["text"] for edge in found["edges"]]


async def add_messages(account: Account, template: Message, text: str, count: int) -> None:
    fields = to_bson(template) | {"account_id": account.id, "text": text, "wamid": None}
    fields["words"] = list_message_words(text)
    for start in range(0, count, 5000):
        documents = [
            fields | {"_id": new_id(), "timestamp": utc_now() - timedelta(seconds=start + number)}
            for number in range(min(5000, count - start))
        ]
        await collection(Message).insert_many(documents, ordered=False)


@pytest.mark.parametrize("foreign", FOREIGN)
async def test_search_reads_only_visible_accounts(
    finds: Finds,
    make_client: Any,
    account: Account,
    other_account: Account,
    foreign: int,
    subtests: pytest.Subtests,
) -> None:
    template = await write_message(account, "15550001111", "x")
    await add_messages(account, template, "Own delivery of bicycles", OWN)
    await add_messages(other_account, template, "Foreign delivery of bicycles", foreign)
    limited = await make_client(Role.VIEWER, [account])
    newest = Message.find({"account_id": account.id, "words": "own"}).sort("-timestamp").limit(10)
    recent = (await newest.to_list())[-1].timestamp.isoformat()
    searches: list[tuple[str, dict[str, Any], int]] = [
        ("delivery", {}, OWN),
        ("deliv", {}, OWN),
        ("deliv bicyc", {}, OWN),
        ("bicycles own", {"filter": {"direction": "INBOUND", "types": ["TEXT"]}}, OWN),
        ("bicycles", {"filter": {"direction": "OUTBOUND"}}, 0),
        ("bicy", {"filter": {"since": recent}}, 10),
    ]

    for text, more, expected in searches:
        with subtests.test(text=text, **more):
            finds.clear()
            assert len(await find(limited, text, **more)) == expected
            work = await finds.explain("messages", "words")
            assert work["totalKeysExamined"] <= OWN + 1
            assert work["totalDocsExamined"] <= max(expected, OWN if expected == 0 else 0)


async def test_search_in_conversation_reads_only_its_messages(
    finds: Finds, admin: GraphQLClient, account: Account, other_account: Account
) -> None:
    said = await write_message(account, "15550001111", "Own delivery")
    other = await write_message(account, "15550002222", "Other delivery")
    await add_messages(account, other, "Other delivery", 5_000)
    own, here = encode_id("Account", account.id), conversation_id(said)

    finds.clear()
    assert await find(admin, "deliv", conversation=here, account=own) == ["Own delivery"]
    work = await finds.explain("messages", "words")
    assert (work["totalKeysExamined"], work["totalDocsExamined"]) == (1, 1)
    foreign = encode_id("Account", other_account.id)
    elsewhere = {"conversation": here, "account": foreign}
    assert await admin.find_error_code(SEARCH, text="deliv", **elsewhere) == "NOT_FOUND"


async def test_pages_go_on_in_time_order(admin: GraphQLClient, account: Account) -> None:
    texts = [f"Delivery {number}" for number in range(7)]
    start = utc_now() - timedelta(hours=1)
    for number, text in enumerate(texts):
        # Two messages of each second.
        at = start + timedelta(seconds=number // 2)
        await write_message(account, "15550001111", text, at=at)

    seen, after = [], None
    for _ in texts:
        page = (await admin(SEARCH, text="deliv", first=2, after=after))["searchMessages"]
        assert page["count"]["value"] == len(texts)
        seen += [edge["node"]["text"] for edge in page["edges"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break

    assert seen == texts[::-1]


async def test_search_sees_own_accounts_only(
    make_client: Any, admin: GraphQLClient, account: Account, other_account: Account
) -> None:
    await write_message(account, "15550001111", "Delivery to us")
    await write_message(other_account, "15550001111", "Delivery to them")
    limited = await make_client(Role.VIEWER, [account])

    assert await find(limited, "delivery") == ["Delivery to us"]
    assert len(await find(admin, "delivery")) == 2
    own = encode_id("Account", account.id)
    assert await find(admin, "delivery", account=own) == ["Delivery to us"]


async def test_search_hides_what_is_being_erased(
    make_client: Any, admin: GraphQLClient, account: Account, other_account: Account
) -> None:
    gone = await write_message(account, "15550001111", "Delivery to erase")
    await write_message(account, "15550002222", "Delivery to keep")
    await write_message(other_account, "15550001111", "Delivery of a deleted account")
    limited = await make_client(Role.VIEWER, [account, other_account])
    assert len(await find(limited, "delivery")) == 3

    # As a process leaves them that was killed.
    await Erasure(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id=gone.contact_id,
        contact={},
        conversation_ids=[gone.conversation_id],
    ).insert()
    at = {"$set": {"deleted_at": utc_now()}}
    await collection(Account).update_one({"_id": other_account.id}, at)

    for client in (limited, admin):
        assert await find(client, "delivery") == ["Delivery to keep"]
        assert await find(client, "delivery", conversation=conversation_id(gone)) == []


async def test_received_sent_edited_and_deleted_messages(
    webhook: WebhookClient, agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    item = make_message("text", {"body": "Crème brûlée"}, wamid="wamid.1")
    await webhook.post_messages(item)
    await wait_until_found(agent, "creme brul", ["Crème brûlée"])
    [said] = await Message.find().to_list()

    await send(agent, said, {"text": {"body": "Crème caramel"}})
    assert await find(agent, "crem") == ["Crème caramel", "Crème brûlée"]

    new = {"type": "text", "text": {"body": "Tarte tatin"}}
    edit = {"original_message_id": "wamid.1", "message": new}
    await webhook.post_messages(make_message("edit", edit))
    await wait_until_found(agent, "tart", ["Tarte tatin"])
    assert await find(agent, "brulee") == []

    await webhook.post_messages(make_message("revoke", {"original_message_id": "wamid.1"}))
    await wait_until_found(agent, "tart", [])
    late = {"original_message_id": "wamid.1", "message": new | {"text": {"body": "Tarte flambée"}}}
    await webhook.post_messages(make_message("edit", late))
    await eventually(lambda: Message.find_one({"wamid": "wamid.1", "text": "Tarte flambée"}))
    assert await find(agent, "tart") == []


async def wait_until_found(client: GraphQLClient, text: str, expected: list[str]) -> None:
    async def is_found() -> bool:
        return await find(client, text) == expected

    await eventually(is_found)


@pytest.mark.parametrize(
    "text",
    [" ".join(f"word{number}{'x' * 90}" for number in range(500)), "東京都庁に行きます" * 400],
    ids=["many words", "no spaces"],
)
def test_words_of_message_are_bounded(text: str) -> None:
    words = list_message_words(text)

    assert len(words) <= MAX_MESSAGE_WORDS
    assert max(map(len, words)) <= MAX_MESSAGE_WORD


def test_words_are_unique_without_accents() -> None:
    assert list_message_words("b a B á a") == ["a", "b"]
    assert list_message_words(None) == list_message_words("🎉 !!") == []


async def test_migration_indexes_messages_of_0_1(admin: GraphQLClient, account: Account) -> None:
    texts = ["Delivery late", "Delivery gone", "[image]"]
    messages = [await write_message(account, "15550001111", text) for text in texts]
    deleted = {"deleted_at": utc_now()}
    await collection(Message).update_one({"_id": messages[1].id}, {"$set": deleted})
    await collection(Message).update_many({}, {"$unset": {"words": ""}})
    assert await find(admin, "delivery") == []
    database = collection(Message).database
    [migration] = [one for one in MIGRATIONS if "words" in one.name]

    # Twice: a process that is killed leaves the rest to another.
    for _ in range(2):
        await asyncio.wait_for(run_migration(database, migration), 60)

    assert await find(admin, "deliv") == ["Delivery late"]
    assert await find(admin, "imag") == ["[image]"]
    stored = await collection(Message).find().sort("timestamp").to_list()
    assert [one["words"] for one in stored] == [["delivery", "late"], [], ["image"]]


async def run_migration(database: Any, migration: Any) -> None:
    class Kept(Progress):
        async def save(self, position: Any) -> None:
            self.position = position

    await migration.run(database, Kept(database, migration.number, None))
