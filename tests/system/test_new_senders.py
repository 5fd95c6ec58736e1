"""Many new customers at once over two processes: a contact each, nothing lost."""

import asyncio
import itertools
import random
from collections import Counter
from typing import Any

import pytest

from models import Account, Contact, Conversation, Message, ParkedItem, User
from models.database.base import collection
from tests.fixtures.servers import ServerProcess
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER, connect_number
from tests.system.test_processes import Database, MakeServer, open_webhook
from whatsapp.common.crypto import KeyRing

AT = 1_750_000_000
MESSAGES_EACH = 10
POSTS_AT_ONCE = 64


def make_posts(senders: int, seed: int) -> list[dict[str, Any]]:
    """Each message in a body of its own, in no order."""
    posts = [
        make_body(
            NUMBER,
            make_change(NUMBER, messages=[make_message(sender=f"1650555{sender:04}", at=AT + at)]),
        )
        for sender in range(senders)
        for at in range(MESSAGES_EACH)
    ]
    random.Random(seed).shuffle(posts)
    return posts


async def post_all(clients: list[WebhookClient], posts: list[dict[str, Any]]) -> None:
    gate = asyncio.Semaphore(POSTS_AT_ONCE)

    async def post(client: WebhookClient, body: dict[str, Any]) -> None:
        async with gate:
            await client.deliver(body)

    sent = [post(client, body) for client, body in zip(itertools.cycle(clients), posts)]
    await asyncio.gather(*sent)


async def check(senders: int) -> None:
    async def are_stored() -> bool:
        return await Message.count() == senders * MESSAGES_EACH

    await eventually(are_stored, seconds=120)
    counts = [await one.count() for one in (Contact, Conversation, User, ParkedItem)]
    assert counts == [senders, senders, senders, 0]
    unread = Counter(
        [one["conversation_id"] async for one in collection(Message).find({"unread": True})]
    )
    assert set(unread.values()) == {MESSAGES_EACH}
    assert len(unread) == senders
    async for conversation in collection(Conversation).find():
        last = await Message.get(conversation["last_message_id"])
        assert last is not None
        assert int(last.timestamp.timestamp()) == AT + MESSAGES_EACH - 1


async def run(servers: list[ServerProcess], senders: int, seed: int) -> None:
    async with open_webhook(servers[0]) as one, open_webhook(servers[1]) as other:
        await post_all([one, other], make_posts(senders, seed))
    await check(senders)


async def start_two(make_server: MakeServer) -> list[ServerProcess]:
    servers = [make_server(), make_server()]
    for server in servers:
        server.start(wait_for="")
    for server in servers:
        server.wait_for("/readyz")
    return servers


async def test_new_senders_at_once(
    database: Database, keyring: KeyRing, make_server: MakeServer
) -> None:
    await connect_number(keyring, NUMBER)

    await run(await start_two(make_server), senders=50, seed=1)


@pytest.mark.soak
async def test_two_hundred_concurrent_new_senders(
    database: Database, keyring: KeyRing, make_server: MakeServer
) -> None:
    await connect_number(keyring, NUMBER)
    servers = await start_two(make_server)
    for seed in range(20):
        for name in await database.list_collection_names(filter={"type": "collection"}):
            if name not in (Account.Settings.name, "api_keys") and not name.startswith("system."):
                await database[name].delete_many({})
        await run(servers, senders=200, seed=seed)
