"""Shared parts of the contenders `stock` and `floor`."""

import hashlib
import os
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import uvicorn
from bson import ObjectId
from starlette.applications import Starlette

PAGE_SIZE = 50
SERVICE_WINDOW = timedelta(hours=24)
WEBHOOK_LEASE = timedelta(seconds=10)
MEDIA_TYPES = {"image", "video", "audio", "document", "sticker"}


def match_behind(at: datetime, last_id: object) -> dict[str, Any]:
    """Returns the filter of conversations after the given conversation in the inbox."""
    older = [{"last_activity_at": {"$lt": at}}, {"last_activity_at": at, "_id": {"$lt": last_id}}]
    return {"last_activity_at": {"$lte": at}, "$or": older}


def list_unread_stages(conversation_ids: Sequence[ObjectId]) -> list[dict[str, Any]]:
    """Returns the pipeline that counts unread messages per conversation."""
    return [
        {"$match": {"conversation_id": {"$in": conversation_ids}, "unread": True}},
        {"$group": {"_id": "$conversation_id", "unread": {"$sum": 1}}},
    ]


def make_event_id(secret_digest: str, body: bytes) -> str:
    """Returns wagraph's id of a webhook, so that a repetition is stored once."""
    return hashlib.sha256(secret_digest.encode() + body).hexdigest()


def serve(app: Starlette, **options: Any) -> None:
    """Serves the app at the address in the environment (see `bench.servers.contenders`)."""
    uvicorn.run(
        app,
        host=os.environ.get("HOST", "127.0.0.1"),
        port=int(os.environ.get("PORT", "8000")),
        log_level="warning",
        access_log=False,
        **options,
    )
