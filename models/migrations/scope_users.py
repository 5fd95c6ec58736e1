"""Migrations: limit users to the accounts whose customers wrote, or whose staff linked them.

Version 0.1 linked a contact to the user with its phone at the first message in any direction, and
kept phones and external ids unique over all accounts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from models.migrations.migration import Batches, Database, Migration, Progress, drop_index

# All forms of a phone number end with the same digits.
_SAME_DIGITS = 8
Fields = Mapping[str, Any]


async def _drop_unscoped_indexes(database: Database, _progress: Progress) -> None:
    for name in ("phone", "external_id"):
        await drop_index(database["users"], name)


async def _unlink_unproven(database: Database, progress: Progress) -> None:
    # `profile_at` is set by each message of the customer.
    query = {"profile_at": None, "user_id": {"$ne": None}}
    async for contacts in Batches(database, "contacts", progress, query=query):
        by_staff = await _list_linked_by_staff(database, contacts)
        for contact in contacts:
            user = await database["users"].find_one({"_id": contact["user_id"]})
            if (
                user is not None
                and contact["_id"] not in by_staff
                and _has_its_phone(user, contact)
            ):
                await _limit_view(database, contact, user)


async def _list_linked_by_staff(database: Database, contacts: Sequence[Fields]) -> set[Any]:
    """Returns the ids of the contacts that staff linked, by the audit log."""
    ids = {str(contact["_id"]): contact["_id"] for contact in contacts}
    query = {"action": "CONTACT_LINKED", "targets.id": {"$in": list(ids)}}
    entries = database["audit_entries"].find(query, {"targets": 1})
    targets = [target["id"] async for entry in entries for target in entry["targets"]]
    return {ids[target] for target in targets if target in ids}


def _has_its_phone(user: Fields, contact: Fields) -> bool:
    """Returns True if version 0.1 may have linked them: by the phone, or by creating the user."""
    phones = [fields.get(name) for fields, name in ((user, "phone"), (contact, "phone_number"))]
    is_same = None not in phones and len({str(phone)[-_SAME_DIGITS:] for phone in phones}) == 1
    return is_same or user["_id"] == contact["_id"]


async def _limit_view(database: Database, contact: Fields, user: Fields) -> None:
    account_id = contact["account_id"]
    if user["account_ids"] == [account_id]:
        # No other account sees the user, and no message there may link it.
        wrote = {"user_id": user["_id"], "profile_at": {"$ne": None}}
        if await database["contacts"].find_one(wrote, {"_id": 1}) is None:
            await database["users"].update_one(
                {"_id": user["_id"], "account_ids": [account_id]},
                {"$set": {"phone_scope": str(account_id)}},
            )
        return
    await database["contacts"].update_one(
        {"_id": contact["_id"], "user_id": user["_id"], "profile_at": None},
        {"$set": {"user_id": None}},
    )
    contacts_of_user = {"user_id": user["_id"], "account_id": account_id}
    if await database["contacts"].find_one(contacts_of_user, {"_id": 1}) is None:
        await database["users"].update_one(
            {"_id": user["_id"], "account_ids": {"$ne": [account_id]}},
            {"$pull": {"account_ids": account_id}},
        )


async def _scope_values_of_staff(database: Database, progress: Progress) -> None:
    # Created by staff of limited accounts, not all of which have a contact of the user.
    query = {"from_contact": False, "account_ids": {"$ne": []}, "phone_scope": None}
    async for users in Batches(database, "users", progress, query=query):
        for user in users:
            linked = await database["contacts"].distinct("account_id", {"user_id": user["_id"]})
            if not set(user["account_ids"]) <= set(linked):
                scope = ",".join(str(account_id) for account_id in sorted(user["account_ids"]))
                await database["users"].update_one(
                    {"_id": user["_id"], "phone_scope": None},
                    {"$set": {"phone_scope": scope, "external_id_scope": scope}},
                )


DROP_UNSCOPED_INDEXES = Migration(
    number=2,
    name="let users of separate accounts have the same phone",
    run=_drop_unscoped_indexes,
    before_serving=True,
)
UNLINK_UNPROVEN = Migration(
    number=12, name="unlink contacts whose customers never wrote", run=_unlink_unproven
)
SCOPE_VALUES_OF_STAFF = Migration(
    number=18, name="limit phones that staff entered to their accounts", run=_scope_values_of_staff
)
