"""The delays of a workspace's reads and sends while another workspace is at its quotas."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import cycle, islice
from statistics import median
from typing import Any

from beanie import PydanticObjectId

from bench.case import CHANGED_WORLD, Case, CaseFailedError, Figures, Run
from bench.cases.loading import require_good, wait_for_effects
from bench.documents import INBOUND, OUTBOUND, Fields, History, Person, make_contact, make_user
from bench.load.http_load import Check, LoadResult, OpenLoop, find_percentile
from bench.load.requests import (
    check_graphql,
    check_mutation,
    make_global_id,
    make_graphql_request,
)
from bench.load.websocket_load import Subscriber, close_all, open_all
from bench.world import BUSINESS_ACCOUNT_ID, ENCRYPTION_KEYS, insert_fast
from models import Account, Message, MessageStatus, OutboxState, Quotas, Role, Workspace
from models.database.base import collection, from_bson, new_id, utc_now
from whatsapp.accounts.accounts import create_account
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing
from whatsapp.messages.early_updates import finish_stored_messages

ROUNDS = 5
ACCOUNTS = 3
CONVERSATIONS = 300
"""Conversations of each account of the neighbour."""
QUOTAS = Quotas(
    operation_cost_per_minute=60_000,
    event_cost_per_minute=60_000,
    sockets=50,
    sends_per_second=10,
)
READS_PER_SECOND = 10
SENDS_PER_SECOND = 3
# The neighbour offers many times its quotas.
NEIGHBOUR_READS_PER_SECOND = 60
NEIGHBOUR_EVENTS_PER_SECOND = 20
NEIGHBOUR_SUBSCRIPTIONS = 20
CONNECTIONS = 16
# Its refusals are held back for a second; with fewer connections it would offer less.
NEIGHBOUR_CONNECTIONS = 64
QUOTA_SECONDS = 4.0
"""Time until every process knows the quotas."""
_EVENT = """subscription { messageAdded { cursor message { text conversation {
  messages(first: 40) { edges { cursor node { u%d: id text status timestamp } } } } } } }"""


@dataclass(frozen=True)
class Neighbour:
    """The other workspace."""

    workspace_id: PydanticObjectId
    api_key: str
    people: list[Person]


@dataclass
class Delays:
    """Percentiles of a phase, in milliseconds."""

    reads: float
    sends: float


async def measure_neighbour(run: Run) -> Figures:
    """Alternates phases with and without the neighbour's load."""
    figures: Figures = {}
    neighbour = await _create_neighbour(run)
    seconds = run.pick(quick=6, full=30)
    await _settle(run)
    quiet, noisy = list[Delays](), list[Delays]()
    async with run.measured(figures):
        for number in range(ROUNDS):
            quiet.append(await _measure_phase(run, f"quiet {number}", seconds))
            async with asyncio.TaskGroup() as group:
                load = group.create_task(_load(run, neighbour, number, seconds))
                noisy.append(await _measure_phase(run, f"noisy {number}", seconds))
                await load
            await wait_for_effects(lambda: _find_queued(run, neighbour))
    reads = _compare("read", [one.reads for one in quiet], [one.reads for one in noisy])
    sends = _compare("send", [one.sends for one in quiet], [one.sends for one in noisy])
    moved = max(reads["read_moved_ms"], sends["send_moved_ms"])
    return figures | reads | sends | {"moved_ms": moved}


async def _settle(run: Run) -> None:
    """Reads until the server has compared the seeded messages with their conversations."""
    inbox = make_graphql_request(run.world.api_key, "inbox", {"accountId": None, "after": None})
    require_good(await _offer(run, cycle([inbox]), 3 * READS_PER_SECOND, 5, check_graphql))
    await _measure_phase(run, "warm", 3)


def _compare(name: str, quiet: list[float], noisy: list[float]) -> dict[str, float]:
    """Returns the medians of the rounds, and of the differences within a round."""
    moves = [after - before for before, after in zip(quiet, noisy, strict=True)]
    return {
        f"{name}_p99_ms": median(quiet),
        f"{name}_noisy_p99_ms": median(noisy),
        f"{name}_moved_ms": median(moves),
        f"{name}_moved_percent": 100 * median(moves) / median(quiet),
    }


