"""Message templates as WhatsApp tells about them, one fact at a time."""

from collections.abc import Sequence

from beanie import PydanticObjectId
from pymongo.errors import DuplicateKeyError

from models import Template
from models.base import collection, new_id, utc_now
from whatsapp.facts import Fact, apply_facts


async def record_template(
    account_id: PydanticObjectId, template_id: str, facts: Sequence[Fact]
) -> None:
    """Stores what is news of these facts; the template is made if it is unknown."""
    key = {"account_id": account_id, "template_id": template_id}
    made = {
        name: {"$ifNull": [f"${name}", value]}
        for name, value in {"_id": new_id(), "created_at": utc_now()}.items()
    }
    stages = [{"$set": made}, apply_facts(facts)]
    try:
        await collection(Template).update_one(key, stages, upsert=True)
    except DuplicateKeyError:
        # Another upsert won, and the server gave up repeating ours: theirs is there now.
        await collection(Template).update_one(key, stages)
