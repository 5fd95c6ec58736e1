"""Migrations of stored documents: ordered, resumable, run once for a database under a lease."""

from models.migrations.agents import AGENTS_OF_ASSIGNEES, AGENTS_OF_KEYS
from models.migrations.contact_filters import PREPARE_CONTACTS, PREPARE_USERS
from models.migrations.from_0_1 import (
    MARK_CONTACTS,
    MARK_USERS,
    PART_LANDLINES,
    REQUEST_REPLAYS,
    SCHEDULE_TEMPLATE_SYNCS,
    SHUT_OUT_0_1,
    TYPES_OF_PICTURES,
    WORDS_OF_MESSAGES,
)
from models.migrations.migration import Migration
from models.migrations.rename_fields import RENAME_IN_ACCOUNTS, RENAME_IN_MEDIA, RENAME_IN_UPLOADS
from models.migrations.scope_users import (
    DROP_UNSCOPED_INDEXES,
    SCOPE_VALUES_OF_STAFF,
    UNLINK_UNPROVEN,
)
from models.migrations.send_queues import LEAVE_LANES
from models.migrations.unanswered import FIND_UNANSWERED
from models.migrations.unscoped_indexes import (
    DROP_REPLACED_INDEXES,
    DROP_UNSCOPED_ACTIVITY,
    DROP_USERS_OF_ACCOUNTS,
)
from models.migrations.workspaces import ENTER_WORKSPACE, FOLLOW_INTO_WORKSPACE

# In order, numbered from 1 without gaps. A number that was released never changes its meaning.
MIGRATIONS: tuple[Migration, ...] = (
    SHUT_OUT_0_1,
    DROP_UNSCOPED_INDEXES,
    RENAME_IN_ACCOUNTS,
    RENAME_IN_MEDIA,
    RENAME_IN_UPLOADS,
    AGENTS_OF_KEYS,
    AGENTS_OF_ASSIGNEES,
    LEAVE_LANES,
    ENTER_WORKSPACE,
    REQUEST_REPLAYS,
    WORDS_OF_MESSAGES,
    UNLINK_UNPROVEN,
    MARK_USERS,
    MARK_CONTACTS,
    SCHEDULE_TEMPLATE_SYNCS,
    PART_LANDLINES,
    TYPES_OF_PICTURES,
    SCOPE_VALUES_OF_STAFF,
    FIND_UNANSWERED,
    PREPARE_CONTACTS,
    PREPARE_USERS,
    DROP_UNSCOPED_ACTIVITY,
    DROP_USERS_OF_ACCOUNTS,
    DROP_REPLACED_INDEXES,
    FOLLOW_INTO_WORKSPACE,
)
