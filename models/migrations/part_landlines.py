"""Migration: Brazilian landlines no longer share a contact with a mobile number.

Version 0.1 took a number for the same phone as the one with a 9 after its area code, whatever digit
follows. That 9 is of mobile numbers, which began with 6 to 9 before.
"""

import re
from collections.abc import Mapping
from typing import Any

from pymongo import UpdateOne

from models.migrations.migration import Batches, Database, Migration, Progress

_WA_ID = "wa_id"
_LANDLINE = re.compile(r"55[0-9]{2}[2-5][0-9]{7}")


def _find_wrong(contact: Mapping[str, Any]) -> str | None:
    """The number that belongs to another phone than the contact's own."""
    numbers = {one["value"] for one in contact["identities"] if one["kind"] == _WA_ID}
    for number in numbers:
        with_nine = f"{number[:4]}9{number[4:]}"
        if _LANDLINE.fullmatch(number) and with_nine in numbers:
            return number if contact.get("wa_id") == with_nine else with_nine
    return None


async def _part(database: Database, progress: Progress) -> None:
    shown = {"identities": 1, "wa_id": 1}
    async for batch in Batches(database, "contacts", progress, projection=shown):
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
