"""The application on real sockets, since the fake Meta's files are part of the world."""

import pytest

from models import Account
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.webhooks import WebhookClient
from tests.whatsapp.media.conftest import app, cloud_server, settings  # noqa: F401 - fixtures
from tests.whatsapp.privacy.erasure_world import ErasureWorld


@pytest.fixture
async def erasure_world(
    admin: GraphQLClient, webhook: WebhookClient, account: Account, meta: FakeMeta
) -> ErasureWorld:
    """Both customers have left data in every place."""
    world = ErasureWorld(admin, webhook, account, meta)
    await world.fill()
    return world
