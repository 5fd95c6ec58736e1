"""Recipients in their four forms, resolved to account, contact and conversation."""

from dataclasses import dataclass, replace
from datetime import datetime

from beanie import PydanticObjectId

from models import (
    Account,
    Contact,
    Conversation,
    Identity,
    IdentityKind,
    Message,
    MessagePriority,
    UploadedMedia,
)
from whatsapp.auth.access import Viewer
from whatsapp.contacts.contacts import find_merge, find_survivor
from whatsapp.contacts.identities import PHONE_ADVICE, is_bsuid, parse_phone
from whatsapp.errors import InvalidInput, InvalidReason, NotFound
from whatsapp.media.uploaded_media import is_sendable
from whatsapp.outbox.target_pipeline import References, TargetRequest
from whatsapp.outbox.target_reads import ReferencedDocuments, TargetDocuments, read_target

_ACCOUNT_FIELD = ["accountId"]
_PHONE_FIELD = ["to", "phoneNumber"]
_BSUID_FIELD = ["to", "businessScopedUserId"]
_CONTACT_FIELD = ["to", "contactId"]
_CONVERSATION_FIELD = ["to", "conversationId"]


@dataclass(frozen=True)
class Recipient:
    """A recipient: exactly one field is set. A phone number is E.164, its "+" optional."""

    phone_number: str | None = None
    bsuid: str | None = None
    contact_id: PydanticObjectId | None = None
    conversation_id: PydanticObjectId | None = None

    def to_identity(self) -> Identity | None:
        """Returns Meta's identity of a phone number or user id, or None for ids of this server.

        Raises:
            InvalidInput: the recipient is malformed, or not exactly one field is set.
        """
        fields = [self.phone_number, self.bsuid, self.contact_id, self.conversation_id]
        if fields.count(None) != len(fields) - 1:
            raise InvalidInput("Give exactly one field of the recipient.", field=["to"])
        if self.phone_number is not None:
            return _parse_phone_identity(self.phone_number)
        return None if self.bsuid is None else _parse_bsuid_identity(self.bsuid)

    def describe(self) -> list[str]:
        """Returns a list that is equal for all spellings of the same phone number."""
        identity = self.to_identity()
        if identity is not None:
            return [identity.kind.value, identity.value]
        if self.contact_id is not None:
            return ["contact", str(self.contact_id)]
        return ["conversation", str(self.conversation_id)]


@dataclass(frozen=True)
class Target:
    """A resolved recipient. A new phone number has neither contact nor conversation."""

    account: Account
    identity: Identity | None
    contact: Contact | None
    conversation: Conversation | None
    repeated: Message | None
    """The message that an earlier request stored with the same idempotency key."""
    waits_behind: bool
    """True if the conversation has a READY, SENDING or HOLDING message of the same priority."""
    now: datetime
    """The database's time when all this was read."""
    references: ReferencedDocuments

    def get_message(self) -> Message | None:
        """Returns the message that the new one refers to, if it is in this conversation."""
        message, conversation = self.references.message, self.conversation
        if message is None or conversation is None or message.conversation_id != conversation.id:
            return None
        return message

    def get_upload(self) -> UploadedMedia | None:
        """Returns the upload that the message refers to, if the account may send it."""
        upload = self.references.upload
        if upload is None or upload.account_id != self.account.id or not is_sendable(upload):
            return None
        return upload


async def resolve_recipient(
    viewer: Viewer,
    recipient: Recipient,
    *,
    account_id: PydanticObjectId | None,
    idempotency_key: str | None = None,
    priority: MessagePriority = MessagePriority.NORMAL,
    references: References = References(),
) -> Target:
    """Loads the recipient's account, contact and conversation as far as they exist.

    Raises:
        InvalidInput: it is malformed, needs an account, or belongs to another account.
        NotFound: it does not exist, or the viewer may not see it.
    """
    identity = recipient.to_identity()
    if identity is not None:
        request = TargetRequest(
            account_id=_require_account_id(account_id),
            identity=identity,
            idempotency_key=idempotency_key,
            priority=priority,
            references=references,
        )
        return _check_account(viewer, request, await read_target(request))
    request = TargetRequest(
        conversation_id=recipient.conversation_id,
        contact_id=recipient.contact_id,
        idempotency_key=idempotency_key,
        priority=priority,
        references=references,
    )
    found = await _read_documents(viewer, request)
    if found is None or found.contact is None or not viewer.can_see(found.contact):
        if recipient.conversation_id is not None:
            raise NotFound("The conversation", field=_CONVERSATION_FIELD)
        raise NotFound("The contact", field=_CONTACT_FIELD)
    if account_id is not None and account_id != found.contact.account_id:
        raise InvalidInput("The recipient belongs to another account.", field=_ACCOUNT_FIELD)
    return _check_account(viewer, request, found)


def _require_account_id(account_id: PydanticObjectId | None) -> PydanticObjectId:
    if account_id is None:
        raise InvalidInput(
            "Give the accountId of the sender together with a phone number or user id.",
            field=_ACCOUNT_FIELD,
        )
    return account_id


def _check_account(viewer: Viewer, request: TargetRequest, found: TargetDocuments | None) -> Target:
    if found is None or found.account is None or not viewer.can_see_account(found.account):
        raise NotFound("The account", field=_ACCOUNT_FIELD)
    return Target(
        account=found.account,
        identity=request.identity,
        contact=found.contact,
        conversation=found.conversation,
        repeated=found.repeated,
        waits_behind=found.waits_behind,
        now=found.now,
        references=found.references,
    )


async def _read_documents(viewer: Viewer, request: TargetRequest) -> TargetDocuments | None:
    """Reads the documents of a conversation or contact, after merges of the remaining contact.

    An invisible id takes the same commands as an unknown id, and so the same time.
    """
    found = await read_target(request)
    if found is not None and found.contact is not None and viewer.can_see(found.contact):
        return found
    survivor = await _find_survivor(viewer, request)
    if survivor is None:
        return None
    return await read_target(replace(request, conversation_id=None, contact_id=survivor.id))


async def _find_survivor(viewer: Viewer, request: TargetRequest) -> Contact | None:
    visible = viewer.limit_accounts()
    if request.conversation_id is None:
        merge = await find_merge({"_id": request.contact_id, **visible})
    else:
        conversation = await Conversation.find_one({"_id": request.conversation_id, **visible})
        if conversation is not None:
            return await find_survivor(conversation.contact_id)
        merge = await find_merge({"conversation_id": request.conversation_id, **visible})
    return None if merge is None else await find_survivor(merge.into_id)


def _parse_phone_identity(text: str) -> Identity:
    digits = parse_phone(text)
    if digits is None:
        raise InvalidInput(PHONE_ADVICE, field=_PHONE_FIELD, reason=InvalidReason.MALFORMED)
    return Identity(kind=IdentityKind.WA_ID, value=digits)


def _parse_bsuid_identity(text: str) -> Identity:
    if not is_bsuid(text) or not text.isprintable():
        raise InvalidInput(
            "Use a business-scoped user id such as US.13491208655302741918.", field=_BSUID_FIELD
        )
    is_parent = ".ENT." in text
    kind = IdentityKind.PARENT_BSUID if is_parent else IdentityKind.BSUID
    return Identity(kind=kind, value=text)
