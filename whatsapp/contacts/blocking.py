"""Blocking a customer at WhatsApp: they can't write to the number any more, nor be written to.

Source: Meta, "Block users". Errors come for each user, beside an error of the whole request.
"""

from typing import Any

from beanie import PydanticObjectId

from models import Account, Contact
from models.database.base import collection, utc_now
from whatsapp.accounts.account_api import AccountAPI
from whatsapp.accounts.accounts import require_active_account
from whatsapp.auth.access import Viewer
from whatsapp.contacts.contact_management import get_contact
from whatsapp.contacts.identities import list_phone_variants, normalize_phone
from whatsapp.errors import CloudAPIError, MetaRefused, MetaUnreachable, NotFound

SOME_FAILED_CODE = 139100
_NOT_WRITTEN_LATELY = (
    "WhatsApp lets you block only who wrote to you within the last 24 hours, and no other business."
)
_ADVICE = {
    SOME_FAILED_CODE: _NOT_WRITTEN_LATELY,
    131047: _NOT_WRITTEN_LATELY,
    139101: "The number's list of blocked people is full (64,000): unblock somebody first.",
    139102: "The list is just being changed by somebody else: try again in a moment.",
    139103: "It is a problem at WhatsApp: try again in a moment.",
}


async def block_contact(
    account_api: AccountAPI, viewer: Viewer, contact_id: PydanticObjectId
) -> Contact:
    """Blocks at WhatsApp, and only then here.

    Raises:
        NotFound: the contact.
        AccountDisabled, AccountStopped: nothing can be asked of WhatsApp.
        MetaRefused, MetaUnreachable: WhatsApp did not do it, and nothing is changed.
    """
    return await _set_blocked(account_api, viewer, contact_id, blocked=True)


async def unblock_contact(
    account_api: AccountAPI, viewer: Viewer, contact_id: PydanticObjectId
) -> Contact:
    """Unblocks at WhatsApp, and only then here; raises as `block_contact`."""
    return await _set_blocked(account_api, viewer, contact_id, blocked=False)


async def _set_blocked(
    account_api: AccountAPI, viewer: Viewer, contact_id: PydanticObjectId, *, blocked: bool
) -> Contact:
    contact = await get_contact(viewer, contact_id)
    account = await Account.find_one({"_id": contact.account_id, "deleted_at": None})
    if account is None:
        raise NotFound("The contact", field=["contactId"])
    require_active_account(account)
    if contact.blocked is blocked:
        return contact
    await _ask(account_api, account, contact, blocked=blocked)
    await collection(Contact).update_one(
        {"_id": contact.id}, {"$set": {"blocked": blocked, "updated_at": utc_now()}}
    )
    return await get_contact(viewer, contact_id)


async def _ask(
    account_api: AccountAPI, account: Account, contact: Contact, *, blocked: bool
) -> None:
    user = _name_user(contact)
    method, done = ("POST", "added_users") if blocked else ("DELETE", "removed_users")
    try:
        answer = await account_api.call(
            account,
            method,
            account.phone_number_id,
            "block_users",
            body={"messaging_product": "whatsapp", "block_users": [user]},
        )
        refusal = None
    except MetaRefused as refused:
        answer, refusal = refused.error.body, refused
    result = answer.get("block_users")
    result = result if isinstance(result, dict) else {}
    if _find_user(result.get(done), user, contact) is not None:
        return
    failed = _find_user(result.get("failed_users"), user, contact)
    error = _read_failure(failed) or (refusal.error if refusal else None)
    if error is None:
        # Neither done nor refused: an answer that says nothing about this customer.
        raise MetaUnreachable
    raise MetaRefused(error, advice=_ADVICE.get(error.code)) from None


def _name_user(contact: Contact) -> dict[str, str]:
    """As a send names them: the number, or the user id of somebody who hides theirs."""
    if contact.wa_id is not None:
        return {"user": contact.wa_id}
    return {"user_id": contact.bsuid or contact.identities[0].value}


def _find_user(listed: object, user: dict[str, str], contact: Contact) -> dict[str, Any] | None:
    """The item of the answer that is about this customer, by whichever of their names."""
    names = {one.value for one in contact.identities} | set(user.values())
    for name in tuple(names):
        names.update(list_phone_variants(name))
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, dict) and names & {_read_name(item.get(key)) for key in _NAME_KEYS}:
            return item
    return None


_NAME_KEYS = ("input", "wa_id", "user_id")


def _read_name(value: object) -> str:
    text = value if isinstance(value, str) else ""
    return normalize_phone(text) or text


def _read_failure(item: dict[str, Any] | None) -> CloudAPIError | None:
    errors = (item or {}).get("errors")
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict) or not isinstance(first.get("code"), int):
        return None
    data = first.get("error_data")
    details = data.get("details") if isinstance(data, dict) else None
    title = first.get("message") or first.get("title")
    return CloudAPIError(
        code=first["code"],
        title=title if isinstance(title, str) and title else "no message",
        details=details if isinstance(details, str) and details else None,
    )
