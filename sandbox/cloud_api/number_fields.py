"""GET of a phone number: its fields, named as at Meta."""

import hashlib
import hmac
from typing import Any

from sandbox.validation.meta_errors import MetaError
from sandbox.validation.send_validation import refuse_parameter
from sandbox.world.numbers import FakeNumber

Json = dict[str, Any]
DEFAULT_FIELDS = (
    "verified_name",
    "code_verification_status",
    "display_phone_number",
    "quality_rating",
    "platform_type",
    "throughput",
    "id",
)


def describe_number(number: FakeNumber, fields: str | None, **more: Any) -> Json:
    """Returns the requested fields, by default Meta's defaults; `more` are further fields."""
    everything = {
        "verified_name": number.verified_name,
        "code_verification_status": "VERIFIED",
        "display_phone_number": number.display_phone_number,
        "quality_rating": number.quality_rating,
        "platform_type": number.platform_type,
        "throughput": {"level": number.throughput},
        "id": number.phone_number_id,
        "name_status": "APPROVED",
        "status": "CONNECTED",
        "account_mode": "LIVE",
        "is_official_business_account": False,
        "whatsapp_business_manager_messaging_limit": number.messaging_limit,
        "messaging_limit_tier": number.messaging_limit,
        **more,
    }
    names = fields.replace(" ", "").split(",") if fields else list(DEFAULT_FIELDS)
    for name in names:
        if name not in everything:
            refuse_parameter(
                f"Tried accessing nonexistent field ({name}) on node type "
                "(WhatsAppBusinessPhoneNumber)"
            )
    return {name: everything[name] for name in dict.fromkeys([*names, "id"])}


def check_proof(number: FakeNumber, proof: str | None) -> None:
    """Checks that `appsecret_proof` was made with the secret of the token's app."""
    if proof is None:
        return
    secret, token = number.app_secret.encode(), number.access_token.encode()
    expected = hmac.new(secret, token, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), proof.encode()):
        raise MetaError(
            100,
            message="Invalid appsecret_proof provided in the API argument",
            details="",
            error_type="GraphMethodException",
        )
