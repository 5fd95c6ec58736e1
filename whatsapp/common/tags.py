"""Tags of contacts and conversations: atomic additions and removals, and their use."""

from collections.abc import Iterable, Mapping
from typing import Any

from beanie import PydanticObjectId
from pymongo.asynchronous.client_session import AsyncClientSession

from models.database.base import ANY_STRING, DocumentType, collection, utc_now
from whatsapp.common.values import MAX_TAGS, check_tags
from whatsapp.errors import InvalidInput, InvalidReason

# The use of tags is counted in as many tagged documents, which takes less than a second.
MAX_TAGGED = 50_000


async def add_tags(
    document_class: type[DocumentType],
    document_id: PydanticObjectId,
    tags: Iterable[str],
    session: AsyncClientSession | None = None,
) -> None:
    """Adds the tags that the document lacks, in one update, so that no concurrent change is lost.

    Raises:
        InvalidInput: a tag is malformed, or the document would have too many.
    """
    added = check_tags(tags)
    if not added:
        return
    lacks_one = {"_id": document_id, "tags": {"$not": {"$all": added}}}
    united = {"$setUnion": [{"$ifNull": ["$tags", []]}, {"$literal": added}]}
    has_space = {"$expr": {"$lte": [{"$size": united}, MAX_TAGS]}}
    result = await collection(document_class).update_one(
        {**lacks_one, **has_space},
        {"$addToSet": {"tags": {"$each": added}}, "$set": {"updated_at": utc_now()}},
        session=session,
    )
    is_unchanged = not result.matched_count
    if is_unchanged and await collection(document_class).find_one(lacks_one, session=session):
        raise InvalidInput(
            f"At most {MAX_TAGS} tags are allowed; remove some.",
            field=["tags"],
            reason=InvalidReason.TOO_MANY,
            limit=MAX_TAGS,
        )


async def remove_tags(
    document_class: type[DocumentType],
    document_id: PydanticObjectId,
    tags: Iterable[str],
    session: AsyncClientSession | None = None,
) -> None:
    """Removes the tags that the document has, in one update.

    Raises:
        InvalidInput: a tag is malformed.
    """
    removed = {"$in": check_tags(tags)}
    await collection(document_class).update_one(
        {"_id": document_id, "tags": removed},
        {"$pull": {"tags": removed}, "$set": {"updated_at": utc_now()}},
        session=session,
    )


async def count_tags(
    document_class: type[DocumentType], of_account: Mapping[str, Any]
) -> tuple[dict[str, int], bool]:
    """Returns the number of documents by tag; `of_account` is a filter by account.

    The second value is True if the account has more than MAX_TAGGED tagged documents: only
    MAX_TAGGED of them are counted.
    """
    tagged = {**of_account, "tags": ANY_STRING}
    groups = await collection(document_class).aggregate(
        [
            {"$match": tagged},
            {"$limit": MAX_TAGGED},
            {"$unwind": "$tags"},
            {"$group": {"_id": "$tags", "count": {"$sum": 1}}},
        ]
    )
    counts = {str(group["_id"]): int(group["count"]) async for group in groups}
    # Each tagged document has at least one tag.
    if sum(counts.values()) < MAX_TAGGED:
        return counts, False
    number = await collection(document_class).count_documents(tagged, limit=MAX_TAGGED + 1)
    return counts, number > MAX_TAGGED
