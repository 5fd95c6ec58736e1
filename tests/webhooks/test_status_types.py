"""What the graph shows of every status in the corpus, before and after its message is known."""

from typing import Any

import pytest

from graph.ids import encode_id
from models import Account, Message, ParkedItem
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.payloads import list_payloads, load_payload
from tests.fixtures.webhooks import WebhookClient
from tests.webhooks.conftest import Settle
from tests.webhooks.sets import create_sent
from whatsapp.statuses import apply_pending

WAMID = "wamid.EXAMPLE_SENT"
AT = "2025-06-15T15:06:50+00:00"
QUERY = """query ($id: ID!) { message(id: $id) { status statusHistory { status at }
  otherStatuses { name at } errors { code title details retryable }
  pricing { billable model type category } } }"""
FREE = {
    "billable": False,
    "model": "PMP",
    "type": "free_customer_service",
    "category": "service",
}
# By file: the shown status and what else matters.
SHOWN: dict[str, tuple[str, dict[str, Any]]] = {
    "sent": ("SENT", {"pricing": FREE}),
    "sent_before_2025_07": (
        "SENT",
        {"pricing": {"billable": True, "model": "CBP", "type": None, "category": "service"}},
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
    "unknown": ("ACCEPTED", {"otherStatuses": [{"name": "warped", "at": AT}]}),
}


def test_every_payload_has_an_expectation() -> None:
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
    webhook: WebhookClient, account: Account, settle: Settle, admin: GraphQLClient, is_known: bool
) -> None:
    for name, (status, more) in SHOWN.items():
        message = await learn_of_sent(account) if is_known else None
        await webhook.post_statuses(load_payload(f"status_{name}"))
        await settle()
        if message is None:
            message = await learn_of_sent(account)
            await apply_pending(account.id, WAMID, message.id)

        shown = (await admin(QUERY, id=encode_id("Message", message.id)))["message"]
        assert shown["status"] == status, name
        assert {key: shown[key] for key in more} == more, name
        await message.delete()
    assert not await ParkedItem.count()


async def test_the_conversation_of_a_status_is_kept(
    webhook: WebhookClient, account: Account, settle: Settle
) -> None:
    message = await learn_of_sent(account)
    for name in ("delivered", "sent_before_2025_07", "read"):
        await webhook.post_statuses(load_payload(f"status_{name}"))
    await settle()

    stored = await Message.get(message.id)
    assert stored is not None
    assert stored.billing_conversation == load_payload("status_sent_before_2025_07")["conversation"]
