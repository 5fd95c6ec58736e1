"""Finds the workspaces that tokens name."""

import base64
import binascii
import re
from collections import OrderedDict
from time import monotonic

from beanie import PydanticObjectId

from models import Workspace
from models.database.base import collection
from whatsapp.workspaces.workspaces import make_name_key

MAX_KNOWN = 10_000
MAX_TEXT = 256
_ID = re.compile(r"(?:Workspace:)?([0-9a-f]{24})", re.ASCII)


class WorkspaceDirectory:
    """Finds workspaces by name or id; reads each again after `check_seconds`."""

    def __init__(self, *, check_seconds: float) -> None:
        self._check_seconds = check_seconds
        self._known: OrderedDict[str, tuple[float, PydanticObjectId]] = OrderedDict()

    async def find(self, text: str) -> PydanticObjectId | None:
        """Returns the id of the workspace with this name, global id or ObjectId."""
        if len(text) > MAX_TEXT:
            return None
        now = monotonic()
        read_at, workspace_id = self._known.get(text, (now, None))
        if workspace_id is not None and now - read_at < self._check_seconds:
            return workspace_id
        workspace_id = await _read(text)
        if workspace_id is None:
            self._known.pop(text, None)
            return None
        self._known[text] = now, workspace_id
        self._known.move_to_end(text)
        if len(self._known) > MAX_KNOWN:
            self._known.popitem(last=False)
        return workspace_id


async def _read(text: str) -> PydanticObjectId | None:
    named = {"name_key": make_name_key(text)}
    object_id = _read_id(text)
    query = named if object_id is None else {"_id": object_id}
    workspace = await collection(Workspace).find_one(query, {"_id": 1})
    return PydanticObjectId(workspace["_id"]) if workspace else None


def _read_id(text: str) -> PydanticObjectId | None:
    match = _ID.fullmatch(text)
    if match is None:
        try:
            match = _ID.fullmatch(base64.b64decode(text, validate=True).decode())
        except (binascii.Error, ValueError):
            return None
    return PydanticObjectId(match[1]) if match else None
