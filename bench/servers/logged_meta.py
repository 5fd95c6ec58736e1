"""A fake of Meta that logs the requests of the main account's number."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from bench.case import CaseFailedError
from bench.world import (
    APP_SECRET,
    BUSINESS_ACCOUNT_ID,
    DISPLAY_NUMBER,
    ENCRYPTION_KEYS,
    PHONE_NUMBER_IDS,
    World,
)
from models import Account
from sandbox.application import create_fake_cloud_api
from sandbox.server import FakeCloudServer
from sandbox.settings import SandboxSettings
from sandbox.world.numbers import FakeNumber, NumberDirectory
from whatsapp.accounts.accounts import update_account
from whatsapp.common.crypto import KeyRing

ACCESS_TOKEN = "bench-logged-token"


@asynccontextmanager
async def run_logged_meta(world: World, **settings: Any) -> AsyncIterator[FakeCloudServer]:
    """Runs the fake with these `SandboxSettings`, and gives the account a token that it accepts."""
    account = await Account.get(world.main_account)
    if account is None:
        raise CaseFailedError("the account is missing")
    keyring = KeyRing.from_text(ENCRYPTION_KEYS)
    await update_account(keyring, account, changes={"access_token": ACCESS_TOKEN})
    number = FakeNumber(
        phone_number_id=PHONE_NUMBER_IDS[0],
        business_account_id=BUSINESS_ACCOUNT_ID,
        display_phone_number=DISPLAY_NUMBER,
        verified_name="Bench shop",
        access_token=ACCESS_TOKEN,
        app_secret=APP_SECRET,
    )
    discard = httpx.MockTransport(lambda _request: httpx.Response(200))
    app = create_fake_cloud_api(
        NumberDirectory(number),
        SandboxSettings(webhook_url="http://bench.invalid/", **settings),
        webhook_transport=discard,
    )
    async with FakeCloudServer(app) as meta:
        yield meta