async def _measure_phase(run: Run, name: str, seconds: float) -> Delays:
    text = f"An answer, {name}, run {run.number}."
    api_key, world = run.world.api_key, run.world
    inbox = make_graphql_request(api_key, "inbox", {"accountId": None, "after": None})
    reads = _offer(run, cycle([inbox]), READS_PER_SECOND, seconds, check_graphql)
    people = cycle(world.customers)
    requests = (_make_send(api_key, person, text) for person in people)
    sends = _offer(run, requests, SENDS_PER_SECOND, seconds, check_mutation)
    read, sent = await asyncio.gather(reads, sends)
    for result in (read, sent):
        require_good(result)
    await wait_for_effects(lambda: _find_unsent(run, text, sent.count))
    delays = await _read_delays(run, text)
    return Delays(read.percentile_ms(99), find_percentile(delays, 99) * 1000)


async def _offer(
    run: Run,
    requests: Iterator[bytes],
    rate: float,
    seconds: float,
    check: Check,
    *,
    connections: int = CONNECTIONS,
) -> LoadResult:
    loop = OpenLoop(run.server.port, connections=connections, check=check)
    return await loop.run(islice(requests, int(rate * seconds)), rate=rate)


async def _load(run: Run, neighbour: Neighbour, number: int, seconds: float) -> None:
    """Reads, sends and subscribes beyond the quotas of the neighbour."""
    await _queue_campaign(run, neighbour, int((QUOTAS.sends_per_second or 0) * seconds))
    subscribers = [
        Subscriber(neighbour.api_key, _EVENT % subscription, {})
        for subscription in range(NEIGHBOUR_SUBSCRIPTIONS)
    ]
    await open_all(run.server.port, subscribers)
    inbox = make_graphql_request(neighbour.api_key, "inbox", {"accountId": None, "after": None})
    rate = NEIGHBOUR_READS_PER_SECOND
    reads, _ = await asyncio.gather(
        _offer(
            run,
            cycle([inbox]),
            rate,
            seconds,
            _check_limited,
            connections=NEIGHBOUR_CONNECTIONS,
        ),
        _add_messages(run, neighbour, number, seconds),
    )
    close_all(subscribers)
    require_good(reads)


def _check_limited(status: int, body: bytes, fully: bool) -> str | None:
    return None if status == 429 else check_graphql(status, body, fully)


async def _add_messages(run: Run, neighbour: Neighbour, number: int, seconds: float) -> None:
    """Stores messages of the neighbour's customers, as another process would."""
    people = cycle(neighbour.people)
    for index in range(int(NEIGHBOUR_EVENTS_PER_SECOND * seconds)):
        now, person = utc_now(), next(people)
        message = INBOUND | {
            "_id": new_id(),
            **person.keys,
            "workspace_id": neighbour.workspace_id,
            "content": {"body": "Hello?"},
            "text": "Hello?",
            "wamid": f"wamid.NOISE{run.number}.{number}.{index}",
            "timestamp": now,
            "unread": True,
            "status_times": {MessageStatus.RECEIVED.key: now},
            "created_at": now,
        }
        await _store(run, [message])
        await asyncio.sleep(1 / NEIGHBOUR_EVENTS_PER_SECOND)


async def _queue_campaign(run: Run, neighbour: Neighbour, count: int) -> None:
    """Stores messages as other processes would, whose announcements this server misses."""
    now, messages = utc_now(), list[Fields]()
    for person in islice(cycle(neighbour.people), count):
        messages.append(
            OUTBOUND
            | {
                "_id": new_id(),
                **person.keys,
                "workspace_id": neighbour.workspace_id,
                "content": {"body": "A campaign."},
                "text": "A campaign.",
                "timestamp": now,
                "created_at": now,
                "status_rank": MessageStatus.QUEUED.rank,
                "status_times": {MessageStatus.QUEUED.key: now},
                "outbox_state": OutboxState.READY.value,
                "attempts": 0,
                "fence": None,
            }
        )
    await _store(run, messages)


async def _store(run: Run, documents: list[Fields]) -> None:
    await insert_fast(run.database, "messages", documents)
    messages = [from_bson(Message, fields) for fields in documents]
    await finish_stored_messages(messages, summarized=messages)


