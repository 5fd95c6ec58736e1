"""Bodies that could not be read: they stop no erasure, and it changes none of other apps."""

import json

import pytest

from models import Account, Contact, Erasure, Message, ParkedItem
from tests.fixtures.world import NUMBER, OTHER_NUMBER
from tests.whatsapp.privacy.erasure_world import GONE, KEPT, ErasureWorld

DEEP = "[" * 400 + "]" * 400
"""Deeper than what is applied, but not than what Python's parser reads."""


def make_bodies(world: ErasureWorld) -> list[bytes]:
    named = f'{{"from":"{world.gone.phone}","text":"{GONE}","other":%s}}'
    kept = f'{{"from":"{world.kept.phone}","text":"{KEPT}"}}'
    parts = (DEEP, r'{"name":"\ud800"}', "NaN", "1" * 5000, r'"\udc00"')
    texts = [f'{{"entry":[{named % part},{kept}],"surrogate":"\\ud801","x":NaN}}' for part in parts]
    return [*(text.encode() for text in texts), json.dumps({"entry": DEEP}).encode()]


@pytest.mark.parametrize("is_erased_first", [True, False])
async def test_strange_bodies_are_erased(
    erasure_world: ErasureWorld, is_erased_first: bool
) -> None:
    await erasure_world.enable()
    if is_erased_first:
        assert (await erasure_world.erase())["userErrors"] == []
    for body in make_bodies(erasure_world):
        await erasure_world.post(body)
    await erasure_world.settle()

    if not is_erased_first:
        assert (await erasure_world.erase())["userErrors"] == []

    places = await erasure_world.find_canaries(erasure_world.gone)
    assert not [place for place in places if not place.startswith(("media", "uploads"))]
    assert await Erasure.count() == 0
    assert await Contact.count() == 1
    late = erasure_world.kept.message("text", {"body": f"{KEPT} late"})
    await erasure_world.post_items(messages=[late])
    await erasure_world.settle()
    assert await Message.find_one({"text": f"{KEPT} late"}) is not None


@pytest.mark.usefixtures("other_account")
async def test_bodies_of_other_apps_stay(erasure_world: ErasureWorld, account: Account) -> None:
    text = f'{{"entry":[{{"from":"{erasure_world.gone.phone}"}}],"x":NaN,"app":"%s"}}'

    async def post_both(end: str) -> None:
        for number in (NUMBER, OTHER_NUMBER):
            body = (text % number.app_secret + end).encode()
            await erasure_world.post(body, secret=number.app_secret)
        await erasure_world.settle()

    await post_both("")
    unread = {"phone_number_id": None, "item": {"$regex": "canary-app-secret"}}
    assert await ParkedItem.find(unread).count() == 2

    assert (await erasure_world.erase())["userErrors"] == []

    await post_both(" ")
    left = await ParkedItem.find(unread).to_list()
    assert len(left) == 2
    assert all(OTHER_NUMBER.app_secret in parked.item for parked in left)
    assert all(parked.secret_digest != account.app_secret_digest for parked in left)
