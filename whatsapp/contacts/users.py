"""Users: created and updated by staff, visible within account scopes."""

from collections.abc import Mapping
from typing import Any

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import Contact, User
from models.database.base import collection, to_bson, utc_now
from whatsapp.auth.access import Viewer, get_visible
from whatsapp.common.values import check_attributes, check_email, check_text
from whatsapp.contacts.identities import PHONE_ADVICE, list_phone_variants, parse_phone
from whatsapp.contacts.search_keys import STALE, derive_user_fields, index_user
from whatsapp.errors import Conflict, InvalidInput, InvalidReason, RefusalCollector

# Unique fields, and the fields with the scope in which they are unique.
SCOPES = {"phone": "phone_scope", "external_id": "external_id_scope"}


async def get_user(viewer: Viewer, user_id: PydanticObjectId) -> User:
    """Returns the user; raises NotFound."""
    return await get_visible(User, viewer, user_id, field="userId", account_field="account_ids")


async def create_user(viewer: Viewer, *, values: Mapping[str, Any]) -> User:
    """Creates a user from `name`, `phone`, `email`, `external_id` and `attributes`.

    The user is shared with the viewer's accounts, if the viewer is limited to accounts.

    Raises:
        InvalidInput: a value is malformed.
        Conflict: another user visible to the viewer has this phone or external id.
    """
    checked = _check_values(values)
    await _check_free(viewer, checked)
    scopes = dict.fromkeys(SCOPES.values(), _find_scope(viewer))
    user = User(
        workspace_id=viewer.workspace_id,
        **checked,
        **scopes,
        account_ids=sorted(viewer.account_ids or ()),
    )
    fields = to_bson(user)
    fields |= derive_user_fields(fields)
    try:
        await collection(User).insert_one(fields)
    except DuplicateKeyError as error:
        raise _make_conflict(error) from None
    return user


async def update_user(
    viewer: Viewer, user_id: PydanticObjectId, *, changes: Mapping[str, Any]
) -> User:
    """Updates the fields named in `changes`, as in `create_user`; None clears.

    Raises:
        NotFound, InvalidInput, Conflict: as `create_user`.
    """
    user = await get_user(viewer, user_id)
    checked = _check_values(changes)
    if not checked:
        return user
    await _check_free(viewer, checked, except_for=user_id)
    scopes = {
        scope: _find_scope(viewer)
        for name, scope in SCOPES.items()
        if name in checked and checked[name] != getattr(user, name)
    }
    try:
        await collection(User).update_one(
            {"_id": user_id, "$nor": [checked]},
            {"$set": {**checked, **scopes, **STALE, "updated_at": utc_now()}},
        )
        await index_user(user_id)
    except DuplicateKeyError as error:
        raise _make_conflict(error) from None
    return await User.get(user_id) or user


async def unshare_user(
    user_id: PydanticObjectId,
    account_id: PydanticObjectId,
    *,
    besides: PydanticObjectId | None = None,
) -> None:
    """Removes the account's access to the user, unless another of its contacts is linked.

    `besides` is a contact that does not count. A user of no other account stays visible, so that a
    wrong unlink can be undone.
    """
    linked = {"user_id": user_id, "account_id": account_id, "_id": {"$ne": besides}}
    if await collection(Contact).find_one(linked, {"_id": 1}) is None:
        await collection(User).update_one(
            {"_id": user_id, "account_ids": {"$ne": [account_id]}},
            {"$pull": {"account_ids": account_id}},
        )


def _check_values(values: Mapping[str, Any]) -> dict[str, Any]:
    checked = dict(values)
    with RefusalCollector() as collect:
        for name, field in (("name", "name"), ("external_id", "externalId")):
            if name in checked:
                checked[name] = collect(check_text, checked[name], field=field)
        if "email" in checked:
            checked["email"] = collect(check_email, checked["email"])
        if checked.get("phone") is not None:
            checked["phone"] = collect(_check_phone, checked["phone"])
        if "attributes" in checked:
            checked["attributes"] = collect(check_attributes, checked["attributes"])
    return checked


def _check_phone(phone: str) -> str:
    digits = parse_phone(phone)
    if digits is None:
        raise InvalidInput(PHONE_ADVICE, field=["phone"], reason=InvalidReason.MALFORMED)
    return f"+{digits}"


async def _check_free(
    viewer: Viewer, values: Mapping[str, Any], *, except_for: PydanticObjectId | None = None
) -> None:
    """Raises Conflict if another user has the phone, in any form, or the external id.

    Users whom the viewer may not see are ignored.
    """
    phone, external_id = values.get("phone"), values.get("external_id")
    if phone is not None:
        forms = {"$in": list_phone_forms(phone)}
        holder = await _find_holder(viewer, except_for, phone=forms)
        if holder is not None:
            raise _phone_taken(holder)
    if external_id is not None:
        holder = await _find_holder(viewer, except_for, external_id=external_id)
        if holder is not None:
            raise _external_id_taken(holder)


async def _find_holder(
    viewer: Viewer, except_for: PydanticObjectId | None, **value: Any
) -> User | None:
    """Returns another user with this value whom the viewer may see."""
    query = {**value, "_id": {"$ne": except_for}, **viewer.limit_accounts("account_ids")}
    return await User.find_one(query)


def list_phone_forms(phone: str) -> list[str]:
    """Returns the forms in which the same phone may be stored."""
    return [f"+{digits}" for digits in list_phone_variants(phone.removeprefix("+"))]


def _find_scope(viewer: Viewer) -> str | None:
    if viewer.account_ids is None:
        return None
    return ",".join(str(account_id) for account_id in sorted(viewer.account_ids))


def _make_conflict(error: DuplicateKeyError) -> Conflict:
    pattern = (error.details or {}).get("keyPattern", {})
    if "external_id" in pattern:
        return _external_id_taken()
    return _phone_taken()


def _external_id_taken(holder: User | None = None) -> Conflict:
    return Conflict(
        "Another user has this externalId: use another, or update that user.",
        field=["externalId"],
        current=holder,
    )


def _phone_taken(holder: User | None = None) -> Conflict:
    return Conflict(
        "Another user has this phone number: use another, or update that user.",
        field=["phone"],
        current=holder,
    )
