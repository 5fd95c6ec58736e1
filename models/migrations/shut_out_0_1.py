"""Migration 1: version 0.1 can no longer start on this database.

At its start version 0.1 creates each index that differs from its own, and ends if that fails. It
knows no schema version, so one of its indexes gets other keys under the same name.
"""

from pymongo import ASCENDING

from models.migrations.migration import Database, Migration, Progress, drop_index


async def _replace_index(database: Database, _progress: Progress) -> None:
    lanes = database["lanes"]
    await drop_index(lanes, "account")
    await lanes.create_index([("account_id", ASCENDING), ("_id", ASCENDING)], name="account")


SHUT_OUT_0_1 = Migration(
    number=1, name="keep version 0.1 from starting", run=_replace_index, before_serving=True
)
