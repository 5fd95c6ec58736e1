"""Reads the documents that a send depends on in one round trip, which concurrent sends share."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from beanie import PydanticObjectId

from models import (
    Account,
    Agent,
    Contact,
    Conversation,
    Identity,
    Message,
    Template,
    UploadedMedia,
)
from models.database.base import DocumentType, collection, from_bson
from models.database.coalescing import Fields, SharedRead, get_shared_commands
from whatsapp.contacts.contacts import choose_contact
from whatsapp.contacts.identities import list_lookups
from whatsapp.outbox.target_pipeline import TargetRequest, build_pipeline, name_active

# A batch stays far below the 16 MB that MongoDB allows for the documents of an account.
MAX_REQUESTS = 64
# All rows come with the first answer.
MAX_ROWS = 1000


@dataclass(frozen=True)
class ReferencedDocuments:
    """The documents with the requested ids; their accounts are not checked."""

    message: Message | None = None
    upload: UploadedMedia | None = None
    agent: Agent | None = None
    templates: Sequence[Template] = ()
    """Templates of the account, the requested one among them if it exists."""


@dataclass(frozen=True)
class TargetDocuments:
    account: Account | None
    """None if it does not exist, or is being deleted."""
    contact: Contact | None
    conversation: Conversation | None
    repeated: Message | None
    """The message that was stored with the idempotency key."""
    waits_behind: bool
    """True if the conversation has a message of the same priority that is waiting or being sent."""
    now: datetime
    """The database's time of the read."""
    references: ReferencedDocuments


async def read_target(request: TargetRequest) -> TargetDocuments | None:
    """Returns None if the conversation or contact does not exist, as after a merge.

    With an identity, returns None only if its account does not exist.
    """
    reads: SharedRead[TargetRequest, TargetDocuments | None] = get_shared_commands(
        Conversation
    ).get("targets", lambda: SharedRead(_read_targets, max_keys=MAX_REQUESTS))
    return await reads.load(request)


async def read_repeated(
    account_id: PydanticObjectId, idempotency_key: str | None
) -> Message | None:
    """Returns the message that an earlier request stored with this key."""
    if idempotency_key is None:
        return None
    return await Message.find_one({"account_id": account_id, "idempotency_key": idempotency_key})


async def _read_targets(requests: Sequence[TargetRequest]) -> list[TargetDocuments | None]:
    document_class, pipeline = build_pipeline(requests)
    cursor = await collection(document_class).aggregate(pipeline, batchSize=MAX_ROWS)
    found = _Found(await cursor.to_list())
    return [found.select(request) for request in requests]


class _AccountDocuments:
    """The documents of an account."""

    def __init__(self, row: Mapping[str, Any]) -> None:
        accounts = [from_bson(Account, fields) for fields in row["accounts"]]
        self.account = next((found for found in accounts if found.deleted_at is None), None)
        self.now: datetime = row["now"]
        self.repeated = {fields["idempotency_key"]: fields for fields in row.get("repeated", ())}
        self.templates = [from_bson(Template, fields) for fields in row.get("templates", ())]


class _Found:
    """The documents of a batch."""

    def __init__(self, rows: Iterable[Fields]) -> None:
        self._accounts: dict[Any, _AccountDocuments] = {}
        self._targets: dict[Any, Fields] = {}
        """By the id of the conversation or contact."""
        self._by_identity: defaultdict[tuple[Any, str, str], list[Fields]] = defaultdict(list)
        self._documents: dict[tuple[str, Any], Fields] = {}
        """By collection and id."""
        for row in rows:
            if "targets" not in row:
                self._documents[row["collection"], row["document"]["_id"]] = row["document"]
                continue
            self._accounts[row["_id"]] = _AccountDocuments(row)
            for target in row["targets"]:
                self._add_target(target)

    def _add_target(self, target: Fields) -> None:
        for document in (*target["conversations"], *target.get("contacts", ())):
            self._targets[document["_id"]] = target
        for contact in target.get("contacts", ()):
            for identity in contact["identities"]:
                key = (contact["account_id"], identity["kind"], identity["value"])
                self._by_identity[key].append(target)

    def select(self, request: TargetRequest) -> TargetDocuments | None:
        """Returns the documents of the request."""
        if request.identity is not None:
            contact, target = self._find_by_identity(request.account_id, request.identity)
            account_id = request.account_id
        else:
            target = self._targets.get(request.conversation_id or request.contact_id, {})
            contact = _read_first(Contact, target.get("contacts", ()))
            account_id = None if contact is None else contact.account_id
        documents = self._accounts.get(account_id)
        if documents is None:
            return None
        repeated = documents.repeated.get(request.idempotency_key)
        return TargetDocuments(
            account=documents.account,
            contact=contact,
            conversation=_read_first(Conversation, target.get("conversations", ())),
            repeated=None if repeated is None else from_bson(Message, repeated),
            waits_behind=bool(target.get(name_active(request.priority))),
            now=documents.now,
            references=self._select_references(request, documents.templates),
        )

    def _find_by_identity(
        self, account_id: PydanticObjectId | None, identity: Identity
    ) -> tuple[Contact | None, Fields]:
        targets = {
            target["contacts"][0]["_id"]: target
            for form in list_lookups(identity)
            for target in self._by_identity.get((account_id, form.kind.value, form.value), ())
        }
        contacts = [from_bson(Contact, target["contacts"][0]) for target in targets.values()]
        contact = choose_contact(contacts, [identity])
        return contact, {} if contact is None else targets[contact.id]

    def _select_references(
        self, request: TargetRequest, templates: Sequence[Template]
    ) -> ReferencedDocuments:
        references = request.references
        return ReferencedDocuments(
            message=self._find(Message, references.message_id),
            upload=self._find(UploadedMedia, references.upload_id),
            agent=self._find(Agent, references.agent_id),
            templates=templates,
        )

    def _find(self, document_class: type[DocumentType], id: Any) -> DocumentType | None:
        fields = self._documents.get((collection(document_class).name, id))
        return None if fields is None else from_bson(document_class, fields)


def _read_first(
    document_class: type[DocumentType], documents: Sequence[Fields]
) -> DocumentType | None:
    return from_bson(document_class, documents[0]) if documents else None
