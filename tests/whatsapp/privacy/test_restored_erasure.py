"""Erasures since a backup are repeated, also of customers without a contact in it."""

import time
from datetime import timedelta
from pathlib import Path

import pytest
from beanie import PydanticObjectId
from strawberry import relay

from models import Contact, ErasedIdentity, Message, ParkedItem
from models.database.base import collection, utc_now
from tests.whatsapp.privacy.erasure_world import GONE, ErasureWorld
from tests.whatsapp.privacy.test_erasure import check_nothing_left
from whatsapp.privacy.erasure_log import ErasedTraces, ErasureLog
from whatsapp.privacy.erasures import erase_again
from whatsapp.settings import Settings


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"erasure_log_url": f"file://{tmp_path}"})


async def test_dead_letters_of_backup_are_erased_again(
    erasure_world: ErasureWorld, settings: Settings
) -> None:
    backup = await collection(ParkedItem).find().to_list()
    await erasure_world.erase()
    # The backup has the dead letters, but neither the contact nor the memory of its erasure.
    for document_class in (ParkedItem, ErasedIdentity):
        await collection(document_class).delete_many({})
    await collection(ParkedItem).insert_many(backup)
    assert await erasure_world.find_canaries(erasure_world.gone) != []

    contact_id = PydanticObjectId(relay.from_base64(erasure_world.contact_id)[1])
    assert await erase_again([contact_id], ErasureLog(settings.erasure_log_url)) == 0

    await check_nothing_left(erasure_world)
    await erasure_world.enable()
    await erasure_world.settle()
    assert await Contact.count() == 1
    assert await Message.find({"text": {"$regex": "zqkept"}}).count() > 0


async def test_repeated_erasure_keeps_time_and_identities(
    erasure_world: ErasureWorld, settings: Settings, tmp_path: Path
) -> None:
    await erasure_world.enable()
    contact_id = PydanticObjectId(relay.from_base64(erasure_world.contact_id)[1])
    backup = await collection(Contact).find_one({"_id": contact_id})
    assert backup is not None
    await erasure_world.erase()
    # The contact was erased an hour ago; in the backup it has no user id and no opt-out yet.
    [entry] = (tmp_path / "erasures" / "contacts").glob(f"*{contact_id}")
    _, *lines = entry.read_text().split("\n")
    now = int(time.time())
    erased_at = utc_now() - timedelta(hours=1)
    entry.write_text("\n".join([erased_at.isoformat(), *lines]))
    numbers = [each for each in backup["identities"] if each["kind"] == "WA_ID"]
    without = {"bsuid": None, "identities": numbers, "marketing_opt_out": False}
    await collection(ErasedIdentity).delete_many({})
    await collection(Contact).insert_one(backup | without)

    assert await erase_again([contact_id], ErasureLog(settings.erasure_log_url)) == 1

    traces = ErasedTraces.from_text(entry.read_text())
    assert traces is not None
    assert traces.to_text().split("\n") == [erased_at.isoformat(), *lines]
    gone = erasure_world.gone
    old = gone.message("text", {"body": f"{GONE} old"}, at=now - 7200, sender=None)
    await erasure_world.post_items(messages=[old])
    await erasure_world.settle()
    assert await Contact.find_one({"bsuid": gone.bsuid}) is None
    await erasure_world.post_items(
        messages=[gone.message("text", {"body": f"{GONE} back"}, at=now - 1800)]
    )
    await erasure_world.settle()
    assert await Message.find_one({"text": f"{GONE} back"}) is not None
    assert await Message.find_one({"text": f"{GONE} old"}) is None
