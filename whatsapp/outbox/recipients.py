"""Recipients in their four forms, resolved to account, contact and conversation."""

from dataclasses import dataclass

from beanie import PydanticObjectId

from models import CALL, Account, Contact, Conversation, Identity, IdentityKind, Message
from whatsapp.accounts.accounts import get_account
from whatsapp.auth.access import Viewer
from whatsapp.contacts.contacts import find_contact, find_merge, find_survivor
from whatsapp.contacts.identities import PHONE_ADVICE, is_bsuid, parse_phone
from whatsapp.errors import InvalidInput, NotFound

_ACCOUNT_FIELD = ["accountId"]
_PHONE_FIELD = ["to", "phoneNumber"]
_BSUID_FIELD = ["to", "businessScopedUserId"]
_CONTACT_FIELD = ["to", "contactId"]
_CONVERSATION_FIELD = ["to", "conversationId"]
_REPLY_FIELD = ["replyToMessageId"]


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


async def resolve_recipient(
    viewer: Viewer, recipient: Recipient, *, account_id: PydanticObjectId | None
) -> Target:
    """Loads the recipient's account, contact and conversation as far as they exist.

    Raises:
        InvalidInput: it is malformed, needs an account, or belongs to another account.
        NotFound: it does not exist, or the viewer may not see it.
    """
    identity = recipient.to_identity()
    if identity is not None:
        return await _resolve_identity(viewer, identity, account_id)
    if recipient.conversation_id is not None:
        conversation, contact = await _find_by_conversation(recipient.conversation_id)
        if contact is None or not viewer.can_see(contact.account_id):
            raise NotFound("The conversation", field=_CONVERSATION_FIELD)
    else:
        contact_id = recipient.contact_id
        contact = None if contact_id is None else await find_survivor(contact_id)
        if contact is None or not viewer.can_see(contact.account_id):
            raise NotFound("The contact", field=_CONTACT_FIELD)
        conversation = await _find_conversation(contact)
    if account_id is not None and account_id != contact.account_id:
        raise InvalidInput("The recipient belongs to another account.", field=_ACCOUNT_FIELD)
    account = await get_account(viewer, contact.account_id)
    return Target(account, None, contact, conversation)


async def find_reply_target(
    conversation: Conversation | None, message_id: PydanticObjectId
) -> Message:
    """Loads the message to reply to.

    Raises:
        NotFound: it is not in this conversation, or WhatsApp has no id of it.
        InvalidInput: it is a reaction or a call.
    """
    message = None
    if conversation is not None:
        message = await Message.find_one({"_id": message_id, "conversation_id": conversation.id})
    if message is None or message.wamid is None:
        raise NotFound("The message to reply to", field=_REPLY_FIELD)
    if message.is_own_reaction:
        raise InvalidInput("WhatsApp has no replies to reactions.", field=_REPLY_FIELD)
    if message.type == CALL:
        raise InvalidInput("WhatsApp has no replies to calls.", field=_REPLY_FIELD)
    return message


async def _resolve_identity(
    viewer: Viewer, identity: Identity, account_id: PydanticObjectId | None
) -> Target:
    if account_id is None:
        raise InvalidInput(
            "Give the accountId of the sender together with a phone number or user id.",
            field=_ACCOUNT_FIELD,
        )
    account = await get_account(viewer, account_id)
    contact = await find_contact(account.id, [identity])
    conversation = None if contact is None else await _find_conversation(contact)
    return Target(account, identity, contact, conversation)


async def _find_by_conversation(
    conversation_id: PydanticObjectId,
) -> tuple[Conversation | None, Contact | None]:
    """Returns the conversation and its contact, after merges the remaining ones."""
    conversation = await Conversation.get(conversation_id)
    if conversation is None:
        merge = await find_merge({"conversation_id": conversation_id})
        contact_id = None if merge is None else merge.into_id
    else:
        contact_id = conversation.contact_id
    contact = None if contact_id is None else await find_survivor(contact_id)
    if contact is None or (conversation is not None and conversation.contact_id == contact.id):
        return conversation, contact
    return await _find_conversation(contact), contact


async def _find_conversation(contact: Contact) -> Conversation | None:
    return await Conversation.find_one({"account_id": contact.account_id, "contact_id": contact.id})


def _parse_phone_identity(text: str) -> Identity:
    digits = parse_phone(text)
    if digits is None:
        raise InvalidInput(PHONE_ADVICE, field=_PHONE_FIELD)
    return Identity(kind=IdentityKind.WA_ID, value=digits)


def _parse_bsuid_identity(text: str) -> Identity:
    if not is_bsuid(text) or not text.isprintable():
        raise InvalidInput(
            "Use a business-scoped user id such as US.13491208655302741918.", field=_BSUID_FIELD
        )
    is_parent = ".ENT." in text
    kind = IdentityKind.PARENT_BSUID if is_parent else IdentityKind.BSUID
    return Identity(kind=kind, value=text)
