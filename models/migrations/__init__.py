"""Migrations of stored documents: ordered, resumable, run once for a database under a lease."""

from models.migrations.mark_unindexed import MARK_CONTACTS, MARK_USERS
from models.migrations.migration import Migration
from models.migrations.part_landlines import PART_LANDLINES
from models.migrations.request_replays import REQUEST_REPLAYS
from models.migrations.schedule_template_syncs import SCHEDULE_TEMPLATE_SYNCS
from models.migrations.scope_users import (
    DROP_UNSCOPED_INDEXES,
    SCOPE_VALUES_OF_STAFF,
    UNLINK_UNPROVEN,
)
from models.migrations.shut_out_0_1 import SHUT_OUT_0_1
from models.migrations.types_of_pictures import TYPES_OF_PICTURES
from models.migrations.words_of_messages import WORDS_OF_MESSAGES

# In order, numbered from 1 without gaps. A number that was released never changes its meaning.
MIGRATIONS: tuple[Migration, ...] = (
    SHUT_OUT_0_1,
    DROP_UNSCOPED_INDEXES,
    REQUEST_REPLAYS,
    WORDS_OF_MESSAGES,
    UNLINK_UNPROVEN,
    MARK_USERS,
    MARK_CONTACTS,
    SCHEDULE_TEMPLATE_SYNCS,
    PART_LANDLINES,
    TYPES_OF_PICTURES,
    SCOPE_VALUES_OF_STAFF,
)
