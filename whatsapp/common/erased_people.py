"""The memory of erased customers: reports of earlier times must not bring them back."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId
from pymongo import UpdateOne

from models import ErasedIdentity, ErasedMessage, Identity
from models.database.base import WORKSPACE_FIELD, collection, new_id
from whatsapp.common.account_workspaces import get_workspace_id
from whatsapp.common.people import MANY, NOBODY, get_people_digests

LOOKED_UP_AT_ONCE = 1000


class ErasedPerson(Exception):
    """The report is of the time before the erasure of its customer, so it is dropped."""


@dataclass(frozen=True)
class ErasedMemory:
    """The memory of a customer's identities."""

    erased_at: datetime
    marketing_opt_out: bool


async def find_erased(
    account_id: PydanticObjectId, identities: Iterable[Identity]
) -> ErasedMemory | None:
    """Returns the memory of the last erasure of any of these identities."""
    values = [identity.value for identity in identities]
    people = get_people_digests().digest_all(values)
    documents = await list_erased(account_id, people)
    if not documents:
        return None
    return ErasedMemory(
        max(document.erased_at for document in documents),
        any(document.marketing_opt_out for document in documents),
    )


async def list_erased(
    account_id: PydanticObjectId | None, people: Collection[bytes]
) -> list[ErasedIdentity]:
    """Returns the memory of those of the people who were erased; in any account with None."""
    if MANY in people:
        return await ErasedIdentity.find(_match_account(account_id)).to_list()
    digests = sorted(set(people) - {NOBODY})
    erased: list[ErasedIdentity] = []
    for start in range(0, len(digests), LOOKED_UP_AT_ONCE):
        part = {"$in": digests[start : start + LOOKED_UP_AT_ONCE]}
        query = {"person": part} | _match_account(account_id)
        erased += await ErasedIdentity.find(query).to_list()
    return erased


def _match_account(account_id: PydanticObjectId | None) -> dict[str, Any]:
    return {} if account_id is None else {"account_id": account_id}


async def remember_people(
    account_id: PydanticObjectId,
    people: Iterable[bytes],
    *,
    erased_at: datetime,
    marketing_opt_out: bool,
) -> None:
    """Remembers an erasure; a repetition changes nothing."""
    choice = {"marketing_opt_out": marketing_opt_out}
    workspace_id = await get_workspace_id(account_id)
    updates = [
        UpdateOne(
            {"account_id": account_id, "person": person},
            {
                "$max": {"erased_at": erased_at},
                "$set": choice,
                "$setOnInsert": {"_id": new_id(), WORKSPACE_FIELD: workspace_id},
            },
            upsert=True,
        )
        for person in people
    ]
    if updates:
        await collection(ErasedIdentity).bulk_write(updates, ordered=False)


async def remember_messages(
    account_id: PydanticObjectId, wamids: Sequence[str], *, erased_at: datetime
) -> None:
    """Remembers erased messages until Meta sends no updates of them any more."""
    digests = get_people_digests().digest_all(wamids)
    workspace_id = await get_workspace_id(account_id)
    updates = [
        UpdateOne(
            {"account_id": account_id, "wamid": digest},
            {
                "$max": {"erased_at": erased_at},
                "$setOnInsert": {"_id": new_id(), WORKSPACE_FIELD: workspace_id},
            },
            upsert=True,
        )
        for digest in digests
    ]
    if updates:
        await collection(ErasedMessage).bulk_write(updates, ordered=False)


async def list_erased_wamids(account_id: PydanticObjectId, wamids: Iterable[str]) -> set[str]:
    """Returns those of the ids that belong to erased messages."""
    digests = {get_people_digests().digest(wamid): wamid for wamid in wamids}
    query = {"account_id": account_id, "wamid": {"$in": list(digests)}}
    erased = collection(ErasedMessage).find(query, {"wamid": 1})
    return {digests[document["wamid"]] async for document in erased}
