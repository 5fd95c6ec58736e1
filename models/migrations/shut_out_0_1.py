"""Migration 1: prevents version 0.1 from starting on this database.

Version 0.1 does not read the schema version, but exits if it can't create an index at start. This
migration recreates one of its indexes under the same name with different keys.
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
