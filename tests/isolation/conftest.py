"""The world of the proof: two filled sides, and the border between them."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from beanie import PydanticObjectId

from models import Role, Workspace, WorkspaceUsage
from models.database.base import DEFAULT_WORKSPACE_ID, utc_now
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.numbers import FakeNumber
from tests.conftest import make_settings
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.tokens import SETTINGS
from tests.fixtures.webhooks import WebhookClient
from tests.fixtures.world import NUMBER, OTHER_NUMBER, connect_number
from tests.graph.conftest import port  # noqa: F401 - a fixture
from tests.isolation.filling import EXCHANGE, Filling, add_templates
from tests.isolation.sides import Border, Side
from tests.whatsapp.media.conftest import app, cloud_server  # noqa: F401 - fixtures
from whatsapp.auth.api_keys import create_api_key
from whatsapp.common.crypto import KeyRing
from whatsapp.settings import Settings

OWN, FOREIGN = "zqown", "zqforeign"
"""The canaries: `own` tries everything, and must not see the other."""
SUMS = {OWN: 811_000_001, FOREIGN: 922_000_001}
"""The first of the sums of each workspace, which no test reaches by itself."""


async def measure(workspace_id: PydanticObjectId, first: int) -> list[str]:
    """Stores sums like those of the hourly measurement; returns their digits."""
    usage = WorkspaceUsage(
        id=workspace_id,
        workspace_id=workspace_id,
        contacts=first,
        messages=first + 1,
        files=first + 2,
        stored_bytes=first + 3,
        measured_at=utc_now(),
    )
    await usage.save()
    return [str(value) for value in (usage.contacts, usage.messages, usage.files)]


@pytest.fixture
def settings(settings: Settings, cloud_server: Any) -> Settings:  # noqa: F811
    changes = SETTINGS | {
        "jwt_workspace_claim": "org.workspace",
        "graph_api_url": cloud_server.url,
        "media_hosts": (cloud_server.url,),
        "rate_limit_per_minute": 0,
        "live_rate_limit_per_minute": 0,
    }
    return make_settings(
        mongodb_uri=settings.mongodb_uri, mongodb_database=settings.mongodb_database, **changes
    )


@pytest.fixture(params=list(Border), ids=lambda border: border.name.lower())
def border(request: pytest.FixtureRequest) -> Border:
    found: Border = request.param
    return found


@dataclass
class Sides:
    """Makes the sides one after the other."""

    border: Border
    http: httpx.AsyncClient
    keyring: KeyRing
    meta: FakeMeta

    async def connect(self, canary: str, exchange: str, lonely: str, number: FakeNumber) -> Side:
        workspace_id = await self._find_workspace(canary)
        account = await connect_number(self.keyring, number, workspace_id=workspace_id)
        is_limited = self.border is Border.ACCOUNTS
        key, token = await create_api_key(
            workspace_id,
            name=f"{canary} admin",
            role=Role.ADMIN,
            account_ids=[account.id] if is_limited else None,
        )
        texts = {
            "accountId": id_of(account),
            "businessAccountId": number.business_account_id,
            "businessScopedUserId": f"DE.{canary}",
            "credentialId": str(key.id),
            "email": f"{canary}@user.example",
            "externalId": f"crm-{canary}",
            "idempotencyKey": f"{canary}-key",
            "phone": f"+{lonely}",
            "phoneNumberId": number.phone_number_id,
            "search": canary,
            "shortcut": canary,
            "verifyToken": f"canary-verify-token-{number.phone_number_id}",
        }
        return Side(
            border=self.border,
            canary=canary,
            exchange=exchange,
            number=number,
            account=account,
            client=GraphQLClient(self.http, token),
            webhook=WebhookClient(self.http, number),
            key=key,
            ids={"Account": [id_of(account)]},
            texts=texts,
        )

    async def _find_workspace(self, canary: str) -> PydanticObjectId:
        """The foreign side has a workspace of its own where workspaces are the border."""
        if self.border is Border.ACCOUNTS or canary == OWN:
            return DEFAULT_WORKSPACE_ID
        name = f"{canary} business"
        return (await Workspace(name=name, name_key=name).insert()).id

    async def connect_own(self) -> Side:
        add_templates(self.meta)
        return await self.connect(OWN, EXCHANGE, "16505570111", NUMBER)

    async def connect_foreign(self) -> Side:
        # Within a workspace, customers with equal numbers are one person.
        exchange = "55602" if self.border is Border.ACCOUNTS else EXCHANGE
        return await self.connect(FOREIGN, exchange, "16505570222", OTHER_NUMBER)

    async def fill(self, side: Side) -> Side:
        await Filling(side, self.meta).fill()
        if side.border is Border.WORKSPACES:
            # Now, as the server measures workspaces when it starts, and then after an hour.
            side.sums = await measure(side.account.workspace_id, SUMS[side.canary])
        return side


@pytest.fixture
def sides(border: Border, client: httpx.AsyncClient, keyring: KeyRing, meta: FakeMeta) -> Sides:
    return Sides(border, client, keyring, meta)


@pytest.fixture
async def own(sides: Sides) -> Side:
    return await sides.fill(await sides.connect_own())


@pytest.fixture
async def foreign(sides: Sides, own: Side) -> Side:
    return await sides.fill(await sides.connect_foreign())
