"""Replay of parked items, after the account of their number is connected."""

import time
from dataclasses import replace

from bench.case import CHANGED_WORLD, Case, CaseFailedError, Figures, Run
from bench.cases.ingest import make_prefix, warm_up
from bench.cases.loading import require_good, send_all, share_cpu, wait_for_effects
from bench.load.requests import check_mutation, make_graphql_request
from bench.load.webhook_bodies import make_messages, make_webhook
from bench.servers.logged_meta import run_logged_meta
from bench.world import APP_SECRET, BUSINESS_ACCOUNT_ID
from sandbox.world.numbers import FakeNumber

LATE = FakeNumber(
    phone_number_id="106540352242999",
    business_account_id=BUSINESS_ACCOUNT_ID,
    display_phone_number="15550783999",
    verified_name="Connected late",
    access_token="bench-access-token",
    app_secret=APP_SECRET,
)
PHONE_NUMBER_ID = LATE.phone_number_id
ITEMS_EACH = 50


async def measure_replay(run: Run) -> Figures:
    """Parks messages to a number that is not connected yet, then connects it."""
    figures: Figures = {}
    if run.meta is None:
        raise CaseFailedError("the fake of Meta is missing")
    run.meta.meta.numbers.add(LATE)
    count = int(run.pick(quick=2000, full=10_000))
    await warm_up(run)
    await _park(run, count)
    connect = make_graphql_request(
        run.world.api_key,
        "connect",
        {
            "input": {
                "name": LATE.verified_name,
                "phoneNumberId": LATE.phone_number_id,
                "businessAccountId": LATE.business_account_id,
                "accessToken": LATE.access_token,
            }
        },
    )
    async with run.measured(figures):
        started = time.perf_counter()
        require_good(await send_all(run, [connect], check=check_mutation))
        ended = await wait_for_effects(lambda: _find_left(run))
    applied, stored = await _count_items(run, "APPLIED"), await _count_messages(run)
    if (applied, stored) != (count, count):
        raise CaseFailedError(f"{applied} items applied, {stored} stored, of {count}")
    return figures | {"rate": count / (ended - started), **share_cpu(figures, count)}


async def _park(run: Run, count: int) -> None:
    strangers = [
        replace(person, wa_id=f"1651{5_000_000 + person.number}") for person in run.world.customers
    ]
    items = list(make_messages(strangers, make_prefix(run), count))
    requests = [
        make_webhook(items[at : at + ITEMS_EACH], phone_number_id=PHONE_NUMBER_ID)
        for at in range(0, count, ITEMS_EACH)
    ]
    require_good(await send_all(run, requests))

    async def find_missing() -> str | None:
        parked = await _count_items(run, "PARKED")
        return None if parked >= count else f"{parked} of {count} items are parked"

    await wait_for_effects(find_missing)


async def _count_items(run: Run, state: str) -> int:
    query = {"phone_number_id": PHONE_NUMBER_ID, "state": state}
    return await run.database["parked_items"].count_documents(query)


async def _find_left(run: Run) -> str | None:
    # An index has the items that are still parked.
    left = await _count_items(run, "PARKED")
    return f"{left} items are still parked" if left else None


async def _count_messages(run: Run) -> int:
    account = await run.database["accounts"].find_one({"phone_number_id": PHONE_NUMBER_ID})
    query = {"account_id": account and account["_id"]}
    return await run.database["messages"].count_documents(query)


CASES = [
    Case(
        "replay",
        "parked items replayed once their number is connected",
        measure_replay,
        only_wagraph=True,
        open_meta=run_logged_meta,
        rounds=1,
        **CHANGED_WORLD,
    ),
]
