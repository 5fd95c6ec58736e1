"""Blocking of customers at WhatsApp, for both directions.

Source: Meta, "Block users". The response has an error per user besides that of the whole request.
"""

from typing import Any

import httpx
from beanie import PydanticObjectId

from models import Account, Contact
from models.database.base import collection, utc_now
from whatsapp.accounts.account_api import AccountAPI
from whatsapp.accounts.accounts import require_active_account
from whatsapp.auth.access import Viewer
from whatsapp.cloud_api.responses import read_error
from whatsapp.contacts.contact_management import get_contact
from whatsapp.contacts.identities import list_phone_variants, normalize_phone
from whatsapp.errors import CloudAPIError, MetaRefused, MetaUnreachable, NotFound

SOME_FAILED_CODE = 139100
_NOT_BLOCKABLE = (
    "Only customers who wrote within the last 24 hours can be blocked, and no other businesses."
)
_ADVICE = {
    SOME_FAILED_CODE: _NOT_BLOCKABLE,
    131047: _NOT_BLOCKABLE,
    139101: "The number's block list is full (64,000): unblock a contact first.",
    139102: "The block list is being changed by another request: try again in a moment.",
    139103: "WhatsApp has a problem: try again in a moment.",
}


async def block_contact(
    account_api: AccountAPI, viewer: Viewer, contact_id: PydanticObjectId
) -> Contact:
    """Blocks the contact at WhatsApp, then here.

    Raises:
        NotFound: the contact.
        AccountDisabled, AccountStopped: the account can't make requests.
        MetaRefused, MetaUnreachable, SendingHeld: the request failed; nothing is changed here.
    """
    return await _set_blocked(account_api, viewer, contact_id, blocked=True)


async def unblock_contact(
    account_api: AccountAPI, viewer: Viewer, contact_id: PydanticObjectId
) -> Contact:
    """Unblocks the contact at WhatsApp, then here; raises as `block_contact`."""
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
    await _request_change(account_api, account, contact, blocked=blocked)
    await collection(Contact).update_one(
        {"_id": contact.id}, {"$set": {"blocked": blocked, "updated_at": utc_now()}}
    )
    return await get_contact(viewer, contact_id)


async def _request_change(
    account_api: AccountAPI, account: Account, contact: Contact, *, blocked: bool
) -> None:
    user = _make_user_reference(contact)
    method, done_key = ("POST", "added_users") if blocked else ("DELETE", "removed_users")
    try:
        body = await account_api.call(
            account,
            method,
            account.phone_number_id,
            "block_users",
            body={"messaging_product": "whatsapp", "block_users": [user]},
            reaches_customer=True,
        )
        refusal = None
    except MetaRefused as refused:
        body, refusal = refused.error.body, refused
    result = body.get("block_users")
    result = result if isinstance(result, dict) else {}
    if _find_user(result.get(done_key), user, contact) is not None:
        return
    failed = _find_user(result.get("failed_users"), user, contact)
    error = _read_failure(failed) or (refusal.error if refusal else None)
    if error is None:
        # The response says nothing about this customer.
        raise MetaUnreachable
    raise MetaRefused(error, advice=_ADVICE.get(error.code)) from None


def _make_user_reference(contact: Contact) -> dict[str, str]:
    """Returns the number, or the user id if the customer hides the number."""
    if contact.wa_id is not None:
        return {"user": contact.wa_id}
    return {"user_id": contact.bsuid or contact.identities[0].value}


def _find_user(items: object, user: dict[str, str], contact: Contact) -> dict[str, Any] | None:
    """Returns the item of the response about this customer, found by any of their identities."""
    names = {identity.value for identity in contact.identities} | set(user.values())
    for name in tuple(names):
        names.update(list_phone_variants(name))
    for item in items if isinstance(items, list) else []:
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
    if not isinstance(first, dict):
        return None
    error = first | {"message": first.get("message") or first.get("title")}
    return read_error({"error": error}, http_status=400, headers=httpx.Headers())
