"""Users of version 0.1 are hidden from accounts that they never wrote to."""

from typing import Any

from bson import ObjectId
from pymongo.asynchronous.database import AsyncDatabase

from models import User
from models.database.base import utc_now
from models.migrations.migration import Migration, Progress
from models.migrations.scope_users import (
    DROP_UNSCOPED_INDEXES,
    SCOPE_VALUES_OF_STAFF,
    UNLINK_UNPROVEN,
)

Database = AsyncDatabase[dict[str, Any]]
WROTE_TO, SENT_FROM = ObjectId(), ObjectId()
PHONE = "+5511987654321"


async def migrate(database: Database, migration: Migration = UNLINK_UNPROVEN) -> None:
    await migration.run(database, _NoProgress(database, migration.number, None))


class _NoProgress(Progress):
    async def save(self, position: Any) -> None:
        self.position = position


async def write_user(database: Database, *account_ids: ObjectId, **values: Any) -> ObjectId:
    user: dict[str, Any] = {"_id": ObjectId(), "phone": PHONE, "from_contact": True} | values
    await database["users"].insert_one(user | {"account_ids": list(account_ids)})
    return ObjectId(user["_id"])


async def write_contact(database: Database, account_id: ObjectId, **values: Any) -> ObjectId:
    contact: dict[str, Any] = {
        "_id": ObjectId(),
        "account_id": account_id,
        "phone_number": PHONE,
        "profile_at": None,
        "identities": [{"kind": "wa_id", "value": str(ObjectId())}],
    }
    await database["contacts"].insert_one(contact | values)
    return ObjectId((contact | values)["_id"])


async def read(database: Database, collection: str, document_id: ObjectId) -> dict[str, Any]:
    found = await database[collection].find_one({"_id": document_id})
    assert found is not None
    return found


async def test_contact_that_only_got_messages_loses_shared_user(database: Database) -> None:
    user = await write_user(database, WROTE_TO, SENT_FROM)
    wrote = await write_contact(database, WROTE_TO, user_id=user, profile_at=utc_now())
    sent = await write_contact(database, SENT_FROM, user_id=user, phone_number="+551187654321")

    for _ in range(2):
        await migrate(database)

        assert (await read(database, "contacts", wrote))["user_id"] == user
        assert (await read(database, "contacts", sent))["user_id"] is None
        assert (await read(database, "users", user))["account_ids"] == [WROTE_TO]


async def test_unshared_user_is_kept_and_scoped(database: Database) -> None:
    contact = ObjectId()
    user = await write_user(database, SENT_FROM, _id=contact)
    await write_contact(database, SENT_FROM, _id=contact, user_id=user)

    await migrate(database)

    assert (await read(database, "contacts", contact))["user_id"] == user
    kept = await read(database, "users", user)
    assert (kept["account_ids"], kept["phone_scope"]) == ([SENT_FROM], str(SENT_FROM))


async def test_link_of_staff_stays(database: Database) -> None:
    user = await write_user(database, WROTE_TO, SENT_FROM)
    audited = await write_contact(database, SENT_FROM, user_id=user)
    entry = {"action": "CONTACT_LINKED", "targets": [{"type": "Contact", "id": str(audited)}]}
    await database["audit_entries"].insert_one(entry)
    other = await write_user(database, WROTE_TO, SENT_FROM, phone="+15550001111")
    unlike = await write_contact(database, SENT_FROM, user_id=other)

    await migrate(database)

    assert (await read(database, "contacts", audited))["user_id"] == user
    assert (await read(database, "contacts", unlike))["user_id"] == other
    for one in (user, other):
        assert (await read(database, "users", one))["account_ids"] == [WROTE_TO, SENT_FROM]


async def test_old_indexes_are_dropped(database: Database) -> None:
    users = User.get_pymongo_collection()
    for name in ("phone", "external_id"):
        await users.create_index(name, name=name, unique=True, sparse=True)

    for _ in range(2):
        await DROP_UNSCOPED_INDEXES.run(
            database, Progress(database, DROP_UNSCOPED_INDEXES.number, None)
        )

    left = await users.index_information()
    assert not {"phone", "external_id"} & left.keys()
    assert left["phone_of_workspace"]["unique"]


async def test_phone_that_limited_staff_entered_is_scoped(database: Database) -> None:
    made = await write_user(database, SENT_FROM, from_contact=False)
    by_admin = await write_user(database, WROTE_TO, from_contact=False, phone="+15550001111")
    await write_contact(database, WROTE_TO, user_id=by_admin, profile_at=utc_now())
    unseen = await write_user(database, from_contact=False, phone="+15550002222")

    await migrate(database, SCOPE_VALUES_OF_STAFF)

    scopes = [(await read(database, "users", one)).get("phone_scope") for one in (made, by_admin)]
    assert scopes == [str(SENT_FROM), None]
    assert "phone_scope" not in await read(database, "users", unseen)
