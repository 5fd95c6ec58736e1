"""Files of messages in an export."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from models import Media, MediaState
from models.database.base import collection, from_bson
from whatsapp.exports.records import make_record
from whatsapp.exports.zip_stream import Entry
from whatsapp.media.media_store import FileMissing, MediaStores, open_bytes
from whatsapp.media.media_types import UNKNOWN_TYPE, make_filename

# Other endings could start a program or a page with scripts when the file is opened.
_HARMLESS_ENDINGS = (
    "aac amr csv doc docx gif heic ics jpeg jpg m4a mov mp3 mp4 odp ods odt oga ogg ogv opus pdf"
    " png ppt pptx rtf txt vcf wav webm webp xls xlsx zip 3gp 3gpp"
)
_UNSAFE = re.compile(r'[<>:"/\\|?*%#]')
_NAME_LENGTH = 80


class ExportedFiles:
    """Opens the stored files of messages as entries of the archive."""

    def __init__(self, stores: MediaStores) -> None:
        self._stores = stores

    async def open(self, fields: Mapping[str, Any]) -> tuple[dict[str, Any], Entry | None]:
        """Returns the record of a file, and its entry if its bytes are stored.

        Raises:
            StoreUnavailable
        """
        record = make_record(Media, fields)
        media = from_bson(Media, fields)
        if media.state is not MediaState.STORED:
            return record, None
        store, size = self._stores.find(media.store), media.size_bytes or 0
        if store is None:
            return record | {"missing": "its store is no longer configured"}, None
        try:
            # An entry of the archive can't be taken back.
            chunks = await open_bytes(store, str(media.stored_as), start=0, end=size)
        except FileMissing:
            return record | {"missing": "the store has lost it"}, None
        path = make_path(media)
        entry = Entry(path, media.created_at, chunks, size, is_compressed=False)
        return record | {"path": path}, entry


async def read_media(message_ids: list[Any]) -> dict[Any, dict[str, Any]]:
    """Returns the stored documents of files, by the ids of their messages."""
    query = {"_id": {"$in": message_ids}, "erased_at": None}
    return {fields["_id"]: fields async for fields in collection(Media).find(query)}


def make_path(media: Media) -> str:
    """Returns the file's name in the archive: unique, and harmless on every system."""
    mime_type = media.mime_type or UNKNOWN_TYPE
    given = make_filename(media.filename, fallback=media.kind, mime_type=mime_type)
    name = PurePosixPath(_UNSAFE.sub("_", given))
    ending = name.suffix.removeprefix(".").lower()
    stem = name.stem[:_NAME_LENGTH].strip(". ")
    if ending not in _HARMLESS_ENDINGS.split():
        ending = f"{ending[:10]}.bin" if ending else "bin"
    return f"files/{media.created_at:%Y-%m-%d}_{media.id}_{stem}.{ending}"
