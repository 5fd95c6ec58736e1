"""Webhooks about accounts are stored as events and update the account's restrictions."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from models import Account, AccountEvent, ParkedItem, Template
from models.database.base import collection
from tests.fixtures.fields import (
    AT,
    PAYLOADS,
    change_value,
    load_change,
    make_body,
    make_entry,
    post,
    reload,
)
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.webhooks import WebhookClient
from tests.webhooks.conftest import Settle
from whatsapp.privacy.account_deletion import delete_account
from whatsapp.privacy.erasure_log import ErasureLog

SHOW = """{ accounts(first: 5) { edges { node {
  verifiedName displayPhoneNumber lastEventAt
  health { state reason qualityRating throughput messagingLimit }
  events { edges { node { field event summary at raw account { name } } } }
} } } }"""
# File, Meta's event name, and the summary line.
EVENTS = [
    ("template_approved", "APPROVED", "(template order_shipped, language en_US)"),
    ("template_quality", "YELLOW", "(template order_shipped, language en_US, before GREEN)"),
    ("template_category", "MARKETING", "(template order_shipped, language en_US, before UTILITY)"),
    ("template_components", None, "(template order_shipped, language en_US)"),
    ("phone_quality_flagged", "FLAGGED", "(number 15550783881, limit TIER_1K)"),
    ("phone_name_rejected", "REJECTED", "(number 15550783881, name !!!, reason NAME_FORMAT)"),
    ("account_violation", "ACCOUNT_VIOLATION", ""),
    ("account_partner_added", "PARTNER_ADDED", ""),
    (
        "account_alerts",
        "INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED",
        "(severity WARNING, status ACTIVE, More chats are needed.)",
    ),
    ("account_review", "APPROVED", ""),
    ("account_settings", "phone_number_settings", "(number 15550783881)"),
    ("business_capability", None, "(limit 10000)"),
    ("business_username", None, "(number 15550783881)"),
    ("automatic_events", None, "(number 15550783881)"),
    ("security", "PIN_RESET_REQUEST", "(number 15550783881)"),
    ("history", None, "(number 15550783881, 1 history)"),
    ("history_declined", None, "(number 15550783881, 1 history)"),
    ("app_state", "contact", "(number 15550783881, 1 state_sync)"),
    ("group_lifecycle", "group_create", "(number 15550783881, 1 groups)"),
    ("group_participants", "group_participants_add", "(number 15550783881, 1 groups)"),
    ("group_settings", "group_settings_update", "(number 15550783881, 1 groups)"),
    ("group_status", "group_suspend", "(number 15550783881, 1 groups)"),
    ("flow_status", "FLOW_STATUS_CHANGE", ""),
    ("partner_solution", "SOLUTION_CREATED", ""),
    ("payment_configuration", None, ""),
    ("unknown", "FULL", ""),
]


async def show(client: GraphQLClient) -> dict[str, Any]:
    [edge] = (await client(SHOW))["accounts"]["edges"]
    node: dict[str, Any] = edge["node"]
    return node


async def test_every_field_becomes_one_event(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    bodies = [make_body(name, at=AT + number) for number, (name, _, _) in enumerate(EVENTS)]
    await post(webhook, settle, *bodies)
    # The same in other bodies: nothing comes to it.
    await post(webhook, settle, *({**body, "again": True} for body in bodies))

    shown = [edge["node"] for edge in (await show(admin))["events"]["edges"]]

    assert len(shown) == len(EVENTS)
    for event, (name, happened, details) in zip(reversed(shown), EVENTS, strict=True):
        change = load_change(name)
        line = change["field"].replace("_", " ") + (f": {happened}" if happened else "")
        assert (event["field"], event["event"]) == (change["field"], happened)
        assert event["summary"] == f"{line} {details}".strip()
        assert json.loads(event["raw"]) == change["value"]
        assert event["account"] == {"name": "Test shop"}
    assert not await ParkedItem.count()


def test_every_file_of_corpus_is_tested() -> None:
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("*fields.py"))
    names = [path.stem.removeprefix("field_") for path in PAYLOADS.glob("field_*.json")]

    assert names
    assert [name for name in names if f'"{name}"' not in tests] == []


async def test_quality_and_names_show_latest_report(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    told = [
        make_body("phone_quality_flagged", at=AT),
        make_body("phone_quality_upgrade", at=AT + 1),
        make_body("phone_name_approved", at=AT + 1),
        make_body("phone_name_rejected", at=AT + 2),
    ]
    outcomes = []
    for number, order in enumerate(itertools.permutations(told)):
        await collection(Account).update_one(
            {"_id": account.id},
            {"$set": {"changed_at": {}, "health": {"state": "OK"}, "verified_name": None}},
        )
        await post(webhook, settle, *({**body, "run": number} for body in (*order, order[0])))
        shown = await show(admin)
        outcomes.append({key: shown[key] for key in ("health", "verifiedName", "lastEventAt")})

    assert outcomes[0]["verifiedName"] == "The new shop"
    assert outcomes[0]["health"] == {
        "state": "OK",
        "reason": None,
        "qualityRating": "RED",
        "throughput": None,
        "messagingLimit": "TIER_10K",
    }
    assert outcomes == [outcomes[0]] * 24
    assert (await show(admin))["displayPhoneNumber"] == "15550783881"


async def test_throughput_and_capability_are_shown(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await post(webhook, settle, make_body("phone_quality_throughput"))
    health = (await show(admin))["health"]
    assert (health["throughput"], health["messagingLimit"]) == ("HIGH", "TIER_UNLIMITED")

    unlimited = change_value(
        load_change("business_capability"), max_daily_conversation_per_phone=-1
    )
    await post(webhook, settle, make_body("business_capability", at=AT + 1))
    assert (await show(admin))["health"]["messagingLimit"] == "TIER_10K"
    await post(webhook, settle, make_entry(unlimited, at=AT + 2))
    assert (await show(admin))["health"]["messagingLimit"] == "TIER_UNLIMITED"


@pytest.mark.parametrize("at", [None, "", "soon", -1, 10**30, {}, True])
async def test_change_without_time_applies_to_unset_fields(
    webhook: WebhookClient, account: Account, settle: Settle, at: Any
) -> None:
    flagged = load_change("phone_quality_flagged")
    await post(webhook, settle, make_entry(flagged, at=at))
    assert (await reload(account)).health.quality_rating == "RED"

    unflagged = change_value(flagged, event="UNFLAGGED")
    await post(webhook, settle, make_entry(unflagged, at=AT))
    await post(webhook, settle, make_entry(change_value(flagged, x=1), at=at))
    assert (await reload(account)).health.quality_rating == "UNKNOWN"
    assert await AccountEvent.count() == 3


async def test_milliseconds_are_read_as_time(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    await post(webhook, settle, make_body("security", at=AT * 1000))

    [event] = await AccountEvent.find().to_list()
    assert event.at.timestamp() == AT


ODD: tuple[Any, ...] = (None, [], {}, 0, True, "$a", "\0", {"$a": {"b.c": 1}}, [[None]], "x" * 5000)


async def test_odd_field_values_are_kept_or_parked(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    for path in PAYLOADS.glob("field_*.json"):
        change = load_change(path.stem.removeprefix("field_"))
        changes = [change | {"value": odd} for odd in ODD]
        keys = list(change["value"])
        changes += [change_value(change, **{key: odd}) for key in keys for odd in ODD[:6]]
        await post(webhook, settle, make_entry(*changes))

    assert not await ParkedItem.find({"reason": "INTERNAL_ERROR"}).count()


async def test_large_history_is_kept_out_of_lists(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    change = load_change("history")
    messages = [{"id": f"wamid.{number}", "text": {"body": "ß" * 300}} for number in range(1500)]
    change["value"]["history"][0]["threads"][0]["messages"] = messages
    await post(webhook, settle, make_entry(change))

    event = (await show(admin))["events"]["edges"][0]["node"]

    assert json.loads(event["raw"]) == change["value"]


async def test_events_and_templates_go_with_their_account(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    await post(webhook, settle, make_body("template_approved"))
    assert (await AccountEvent.count(), await Template.count()) == (1, 1)

    await delete_account(account, ErasureLog(None))

    assert (await AccountEvent.count(), await Template.count()) == (0, 0)
