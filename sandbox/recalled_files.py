"""Files of recalled messages, copied from the server's database to the fake Meta."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase

from models import Media, Message
from sandbox.world.media import MediaStore
from sandbox.world.numbers import FakeNumber
from whatsapp.media.media_store import FileMissing, GridFSStore

# Larger files would slow the start.
MAX_BYTES = 4 * 1024 * 1024


class RecalledFiles:
    """Finds the bytes that the server keeps in MongoDB; those in other stores stay lost."""

    def __init__(self, database: AsyncDatabase[dict[str, Any]], media: MediaStore) -> None:
        self._store = GridFSStore(database)
        self._media = media

    async def recall(self, message: Message, number: FakeNumber) -> str | None:
        """Returns the new media id of the message's file; None if there is none."""
        file_id = message.stored_file_id
        media = None if file_id is None else await Media.get(file_id)
        if media is None or media.stored_as is None:
            return None
        size = media.size_bytes or 0
        if size > MAX_BYTES:
            return None
        try:
            parts = [part async for part in self._store.read(media.stored_as, start=0, end=size)]
        except FileMissing:
            return None
        stored = self._media.add(
            b"".join(parts),
            phone_number_id=number.phone_number_id,
            mime_type=media.stated_type or media.mime_type or "application/octet-stream",
        )
        return stored.id
