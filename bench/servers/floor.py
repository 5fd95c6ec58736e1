"""The floor: plain Starlette and pymongo with hand-built responses and without GraphQL.

The best that a Python server can reach: `python -m bench.servers.floor`. It answers GET /inbox,
/messages/{id} and /small/{id} with the body of wagraph's GraphQL response. Its webhook only
verifies and stores the raw body.
"""

import asyncio
import base64
import hmac
import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from bson import Binary, ObjectId
from pymongo import AsyncMongoClient
from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.load.signature import is_signed
from bench.servers.contender_parts import (
    MEDIA_TYPES,
    PAGE_SIZE,
    SERVICE_WINDOW,
    WEBHOOK_LEASE,
    list_unread_stages,
    make_event_id,
    match_behind,
    serve,
)
from models import NO_OWN_REACTIONS, MessageStatus
from whatsapp.auth.api_keys import LAST_USED_STEP
from whatsapp.common.crypto import digest_secret

Document = dict[str, Any]
# Naive times, as MongoDB returns them, are the fastest to read and write.
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001
MILLISECOND = timedelta(milliseconds=1)
STATUS_NAMES = [status.value for status in MessageStatus]
STATUS_RANKS = {status.key: status.rank for status in MessageStatus}


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def encode_id(type_name: str, document_id: ObjectId) -> str:
    return base64.b64encode(f"{type_name}:{document_id}".encode()).decode()


def write_cursor(order: str, at: datetime, document_id: ObjectId) -> str:
    text = f'["{order}",{(at - EPOCH) // MILLISECOND},"{document_id}"]'
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def answer(data: Mapping[str, Any]) -> Response:
    body = orjson.dumps({"data": data}, option=orjson.OPT_NAIVE_UTC)
    return Response(body, media_type="application/json")


def connect(order: str, field: str, documents: list[Document], nodes: list[Document]) -> Document:
    """Returns a page; a document beyond the page size means a next page."""
    edges = [
        {"cursor": write_cursor(order, document[field], document["_id"]), "node": node}
        for document, node in zip(documents, nodes, strict=False)
    ]
    page_info = {
        "hasNextPage": len(documents) > len(nodes),
        "endCursor": edges[-1]["cursor"] if edges else None,
    }
    return {"edges": edges, "pageInfo": page_info}