async def _find_queued(run: Run, neighbour: Neighbour) -> str | None:
    queued = {
        "workspace_id": neighbour.workspace_id,
        "outbox_state": {"$in": [OutboxState.READY.value, OutboxState.SENDING.value]},
    }
    count = await run.database["messages"].count_documents(queued)
    return f"{count} messages of the campaign are not sent" if count else None


def _make_send(api_key: str, person: Person, text: str) -> bytes:
    conversation_id = make_global_id("Conversation", person.conversation_id)
    message = {"to": {"conversationId": conversation_id}, "content": {"text": {"body": text}}}
    return make_graphql_request(api_key, "send", {"input": message})


async def _find_unsent(run: Run, text: str, count: int) -> str | None:
    delays = await _read_delays(run, text)
    return None if len(delays) == count else f"{len(delays)} of {count} messages accepted"


async def _read_delays(run: Run, text: str) -> list[float]:
    """Returns the seconds from each request's message to Meta's answer."""
    accepted: dict[str, Any] = {"text": text, "status_times.accepted": {"$exists": True}}
    found = run.database["messages"].find(accepted, {"created_at": 1, "status_times.accepted": 1})
    return [
        (message["status_times"]["accepted"] - message["created_at"]).total_seconds()
        async for message in found
    ]


async def _create_neighbour(run: Run) -> Neighbour:
    name = "neighbour"
    workspace = Workspace(name=name, name_key=name, quotas=QUOTAS, quotas_changed_at=utc_now())
    await workspace.insert()
    _, api_key = await create_api_key(workspace.id, name=name, role=Role.ADMIN)
    people: list[Person] = []
    for number in range(ACCOUNTS):
        people += await _add_account(run, workspace.id, number)
    if len(people) != ACCOUNTS * CONVERSATIONS:
        raise CaseFailedError("the neighbour is incomplete")
    await asyncio.sleep(QUOTA_SECONDS)
    return Neighbour(workspace.id, api_key, people)


async def _add_account(run: Run, workspace_id: PydanticObjectId, number: int) -> list[Person]:
    account, _ = await create_account(
        KeyRing.from_text(ENCRYPTION_KEYS),
        workspace_id=workspace_id,
        name=f"Neighbour {number}",
        phone_number_id=f"30000000000{number}",
        business_account_id=BUSINESS_ACCOUNT_ID,
        access_token="bench-neighbour-token",
    )
    later = utc_now() + timedelta(days=1)
    changes = {"template_sync.due_at": later, "check_due_at": None}
    await collection(Account).update_one({"_id": account.id}, {"$set": changes})
    documents: dict[str, list[Fields]] = {}
    people = []
    for index in range(CONVERSATIONS):
        person = Person(
            number=index,
            account_id=account.id,
            contact_id=new_id(),
            conversation_id=new_id(),
            user_id=new_id(),
            wa_id=f"1{number}60{7_000_000 + index}",
            name=f"Stranger {index}",
        )
        people.append(person)
        now = utc_now()
        history = History(person, 20, now=now, seed=1000 + number)
        conversation = history.make_conversation() | {"last_inbound_at": now}
        for name, rows in {
            "contacts": [make_contact(person, now)],
            "users": [make_user(person, now)],
            "conversations": [conversation],
            "messages": history.messages,
        }.items():
            of_workspace = [row | {"workspace_id": workspace_id} for row in rows]
            documents.setdefault(name, []).extend(of_workspace)
    for name, rows in documents.items():
        await insert_fast(run.database, name, rows)
    return people


CASES = [
    Case(
        "noisy_neighbour",
        "p99 moved by a workspace at its quotas: inbox and sends, worse of both",
        measure_neighbour,
        main="moved_ms",
        unit=" ms",
        less_is_better=True,
        shown=(
            "read_p99_ms",
            "read_noisy_p99_ms",
            "read_moved_percent",
            "send_p99_ms",
            "send_noisy_p99_ms",
            "send_moved_percent",
        ),
        only_wagraph=True,
        rounds=1,
        seconds=900.0,
        **CHANGED_WORLD,
    ),
]
