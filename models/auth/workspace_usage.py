"""WorkspaceUsage: sums over the documents of a workspace, measured from time to time."""

from datetime import datetime

from pymongo import ASCENDING, IndexModel

from models.database.base import InWorkspace, ObjectIdDocument


class WorkspaceUsage(InWorkspace, ObjectIdDocument):
    """`_id` is the workspace's id. The sums may be an hour old; see `measured_at`."""

    contacts: int
    messages: int
    files: int
    stored_bytes: int
    """Bytes of all stored files, received and uploaded."""
    measured_at: datetime
    """When the measurement began: what was stored later may not be included."""

    class Settings:
        name = "workspace_usage"
        indexes = [
            IndexModel([("workspace_id", ASCENDING)], name="workspace"),
            IndexModel([("measured_at", ASCENDING)], name="measured"),
        ]
