"""Migration: separate Brazilian landlines from mobile numbers.

Version 0.1 equated each number with the number that has a 9 after the area code. Only mobile
numbers, which began with 6 to 9, got that 9.
"""

import re
from collections.abc import Mapping
from typing import Any

from pymongo import UpdateOne

from models.migrations.migration import Batches, Database, Migration, Progress

_WA_ID = "wa_id"
_LANDLINE = re.compile(r"55[0-9]{2}[2-5][0-9]{7}")


def _find_wrong(contact: Mapping[str, Any]) -> str | None:
    """Returns the number that belongs to another phone than the contact's."""
    identities = contact["identities"]
    numbers = {identity["value"] for identity in identities if identity["kind"] == _WA_ID}
    for number in numbers:
        with_nine = f"{number[:4]}9{number[4:]}"
        if _LANDLINE.fullmatch(number) and with_nine in numbers:
            return number if contact.get("wa_id") == with_nine else with_nine
    return None


async def _part(database: Database, progress: Progress) -> None:
    projection = {"identities": 1, "wa_id": 1}
    async for batch in Batches(database, "contacts", progress, projection=projection):
        wrong = {contact["_id"]: _find_wrong(contact) for contact in batch}
        writes = [
            UpdateOne(
                {"_id": contact_id},
                {
                    "$pull": {"identities": {"kind": _WA_ID, "value": number}},
                    "$set": {"stale_keys": True},
                },
            )
            for contact_id, number in wrong.items()
            if number is not None
        ]
        if writes:
            await database["contacts"].bulk_write(writes, ordered=False)


PART_LANDLINES = Migration(number=9, name="part Brazilian landlines from mobiles", run=_part)
