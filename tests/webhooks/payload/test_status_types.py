"""All statuses of the corpus, read through the graph, before and after their message is known."""

import itertools
from typing import Any

import pytest

from models import Account, Message, ParkedItem
from models.database.base import collection
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.payloads import list_payloads, load_payload
from tests.fixtures.webhooks import WebhookClient
from tests.webhooks.conftest import Settle
from tests.webhooks.sets import create_sent
from whatsapp.messages.statuses import apply_pending_to_message

WAMID = "wamid.EXAMPLE_SENT"
AT = "2025-06-15T15:06:50+00:00"
QUERY = """query ($id: ID!) { message(id: $id) { status statusHistory { status at }
  otherStatuses { name at } errors { code title details retryable }
  warnings { code details } callbackData billingConversation { whatsappId origin expiresAt }
  payments { status at referenceId amount currency transaction { transactionId type status method
    createdAt updatedAt errorCode errorReason } }
  pricing { billable model type category } } }"""
FREE = {
    "billable": False,
    "model": "PMP",
    "type": "free_customer_service",
    "category": "service",
}
TRANSACTION = {
    "transactionId": "order_KXhtu",
    "type": "razorpay",
    "status": "success",
    "method": "upi",
    "createdAt": "2025-06-15T15:06:41+00:00",
    "updatedAt": "2025-06-15T15:06:49+00:00",
    "errorCode": None,
    "errorReason": None,
}
PAYMENT = {
    "status": "captured",
    "at": AT,
    "referenceId": "order-42",
    "amount": "210.50",
    "currency": "INR",
    "transaction": TRANSACTION,
}
REFUSED = {
    "status": "failed",
    "method": None,
    "errorCode": "PAYMENT_DECLINED",
    "errorReason": "The bank declined it.",
}
# By file: the shown status and other relevant fields.
SHOWN: dict[str, tuple[str, dict[str, Any]]] = {
    "sent": ("SENT", {"pricing": FREE}),
    "sent_before_2025_07": (
        "SENT",
        {
            "pricing": {"billable": True, "model": "CBP", "type": None, "category": "service"},
            "billingConversation": {
                "whatsappId": "c1",
                "origin": "service",
                "expiresAt": "2025-06-16T15:06:40+00:00",
            },
            "callbackData": None,
        },
    ),
    "delivered": (
        "DELIVERED",
        {"pricing": {"billable": True, "model": "PMP", "type": "regular", "category": "marketing"}},
    ),
    "read": ("READ", {"pricing": None, "errors": []}),
    "played": ("PLAYED", {}),
    "username_only": ("DELIVERED", {}),
    "group": ("DELIVERED", {}),
    "failed": (
        "FAILED",
        {
            "errors": [
                {
                    "code": 131026,
                    "title": "Message undeliverable",
                    "details": "Message Undeliverable.",
                    "retryable": False,
                }
            ]
        },
    ),
    "failed_retryable": (
        "FAILED",
        {
            "errors": [
                {
                    "code": 131000,
                    "title": "Something went wrong",
                    "details": None,
                    "retryable": True,
                }
            ]
        },
    ),
    "deleted": ("ACCEPTED", {"otherStatuses": [{"name": "deleted", "at": AT}]}),
    "payment_captured": ("ACCEPTED", {"payments": [PAYMENT], "otherStatuses": []}),
    # The payment failed, and not the message.
    "payment_failed": (
        "ACCEPTED",
        {
            "payments": [PAYMENT | {"status": "failed", "transaction": TRANSACTION | REFUSED}],
            "errors": [],
        },
    ),
    "warning": (
        "ACCEPTED",
        {
            "otherStatuses": [{"name": "warning", "at": AT}],
            "errors": [],
            "warnings": [{"code": 131060, "details": "A button is not supported on this device."}],
        },
    ),
    "of_other_program": (
        "SENT",
        {
            "callbackData": "campaign-7",
            "billingConversation": {
                "whatsappId": "c2",
                "origin": "referral_conversion",
                "expiresAt": "2025-06-16T15:06:40+00:00",
            },
        },
    ),
    "unknown": ("ACCEPTED", {"otherStatuses": [{"name": "warped", "at": AT}]}),
}


def test_every_payload_has_expectation() -> None:
    assert set(list_payloads("status")) == {f"status_{name}" for name in SHOWN}


async def learn_of_sent(account: Account) -> Message:
    """As when a message sent from elsewhere becomes known."""
    await create_sent(account, "16505550100")
    message = await Message.find_one({"wamid": "wamid.SENT"})
    assert message is not None
    await message.set({"wamid": WAMID})
    return message


@pytest.mark.parametrize("is_known", [True, False], ids=["known", "before it is known"])
async def test_each_status_is_shown(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    admin: GraphQLClient,
    is_known: bool,
    subtests: pytest.Subtests,
) -> None:
    for name, (status, more) in SHOWN.items():
        with subtests.test(name=name):
            message = await learn_of_sent(account) if is_known else None
            await webhook.post_statuses(load_payload(f"status_{name}"))
            await settle()
            if message is None:
                message = await learn_of_sent(account)
                await apply_pending_to_message(account.id, WAMID, message.id)

            shown = (await admin(QUERY, id=encode_id("Message", message.id)))["message"]
            await message.delete()
            assert shown["status"] == status
            assert {key: shown[key] for key in more} == more
    assert not await ParkedItem.count()