async def find_viewer(database: AsyncDatabase[Document], request: Request) -> Document | None:
    """Returns the API key's document after wagraph's checks."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    parts = token.split("_", 2)
    if scheme.lower() != "bearer" or len(parts) != 3:
        return None
    key = await database.api_keys.find_one({"prefix": parts[1]})
    if key is None or not hmac.compare_digest(key["secret_hash"], digest_secret(token)):
        return None
    moment = now()
    if key["revoked_at"] is not None or (key["expires_at"] and key["expires_at"] <= moment):
        return None
    if key["last_used_at"] is None or moment - key["last_used_at"] > LAST_USED_STEP:
        await database.api_keys.update_one({"_id": key["_id"]}, {"$max": {"last_used_at": moment}})
    return key


def can_see(viewer: Document, account_id: ObjectId) -> bool:
    return viewer["account_ids"] is None or account_id in viewer["account_ids"]


async def find_all(
    database: AsyncDatabase[Document], name: str, ids: Iterable[Any]
) -> dict[ObjectId, Document]:
    found = database[name].find({"_id": {"$in": [one for one in ids if one is not None]}})
    return {document["_id"]: document for document in await found.to_list()}


async def count_unread(
    database: AsyncDatabase[Document], ids: list[ObjectId]
) -> dict[ObjectId, int]:
    groups = await database.messages.aggregate(list_unread_stages(ids))
    return {group["_id"]: group["unread"] for group in await groups.to_list()}


def choose_conversations(viewer: Document, request: Request) -> Document:
    account, after = request.query_params.get("account"), request.query_params.get("after")
    visible = viewer["account_ids"]
    shown: Document = {} if visible is None else {"account_id": {"$in": visible}}
    if account is not None:
        shown = {"$and": [shown, {"account_id": ObjectId(account)}]}
    return {"$and": [shown, behind(after)]} if after else shown


def behind(cursor: str) -> Document:
    _, since, last = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    return match_behind(EPOCH + since * MILLISECOND, ObjectId(last))


async def answer_inbox(request: Request) -> Response:
    database: AsyncDatabase[Document] = request.state.database
    viewer = await find_viewer(database, request)
    if viewer is None:
        return Response(status_code=401)
    shown = choose_conversations(viewer, request)
    newest = database.conversations.find(shown).sort({"last_activity_at": -1, "_id": -1})
    found = await newest.limit(PAGE_SIZE + 1).to_list()
    page = found[:PAGE_SIZE]
    contacts, messages, unread = await asyncio.gather(
        find_all(database, "contacts", (one["contact_id"] for one in page)),
        find_all(database, "messages", (one["last_message_id"] for one in page)),
        count_unread(database, [one["_id"] for one in page]),
    )
    users = await find_all(database, "users", (one["user_id"] for one in contacts.values()))
    moment = now()
    nodes = []
    for one in page:
        contact = contacts[one["contact_id"]]
        user = users.get(contact["user_id"])
        message = messages.get(one["last_message_id"])
        inbound_at = one["last_inbound_at"]
        expires_at = inbound_at and inbound_at + SERVICE_WINDOW
        nodes.append(
            {
                "id": encode_id("Conversation", one["_id"]),
                "status": one["status"],
                "tags": one["tags"],
                "unreadCount": unread.get(one["_id"], 0),
                "lastActivityAt": one["last_activity_at"],
                "serviceWindow": {
                    "isOpen": expires_at is not None and moment < expires_at,
                    "expiresAt": expires_at,
                },
                "contact": {
                    "id": encode_id("Contact", contact["_id"]),
                    "profileName": contact["profile_name"],
                    "phoneNumber": contact["phone_number"],
                    "user": user and {"id": encode_id("User", user["_id"]), "name": user["name"]},
                },
                "lastMessage": message and show_message(message),
            }
        )
    return answer({"conversations": connect("activity", "last_activity_at", found, nodes)})


async def find_conversation(request: Request, viewer: Document) -> Document | None:
    text = request.path_params["id"]
    if not ObjectId.is_valid(text):
        return None
    found = await request.state.database.conversations.find_one({"_id": ObjectId(text)})
    return found if found is not None and can_see(viewer, found["account_id"]) else None


async def answer_small(request: Request) -> Response:
    viewer = await find_viewer(request.state.database, request)
    if viewer is None:
        return Response(status_code=401)
    found = await find_conversation(request, viewer)
    shown = found and {
        "id": encode_id("Conversation", found["_id"]),
        "status": found["status"],
        "lastActivityAt": found["last_activity_at"],
    }
    return answer({"conversation": shown})


async def answer_messages(request: Request) -> Response:
    database: AsyncDatabase[Document] = request.state.database
    viewer = await find_viewer(database, request)
    if viewer is None:
        return Response(status_code=401)
    conversation = await find_conversation(request, viewer)
    if conversation is None:
        return answer({"conversation": None})
    said = {"conversation_id": conversation["_id"], **NO_OWN_REACTIONS}
    newest = database.messages.find(said).sort({"timestamp": -1, "_id": -1})
    found = await newest.limit(PAGE_SIZE + 1).to_list()
    page = found[:PAGE_SIZE]
    stored = [one["_id"] for one in page if one["media_state"] == "STORED"]
    media = await find_all(database, "media", stored) if stored else {}
    nodes = [
        {
            **show_message(one),
            "content": None if one["deleted_at"] else show_content(one, media.get(one["_id"])),
            "statusHistory": list_history(one["status_times"]),
            "errors": [{"code": it["code"], "title": it["title"]} for it in one["errors"]],
            "reactions": [
                {"emoji": it["emoji"], "at": it["at"]} for it in one["reactions"] if it["emoji"]
            ],
        }
        for one in page
    ]
    messages = connect("timestamp", "timestamp", found, nodes)
    shown = {"id": encode_id("Conversation", conversation["_id"]), "messages": messages}
    return answer({"conversation": shown})


def show_message(message: Document) -> Document:
    is_inbound = message["direction"] == "INBOUND"
    return {
        "id": encode_id("Message", message["_id"]),
        "direction": message["direction"],
        "type": message["type"].upper(),
        "text": message["text"] if message["deleted_at"] is None else None,
        "status": "RECEIVED" if is_inbound else STATUS_NAMES[message["status_rank"] // 10],
        "timestamp": message["timestamp"],
    }


def show_content(message: Document, media: Document | None) -> Document:
    """Returns the content types that the compared operation selects."""
    kind, content = message["type"], message["content"]
    if kind == "text":
        return {"__typename": "TextContent", "body": content["body"]}
    if kind == "location":
        place = {"latitude": content["latitude"], "longitude": content["longitude"]}
        return {"__typename": "LocationContent", **place, "name": content.get("name")}
    if kind in MEDIA_TYPES and content:
        return {
            "__typename": "MediaContent",
            "kind": kind.upper(),
            "caption": content.get("caption"),
            "mimeType": content.get("mime_type") or (media and media["mime_type"]),
            "sizeBytes": media and media["size_bytes"],
        }
    return {"__typename": "UnsupportedContent"}


def list_history(times: Mapping[str, datetime]) -> list[Document]:
    keys = sorted((key for key in times if key in STATUS_RANKS), key=STATUS_RANKS.__getitem__)
    return [{"status": key.upper(), "at": times[key]} for key in keys]


async def receive_webhook(request: Request) -> Response:
    body = await request.body()
    secret: str = request.state.secret
    if not is_signed(body, secret, header=request.headers.get("x-hub-signature-256", "")):
        return Response(status_code=403)
    digest, moment = digest_secret(secret), now()
    event = {
        "_id": make_event_id(digest, body),
        "body": Binary(body),
        "secret_digest": digest,
        "received_at": moment,
        "state": "RECEIVED",
        "lease_until": moment + WEBHOOK_LEASE,
        "attempts": 0,
        "processed_at": None,
    }
    with suppress(DuplicateKeyError):  # already stored
        await request.state.database.webhook_events.insert_one(event)
    return Response()


async def answer_ready(request: Request) -> Response:
    await request.state.database.command("ping")
    return Response("ready\n")


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[Document]:
    client: AsyncMongoClient[Document] = AsyncMongoClient(
        os.environ["MONGODB_URI"], w="majority", journal=True
    )
    async with client:
        database = client[os.environ["MONGODB_DATABASE"]]
        yield {"database": database, "secret": os.environ["META_APP_SECRET"]}


app = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/readyz", answer_ready),
        Route("/inbox", answer_inbox),
        Route("/messages/{id}", answer_messages),
        Route("/small/{id}", answer_small),
        Route("/webhooks/whatsapp", receive_webhook, methods=["POST"]),
    ],
)


if __name__ == "__main__":
    serve(app, loop="uvloop", http="httptools", server_header=False)
