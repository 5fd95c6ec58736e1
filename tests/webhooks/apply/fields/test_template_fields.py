"""Templates show the latest report on each aspect, in any order of webhooks."""

import itertools
from typing import Any

import pytest

from models import Account, Template
from tests.fixtures.fields import AT, change_value, load_change, make_body, make_entry, post
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.webhooks import WebhookClient
from tests.webhooks.conftest import Settle

SHOW = """query ($id: ID!, $filter: TemplateFilter) { templates(accountId: $id, filter: $filter) {
  edges { node {
    whatsappId name language category previousCategory status statusName statusReason recommendation
    disabledAt statusChangedAt qualityScore previousQualityScore components { raw } account { name }
} } } }"""
TOLD = [
    make_body("template_category", at=AT),
    make_body("template_rejected", at=AT + 1),
    make_body("template_quality", at=AT + 1),
    make_body("template_approved", at=AT + 2),
    make_body("template_components", at=AT + 3),
]
BUTTONS = [
    {"text": "Follow it", "type": "URL", "url": "https://example.com/{{1}}"},
    {"phone_number": "+15550783881", "text": "Call us", "type": "PHONE_NUMBER"},
]


async def show(client: GraphQLClient, account: Account, **filter: Any) -> list[dict[str, Any]]:
    found = await client(SHOW, id=id_of(account), filter=filter or None)
    return [edge["node"] for edge in found["templates"]["edges"]]


async def test_template_fields_show_webhook_values(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await post(webhook, settle, *TOLD)

    assert await show(admin, account) == [
        {
            "whatsappId": "1689556908129832",
            "name": "order_shipped",
            "language": "en_US",
            "category": "UTILITY",
            "previousCategory": "UTILITY",
            "status": "APPROVED",
            "statusName": "APPROVED",
            "statusReason": None,
            "recommendation": None,
            "disabledAt": None,
            "statusChangedAt": "2025-06-15T15:06:42+00:00",
            "qualityScore": "YELLOW",
            "previousQualityScore": "GREEN",
            "components": [
                {"raw": {"type": "HEADER", "format": "TEXT", "text": "On its way"}},
                {"raw": {"type": "BODY", "text": "Your parcel {{1}} has left us."}},
                {"raw": {"type": "FOOTER", "text": "Test shop"}},
                {"raw": {"type": "BUTTONS", "buttons": BUTTONS}},
            ],
            "account": {"name": "Test shop"},
        }
    ]


async def test_reasons_are_shown(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    await post(webhook, settle, make_body("template_rejected"))
    [rejected] = await show(admin, account)
    assert rejected["status"] == "REJECTED"
    assert rejected["statusReason"] == "INVALID_FORMAT: The variables have no samples."
    assert rejected["recommendation"] == "Give a sample for each variable."

    await post(webhook, settle, make_body("template_disabled", at=AT + 1))
    [disabled] = await show(admin, account)
    assert disabled["statusReason"] == "SECOND_PAUSE: Customers complained again."
    assert (disabled["recommendation"], disabled["disabledAt"]) == (
        None,
        "2025-06-16T15:06:40+00:00",
    )


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.soak)])
async def test_all_orders_give_equal_templates(
    webhook: WebhookClient, account: Account, settle: Settle, every: int
) -> None:
    # Each fifth of the 120 has each report in each place, and each pair in both orders.
    orders = list(itertools.permutations(range(len(TOLD))))[::every]
    for number, order in enumerate(orders):
        bodies = [
            make_entry(
                change_value(TOLD[one]["entry"][0]["changes"][0], message_template_id=number),
                at=TOLD[one]["entry"][0]["time"],
            )
            for one in (*order, order[0])
        ]
        await post(webhook, settle, *bodies)

    hidden = {"id", "template_id", "created_at", "updated_at"}
    found = [one.model_dump(exclude=hidden) for one in await Template.find().to_list()]
    assert found == [found[0]] * len(orders)


async def test_reports_of_one_second_give_equal_templates(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    names = ("template_approved", "template_rejected", "template_disabled")
    for number, order in enumerate(itertools.permutations(names)):
        changes = [change_value(load_change(name), message_template_id=number) for name in order]
        await post(webhook, settle, *(make_entry(change) for change in changes))

    found = await Template.find().to_list()
    assert [one.status for one in found] == [found[0].status] * 6
    assert [one.changed_at for one in found] == [found[0].changed_at] * 6


async def test_template_events_set_status(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    admin: GraphQLClient,
    subtests: pytest.Subtests,
) -> None:
    for event, status in [
        ("PAUSED", "PAUSED"),
        ("REINSTATED", "APPROVED"),
        ("ARCHIVED", "ARCHIVED"),
        ("UNARCHIVED", "APPROVED"),
        ("something_new", "OTHER"),
    ]:
        with subtests.test(event=event):
            values = {"event": event, "message_template_id": event}
            change = change_value(load_change("template_approved"), **values)
            await post(webhook, settle, make_entry(change))
            [shown] = [one for one in await show(admin, account) if one["whatsappId"] == event]
            assert shown["status"] == status
            if status == "OTHER":
                assert shown["statusName"] == "SOMETHING_NEW"


async def test_templates_are_filtered(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    admin: GraphQLClient,
    subtests: pytest.Subtests,
) -> None:
    change = load_change("template_approved")
    german = {"message_template_id": 2, "message_template_language": "de", "event": "PAUSED"}
    await post(webhook, settle, make_entry(change, change_value(change, **german)))

    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["1689556908129832", "2"]),
        ({"language": "de"}, ["2"]),
        ({"name": "order_shipped", "statuses": ["APPROVED", "FLAGGED"]}, ["1689556908129832"]),
        ({"category": "MARKETING"}, []),
        ({"statuses": []}, ["1689556908129832", "2"]),
    ]
    for wanted, ids in cases:
        with subtests.test(wanted=wanted):
            shown = await show(admin, account, **wanted)
            assert sorted(one["whatsappId"] for one in shown) == ids
