"""Media types that Meta accepts, with their size limits, by the type that the upload names.

Source: Meta, "Cloud API media: supported media types".
"""

from sandbox.validation.meta_errors import MetaError
from sandbox.validation.send_validation import refuse_parameter

MIB = 1024 * 1024
LIMITS = {
    **dict.fromkeys(("image/jpeg", "image/png"), ("Image", 5 * MIB)),
    "image/webp": ("Sticker", 500 * 1024),
    **dict.fromkeys(("video/mp4", "video/3gpp"), ("Video", 16 * MIB)),
    **dict.fromkeys(
        ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), ("Audio", 16 * MIB)
    ),
}
DOCUMENT = ("Document", 100 * MIB)
REFUSED = "application/octet-stream"


def check_upload(mime_type: str, size: int) -> None:
    """Raises MetaError 100 for an unsupported type and 131053 for an unsupported size."""
    plain = mime_type.partition(";")[0].strip().lower()
    if plain in ("", REFUSED) or (
        plain not in LIMITS and plain.startswith(("image/", "video/", "audio/"))
    ):
        refuse_parameter(
            "Param file must be a file with one of the following types: "
            f"{', '.join([*LIMITS, 'application/pdf', 'text/plain'])}. "
            f"Received file of type '{plain or REFUSED}'."
        )
    kind, limit = LIMITS.get(plain, DOCUMENT)
    if not size or size > limit:
        details = f"{kind} file size invalid. Min file size: 1, Max file size: {limit}"
        raise MetaError(131053, details=details)
