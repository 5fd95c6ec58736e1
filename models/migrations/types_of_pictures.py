"""Migration: correct the type of images that version 0.1 stored as MP4 video.

It took every ISO media file with an unknown brand for MP4. Meta had reported the right type.
"""

from pymongo import UpdateOne

from models.migrations.migration import Batches, Database, Migration, Progress

_PICTURES = ("image/heic", "image/heif", "image/avif")


async def _correct_types(database: Database, progress: Progress) -> None:
    wrong = {
        "mime_type": "video/mp4",
        "told_type": {"$regex": f"^({'|'.join(_PICTURES)})( *;|$)", "$options": "i"},
    }
    async for batch in Batches(database, "media", progress, query=wrong):
        updates = [
            UpdateOne(
                {"_id": media["_id"], "mime_type": "video/mp4"},
                {"$set": {"mime_type": media["told_type"].partition(";")[0].strip().lower()}},
            )
            for media in batch
        ]
        await database["media"].bulk_write(updates, ordered=False)


TYPES_OF_PICTURES = Migration(
    number=10, name="correct the types of HEIC pictures", run=_correct_types
)
