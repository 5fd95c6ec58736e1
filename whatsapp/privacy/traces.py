"""Traces of erased customers outside of their conversations: webhooks, dead letters and reports.

They are found by digests of the customer's identities. What they hold about other customers stays.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from beanie import Document, PydanticObjectId
from pymongo import DESCENDING
from pymongo.asynchronous.client_session import AsyncClientSession

from models import (
    Account,
    AccountEvent,
    Contact,
    EventState,
    Identity,
    Message,
    ParkedItem,
    PendingUpdate,
    WebhookEvent,
)
from models.database.base import collection
from models.database.bulk_writes import delete_in_batches, update_in_batches
from whatsapp.common.people import (
    MANY,
    IsPerson,
    get_people_digests,
    list_text_people,
    make_matcher,
    redact_text,
)
from whatsapp.common.raw_bodies import EMPTIED
from whatsapp.contacts.contact_identities import list_identity_variants
from whatsapp.privacy.erasure_log import ErasedTraces

# Webhooks that came before the contact was removed; its removal follows the request.
SETTLING = timedelta(seconds=10)
CONTACTS_AT_ONCE = 500
# The order of an index.
NEWEST_FIRST = [("created_at", DESCENDING), ("_id", DESCENDING)]
# Texts of a dead letter; equal parts of both are about the same people.
_PARKED_TEXTS = ("item", "entry")


async def is_being_processed(traces: ErasedTraces) -> bool:
    """Returns True if a webhook about the customer of before the erasure is not processed yet."""
    query = {
        **_names(traces),
        "state": EventState.RECEIVED.value,
        "received_at": {"$lte": traces.erased_at + SETTLING},
    }
    return await collection(WebhookEvent).find_one(query, {"_id": 1}) is not None


async def erase_traces(traces: ErasedTraces) -> None:
    """Removes the customer from everything that is not part of a conversation; idempotent.

    Reports of later times stay, since the customer may have come back.
    """
    stored_before = {
        "account_id": traces.account_id,
        "created_at": {"$lte": traces.erased_at + SETTLING},
    }
    is_named = {"people": {"$in": traces.people}}
    await delete_in_batches(PendingUpdate, {**is_named, **stored_before})
    await _erase_parked(traces)
    await _redact_all(AccountEvent, {**_names(traces), **stored_before}, ("raw",), traces)
    # All that processed bodies say is in documents.
    processed = {**_names(traces), "state": EventState.PROCESSED.value}
    await update_in_batches(WebhookEvent, processed, EMPTIED)


async def empty_bodies_of_account(account_id: PydanticObjectId) -> None:
    """Empties the processed webhooks about customers of an account that is being deleted."""
    query: dict[str, Any] = {"account_id": account_id}
    shown = {"identities": 1, "created_at": 1}
    while True:
        page = collection(Contact).find(query, shown).sort(NEWEST_FIRST).limit(CONTACTS_AT_ONCE)
        contacts = await page.to_list()
        if not contacts:
            return
        await _empty_bodies(contacts)
        created_at, last_id = contacts[-1].get("created_at"), contacts[-1]["_id"]
        query["$or"] = [
            {"created_at": {"$lt": created_at}},
            {"created_at": created_at, "_id": {"$lt": last_id}},
        ]


async def _empty_bodies(contacts: Iterable[Mapping[str, Any]]) -> None:
    identities = [
        Identity.model_validate(identity)
        for contact in contacts
        for identity in contact.get("identities", ())
    ]
    forms = list_identity_variants(identities)
    people = get_people_digests().digest_all(identity.value for identity in forms)
    processed = {"people": {"$in": [*people, MANY]}, "state": EventState.PROCESSED.value}
    await update_in_batches(WebhookEvent, processed, EMPTIED)


async def remove_reactions(contact: Contact) -> None:
    """Removes the contact's reactions on messages to other members of a group."""
    is_author = {"reactions.contact_id": contact.id}
    await update_in_batches(
        Message, is_author, {"$pull": {"reactions": {"contact_id": contact.id}}}
    )


def _names(traces: ErasedTraces) -> dict[str, Any]:
    return {"people": {"$in": [*traces.people, MANY]}}


async def _erase_parked(traces: ErasedTraces) -> None:
    account = await collection(Account).find_one({"_id": traces.account_id}) or {}
    numbers = [{"phone_number_id": account["phone_number_id"]}] if account else []
    # Whole bodies, and items of business accounts, may be about any number of their app.
    any_number = {
        "phone_number_id": None,
        "account_id": None,
        "secret_digest": await _match_secrets(account),
    }
    of_account = [{"account_id": traces.account_id}, *numbers, any_number]
    # Version 0.1 stored no time of arrival.
    came_later = {"received_at": {"$gt": traces.erased_at + SETTLING}}
    named = {**_names(traces), "$or": of_account, "$nor": [came_later]}
    await _redact_all(ParkedItem, named, _PARKED_TEXTS, traces)


async def _match_secrets(account: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the condition for the secrets that may sign bodies about the account.

    Protects: an administrator who erases a customer changes nothing of other apps, whose accounts
    may have the same customer.
    """
    former = [secret["digest"] for secret in account.get("former_app_secrets", ())]
    own = {account.get("app_secret_digest"), *former}
    if None not in own:
        return {"$in": sorted(own)}
    # With the server's default secret, which is not in the database and may have been another.
    names = ("app_secret_digest", "former_app_secrets.digest")
    known = [await collection(Account).distinct(name) for name in names]
    return {"$nin": sorted({*known[0], *known[1]} - own)}


async def _redact_all(
    document_class: type[Document],
    query: Mapping[str, Any],
    names: Iterable[str],
    traces: ErasedTraces,
) -> None:
    """Removes the customer from JSON texts, and documents of which nothing is left."""
    is_person = make_matcher(traces.people)
    # Ids first, since each document may have megabytes, and documents about others still match.
    ids = [fields["_id"] async for fields in collection(document_class).find(query, {"_id": 1})]
    for document_id in ids:
        await _redact_document(document_class, document_id, names, is_person)


async def _redact_document(
    document_class: type[Document], document_id: Any, names: Iterable[str], is_person: IsPerson
) -> None:
    key = {"_id": document_id}

    # Otherwise a concurrent erasure of another customer could store this customer's part again.
    async def write(session: AsyncClientSession) -> None:
        fields = await collection(document_class).find_one(key, session=session) or {}
        texts = {name: fields[name] for name in names if fields.get(name)}
        left = {name: await redact_text(text, is_person) for name, text in texts.items()}
        if None in left.values():
            await collection(document_class).delete_one(key, session=session)
        elif left != texts:
            people = await list_text_people(next(iter(left.values())) or "")
            changes = {"$set": {**left, "people": people}}
            await collection(document_class).update_one(key, changes, session=session)

    async with collection(document_class).database.client.start_session() as session:
        await session.with_transaction(write)
