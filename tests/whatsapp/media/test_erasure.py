"""Erased customers and accounts: their files are gone too."""

import httpx

from models import Account, Contact, Media
from models.database.base import collection
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.world.faults import FaultKind, FaultRule
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, id_of
from tests.fixtures.waiting import eventually
from tests.whatsapp.media.conftest import SendFile, Settled

DELETE_CONTACT = """mutation ($id: ID!) {
  deleteContact(input: {contactId: $id}) { userErrors { code } } }"""
DELETE_ACCOUNT = """mutation ($id: ID!) {
  deleteAccount(input: {accountId: $id}) { userErrors { code } } }"""


async def is_all_gone() -> bool:
    database = collection(Media).database
    counts = [
        await database[name].count_documents({})
        for name in ("media", "media.files", "media.chunks")
    ]
    return counts == [0, 0, 0]


async def test_customers_files(
    client: httpx.AsyncClient, admin: GraphQLClient, send_file: SendFile, settled: Settled
) -> None:
    message = await send_file()
    await settled(message)

    await admin(DELETE_CONTACT, id=contact_id(message))

    headers = {"Authorization": f"Bearer {admin.token}"}
    assert (await client.get(f"/media/{message.id}", headers=headers)).status_code == 404
    await eventually(is_all_gone)


async def test_accounts_files(
    admin: GraphQLClient, account: Account, send_file: SendFile, settled: Settled
) -> None:
    await settled(await send_file())

    await admin(DELETE_ACCOUNT, id=id_of(account))

    await eventually(is_all_gone)


async def test_file_on_its_way(admin: GraphQLClient, meta: FakeMeta, send_file: SendFile) -> None:
    meta.faults.add(FaultRule(kind=FaultKind.SLOW_DRIP, endpoint="media_content", seconds=0.0005))
    message = await send_file()
    await eventually(lambda: Media.find_one({"_id": message.id, "fence": {"$gte": 1}}))

    await admin(DELETE_CONTACT, id=contact_id(message))

    await eventually(is_all_gone)
    assert await Contact.count() == 0


async def test_erasure_that_crash_cut_short_is_ended(send_file: SendFile, settled: Settled) -> None:
    message = await send_file()
    await settled(message)
    now = {"$currentDate": {"erased_at": True}}
    await collection(Media).update_one({"_id": message.id}, now)

    await eventually(is_all_gone)
