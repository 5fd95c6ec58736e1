"""Demo data of a first start, created through the GraphQL API and webhooks."""

import asyncio

from models import Account, Message, MessageStatus
from sandbox.demo_shop.customers_before import BEFORE
from sandbox.demo_shop.customers_today import SHEENA, TODAY
from sandbox.demo_shop.shop import DemoShop

# The ids of Meta's own examples, so that a payload copied from its documentation fits.
DEMO_PHONE_NUMBER_ID = "106540352242922"
DEMO_BUSINESS_ACCOUNT_ID = "419561257915477"
DEMO_DISPLAY_NUMBER = "15550783881"
DEMO_NAME = "Demo shop"
DEMO_ACCESS_TOKEN = "sandbox-access-token"

ACCOUNT = {
    "name": DEMO_NAME,
    "phoneNumberId": DEMO_PHONE_NUMBER_ID,
    "businessAccountId": DEMO_BUSINESS_ACCOUNT_ID,
    "accessToken": DEMO_ACCESS_TOKEN,
}
AGENTS = ("Ana Silva", "Ben Okafor")
# Sent last, so that the conversation in which it stands is the first of the list.
LAST_ANSWER = "We do, every day until 6 pm. Shall I book a slot for you?"


async def seed(*, server_url: str, sandbox_url: str, api_key: str) -> None:
    """Connects the demo account and plays its conversations. Does nothing if accounts exist."""
    if await Account.find_one({"deleted_at": None}) is not None:
        return
    shop = DemoShop(server_url=server_url, sandbox_url=sandbox_url, api_key=api_key)
    async with shop:
        await shop.open(ACCOUNT)
        await shop.hire(*AGENTS)
        async with asyncio.TaskGroup() as tasks:
            for story in (SHEENA, *TODAY, *BEFORE):
                tasks.create_task(shop.play(story))
        await shop.wait_for_next_second()
        await shop.send(SHEENA, {"text": {"body": LAST_ANSWER}})
    await _wait_until_read()


async def _wait_until_read() -> None:
    """Waits for the demo's events, which would else be the first that a user sees live."""
    unread = {"direction": "OUTBOUND", "status_rank": {"$lt": MessageStatus.READ.rank}}
    for _ in range(100):
        if await Message.find_one(unread) is None:
            return
        await asyncio.sleep(0.1)
