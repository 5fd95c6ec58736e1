"""Migrations: fields by which contacts and users are filtered and sorted."""

from models.migrations.migration import Batches, Database, Migration, Progress, drop_index

# Marked documents get their derived fields in the background.
_NOT_DERIVED = {"attribute_keys": {"$exists": False}}
_STALE = {"$set": {"stale_keys": True}}


async def _prepare_contacts(database: Database, progress: Progress) -> None:
    # The search index began with the word, so a search read words of foreign accounts.
    await drop_index(database["contacts"], "search")
    async for batch in Batches(database, "contacts", progress, projection={"_id": 1}):
        ids = [contact["_id"] for contact in batch]
        of_batch = {"_id": {"$in": ids}}
        with_conversation = await database["conversations"].distinct(
            "contact_id", {"contact_id": {"$in": ids}}
        )
        for has_conversation, chosen in (
            (True, {"_id": {"$in": with_conversation}}),
            # A conversation that began meanwhile has set the field.
            (False, of_batch | {"has_conversation": {"$exists": False}}),
        ):
            await database["contacts"].update_many(
                chosen, {"$set": {"has_conversation": has_conversation}}
            )
        await database["contacts"].update_many(of_batch | _NOT_DERIVED, _STALE)


async def _prepare_users(database: Database, progress: Progress) -> None:
    async for batch in Batches(database, "users", progress, projection={"_id": 1}):
        ids = [user["_id"] for user in batch]
        await database["users"].update_many({"_id": {"$in": ids}} | _NOT_DERIVED, _STALE)


PREPARE_CONTACTS = Migration(number=20, name="prepare filters of contacts", run=_prepare_contacts)
PREPARE_USERS = Migration(number=21, name="prepare filters of users", run=_prepare_users)
