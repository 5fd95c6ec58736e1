"""Erasures beside other erasures and webhooks."""

import asyncio
import time
from typing import Any

import pytest

from models import AccountEvent, Contact, ErasedIdentity, ParkedItem
from models.database.base import collection
from telemetry.global_ids import encode_id
from tests.whatsapp.privacy.erasure_world import DELETE, ErasureWorld
from whatsapp.common.people import IsPerson, redact_text
from whatsapp.contacts.user_linking import detach_user


async def test_concurrent_erasures_leave_neither_customer(
    erasure_world: ErasureWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = await collection(Contact).find_one({"identities.value": erasure_world.kept.phone})
    assert kept is not None

    async def redact_slowly(text: str, is_person: IsPerson) -> str | None:
        # Both erasures have read the document before either writes it.
        await asyncio.sleep(0.02)
        return await redact_text(text, is_person)

    monkeypatch.setattr("whatsapp.privacy.traces.redact_text", redact_slowly)
    ids = (erasure_world.contact_id, encode_id("Contact", kept["_id"]))

    async def erase(contact_id: str) -> Any:
        return await erasure_world.admin(DELETE, id=contact_id)

    for answer in await asyncio.gather(*map(erase, ids)):
        assert answer["done"]["userErrors"] == []

    for customer in (erasure_world.gone, erasure_world.kept):
        places = await erasure_world.find_canaries(customer)
        names = {place.split()[0] for place in places}
        shared = {AccountEvent.Settings.name, ParkedItem.Settings.name}
        assert names.isdisjoint(shared), places


async def test_opt_out_during_erasure_is_remembered(
    erasure_world: ErasureWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await erasure_world.enable()
    customer = erasure_world.kept
    kept = await collection(Contact).find_one({"identities.value": customer.phone})
    assert kept is not None
    assert not kept["marketing_opt_out"]
    bodies = len(erasure_world.bodies)

    async def opt_out_first(contact: Contact) -> None:
        if len(erasure_world.bodies) == bodies:
            stop = {"category": "marketing_messages", "value": "stop"}
            choice = {"wa_id": customer.phone, "timestamp": str(int(time.time())), **stop}
            await erasure_world.post_field("user_preferences", user_preferences=[choice])
            await erasure_world.settle()
        await detach_user(contact)

    monkeypatch.setattr("whatsapp.privacy.erasures.detach_user", opt_out_first)

    await erasure_world.admin(DELETE, id=encode_id("Contact", kept["_id"]))

    assert await Contact.find_one({"identities.value": customer.phone}) is None
    people = await ErasedIdentity.find_all().to_list()
    assert people
    assert all(person.marketing_opt_out for person in people)