async def test_conversation_of_status_is_kept(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    message = await learn_of_sent(account)
    for name in ("delivered", "sent_before_2025_07", "read"):
        await webhook.post_statuses(load_payload(f"status_{name}"))
    await settle()

    stored = await Message.get(message.id)
    assert stored is not None
    assert stored.billing_conversation == load_payload("status_sent_before_2025_07")["conversation"]


ISSUES = """query ($id: ID!) { message(id: $id) { status errors { code } warnings { code } } }"""


@pytest.mark.parametrize("names", list(itertools.permutations(["read", "warning", "failed"])))
async def test_errors_are_of_failures_and_warnings_are_apart(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    admin: GraphQLClient,
    names: tuple[str, ...],
) -> None:
    message = await learn_of_sent(account)
    shown = []
    for name in names:
        await webhook.post_statuses(load_payload(f"status_{name}"))
        await settle()
        found = (await admin(ISSUES, id=encode_id("Message", message.id)))["message"]
        shown.append((found["errors"], found["warnings"]))

    failure, warning = [{"code": 131026}], [{"code": 131060}]
    told = [names[: number + 1] for number in range(3)]
    assert shown == [
        (failure if "failed" in some else [], warning if "warning" in some else []) for some in told
    ]


async def test_warnings_of_version_0_1_are_no_errors(
    account: Account, admin: GraphQLClient
) -> None:
    message = await learn_of_sent(account)
    await collection(Message).update_one(
        {"_id": message.id},
        {
            "$set": {"errors": [{"code": 131060}]},
            "$unset": {"warnings": 1, "payments": 1, "callback_data": 1},
        },
    )

    shown = (await admin(QUERY, id=encode_id("Message", message.id)))["message"]

    assert (shown["errors"], shown["payments"]) == ([], [])
    assert shown["warnings"] == [{"code": 131060, "details": None}]


async def test_payment_reports_are_set_in_any_order(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    captured = load_payload("status_payment_captured")
    pending = captured | {"status": "pending", "timestamp": "1750000002"}
    outcomes = []
    for order in itertools.permutations([captured, pending, load_payload("status_read")]):
        message = await learn_of_sent(account)
        await webhook.post_statuses(*order, order[0])
        await settle()
        shown = (await admin(QUERY, id=encode_id("Message", message.id)))["message"]
        outcomes.append((shown["status"], [one["status"] for one in shown["payments"]]))
        await message.delete()

    assert outcomes == [("READ", ["pending", "captured"])] * 6


async def test_payments_of_same_second_have_one_order(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    captured = load_payload("status_payment_captured")
    names = [f"order-{number}" for number in range(4)]
    reports = [
        captured | {"payment": captured["payment"] | {"reference_id": name}} for name in names
    ]
    orders = []
    for order in itertools.permutations(reports):
        message = await learn_of_sent(account)
        await webhook.post_statuses(*order)
        await settle()
        stored = await Message.get(message.id)
        assert stored is not None
        orders.append([one["payment"]["reference_id"] for one in stored.payments])
        await message.delete()

    assert orders == [names] * len(orders)


@pytest.mark.parametrize(
    ("odd", "amount"),
    [
        ({"amount": {"value": 1000, "offset": 1000}}, "1.000"),
        ({"amount": {"value": "250", "offset": "1"}}, "250"),
        ({"amount": {"value": -5, "offset": 100}}, None),
        ({"amount": {"value": 5, "offset": 0}}, None),
        ({"amount": {"value": 5, "offset": 3}}, None),
        ({"amount": "12"}, None),
        ({"amount": None, "transaction": [], "reference_id": 7, "currency": {}}, None),
    ],
)
async def test_odd_payment_is_shown_as_far_as_readable(
    webhook: WebhookClient,
    account: Account,
    settle: Settle,
    admin: GraphQLClient,
    odd: dict[str, Any],
    amount: str | None,
) -> None:
    message = await learn_of_sent(account)
    report = load_payload("status_payment_captured")
    await webhook.post_statuses(report | {"payment": report["payment"] | odd})
    await settle()

    [payment] = (await admin(QUERY, id=encode_id("Message", message.id)))["message"]["payments"]

    assert (payment["status"], payment["amount"]) == ("captured", amount)


async def test_payment_without_details_is_no_status(
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient
) -> None:
    message = await learn_of_sent(account)
    await webhook.post_statuses(load_payload("status_payment_failed") | {"payment": None})
    await settle()

    shown = (await admin(QUERY, id=encode_id("Message", message.id)))["message"]
    assert (shown["status"], shown["errors"]) == ("ACCEPTED", [])
    assert [one["status"] for one in shown["payments"]] == ["failed"]
