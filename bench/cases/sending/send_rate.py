"""The send rate of one account in two processes, at a fake of Meta that enforces its limits.

Messages are queued before the server starts, so that only sending is measured.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from beanie import PydanticObjectId

from bench.case import CHANGED_WORLD, Case, CaseFailedError, Figures, Run
from bench.cases.loading import share_cpu, wait_for_effects
from bench.documents import Person
from bench.servers.logged_meta import run_logged_meta
from bench.world import World
from models import Message, Role
from models.database.base import DEFAULT_WORKSPACE_ID, new_id
from sandbox.cloud_api.rate_limits import PAIR_LIMIT_HIT, THROUGHPUT_HIT
from sandbox.server import FakeCloudServer
from sandbox.world.request_log import LoggedRequest
from whatsapp.auth.access import Viewer
from whatsapp.outbox.content import OutgoingText
from whatsapp.outbox.outbox import Outbox
from whatsapp.outbox.recipients import Recipient

MESSAGES_PER_SECOND = 80
PAIR_BURST = 45
TOTAL = 1200
TO_ONE = 46
"""Messages to one customer, one more than Meta accepts at once: back-off grows fourfold."""
ANSWER_SECONDS = 0.2


@asynccontextmanager
async def open_limited_meta(world: World) -> AsyncIterator[FakeCloudServer]:
    """Queues the messages and runs a fake of Meta that refuses messages beyond its limits."""
    await _queue_messages(world)
    async with run_logged_meta(
        world,
        answer_delay=ANSWER_SECONDS,
        messages_per_second=MESSAGES_PER_SECOND,
        pair_burst=PAIR_BURST,
    ) as meta:
        yield meta


def _announce_later(message: Message, *, waits_behind: bool, summary: asyncio.Future[None]) -> None:
    """The servers that send are started later."""


async def _queue_messages(world: World) -> None:
    outbox = Outbox(announce=_announce_later)
    agent = Viewer(
        credential_id=new_id(), name="bench", role=Role.AGENT, workspace_id=DEFAULT_WORKSPACE_ID
    )

    async def queue(person: Person, number: int) -> None:
        await outbox.queue_message(
            agent,
            account_id=None,
            recipient=Recipient(conversation_id=PydanticObjectId(person.conversation_id)),
            content=OutgoingText(f"{number:05}"),
        )

    eager, *others = world.customers
    for number in range(TO_ONE):
        await queue(eager, number)
    for start in range(0, TOTAL, len(others)):
        persons = others[: TOTAL - start]
        # Customers' messages may be queued concurrently, each customer's in order.
        for at in range(0, len(persons), 16):
            await asyncio.gather(*(queue(person, start) for person in persons[at : at + 16]))


async def measure_send_rate(run: Run) -> Figures:
    figures: Figures = {}
    if run.meta is None:
        raise CaseFailedError("the fake of Meta is missing")
    log = run.meta.meta.requests

    async def find_missing() -> str | None:
        sent = len(log.list_sends())
        return None if sent >= TOTAL + TO_ONE else f"{sent} of {TOTAL + TO_ONE} messages sent"

    async with run.measured(figures):
        await wait_for_effects(find_missing)
    sends = log.list_sends()
    _check_order(sends)
    eager = run.world.customers[0].wa_id
    times = [send.time for send in sends if send.body["to"] != eager]
    attempts = [request for request in log.requests if request.endpoint == "messages"]
    return figures | {
        "rate": len(times) / (times[-1] - times[0]),
        "refused_for_rate": _count_refusals(attempts, THROUGHPUT_HIT) / len(attempts),
        "refused_for_pair": float(_count_refusals(attempts, PAIR_LIMIT_HIT)),
        **share_cpu(figures, len(sends)),
    }


def _check_order(sends: list[LoggedRequest]) -> None:
    """Raises CaseFailedError unless each message was accepted once, in its customer's order."""
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for send in sends:
        texts[send.body["to"]].append(send.body["text"]["body"])
    if len(sends) != TOTAL + TO_ONE:
        raise CaseFailedError(f"{len(sends)} messages accepted instead of {TOTAL + TO_ONE}")
    for customer_texts in texts.values():
        if customer_texts != sorted(set(customer_texts)):
            raise CaseFailedError(f"sent twice or out of order: {customer_texts}")


def _count_refusals(requests: list[LoggedRequest], code: int) -> int:
    answers = [request.answer or {} for request in requests]
    return sum(answer.get("error", {}).get("code") == code for answer in answers)


CASES = [
    Case(
        "send_rate",
        "sends of one account in two processes, of 80 allowed",
        measure_send_rate,
        only_wagraph=True,
        open_meta=open_limited_meta,
        settings={"WORKERS": "2", "SEND_RATE_PER_ACCOUNT": str(MESSAGES_PER_SECOND)},
        rounds=1,
        shown=("refused_for_rate", "refused_for_pair"),
        **CHANGED_WORLD,
    ),
]
