"""Stock Strawberry: types, Beanie and Starlette as in their tutorials, without tuning.

A team's first version: `python -m bench.servers.stock`. It reads wagraph's documents and gives
the same responses to the compared operations; its webhook writes each document separately.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import orjson
import strawberry
from beanie import Document, PydanticObjectId
from broadcaster import Broadcast
from pymongo.errors import DuplicateKeyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.dataloader import DataLoader
from strawberry.exceptions import ConnectionRejectionError

import models
from bench.load.signature import is_signed
from bench.servers.contender_parts import (
    PAGE_SIZE,
    WEBHOOK_LEASE,
    list_unread_stages,
    make_event_id,
    match_behind,
    serve,
)
from bench.servers.stock_types import Conversation, Info, Message, PageInfo, cut
from graph.core.ids import parse_id
from graph.core.pages import BY_ACTIVITY, read_cursor, write_cursor
from models.connection import create_client, prepare_database
from models.database.base import DEFAULT_WORKSPACE_ID, collection, utc_now
from whatsapp.auth.access import Viewer
from whatsapp.auth.api_keys import authenticate_api_key
from whatsapp.common.crypto import digest_secret

WORKERS = 16

broadcast = Broadcast("memory://")


def by_id(document_class: type[Document]) -> DataLoader[Any, Any]:
    async def load(ids: list[Any]) -> list[Any]:
        documents = await document_class.find({"_id": {"$in": ids}}).to_list()
        found = {document.id: document for document in documents}
        return [found.get(one) for one in ids]

    return DataLoader(load)


async def count_unread(ids: list[PydanticObjectId]) -> list[int]:
    groups = await models.Message.aggregate(list_unread_stages(ids)).to_list()
    counts = {one["_id"]: one["unread"] for one in groups}
    return [counts.get(one, 0) for one in ids]


def create_loaders() -> dict[str, DataLoader[Any, Any]]:
    return {
        "contacts": by_id(models.Contact),
        "media": by_id(models.Media),
        "messages": by_id(models.Message),
        "users": by_id(models.User),
        "unread": DataLoader(count_unread),
    }


@strawberry.type
class ConversationEdge:
    cursor: str
    node: Conversation


@strawberry.type
class ConversationConnection:
    edges: list[ConversationEdge]
    page_info: PageInfo


@strawberry.type
class Query:
    @strawberry.field
    async def conversation(self, info: Info, id: strawberry.ID) -> Conversation | None:
        conversation_id = parse_id(id, "Conversation")
        if conversation_id is None:
            return None
        found = await models.Conversation.get(conversation_id)
        is_shown = found is not None and require_viewer(info).can_see(found)
        return Conversation.from_document(found) if found and is_shown else None

    @strawberry.field
    async def conversations(
        self,
        info: Info,
        account_id: strawberry.ID | None = None,
        first: int = PAGE_SIZE,
        after: str | None = None,
    ) -> ConversationConnection:
        shown = require_viewer(info).limit_accounts()
        if account_id is not None:
            shown = {"$and": [shown, {"account_id": parse_id(account_id, "Account")}]}
        if after is not None:
            shown = {"$and": [shown, match_behind(*read_cursor(BY_ACTIVITY, after))]}
        newest = models.Conversation.find(shown).sort("-last_activity_at", "-_id")
        found, page_info = cut(await newest.limit(first + 1).to_list(), first, BY_ACTIVITY)
        edges = [
            ConversationEdge(
                cursor=write_cursor(BY_ACTIVITY, one), node=Conversation.from_document(one)
            )
            for one in found
        ]
        return ConversationConnection(edges=edges, page_info=page_info)


@strawberry.type
class MessageAdded:
    cursor: str
    at: datetime
    message: Message


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def message_added(
        self,
        info: Info,
        conversation_id: strawberry.ID | None = None,
        after: str | None = None,  # noqa: ARG002 - memory can't resume
    ) -> AsyncGenerator[MessageAdded, None]:
        viewer = require_viewer(info)
        wanted = None if conversation_id is None else parse_id(conversation_id, "Conversation")
        async with broadcast.subscribe("messages") as subscriber:
            async for document, cursor, at in list_events(subscriber):
                if wanted not in (None, document.conversation_id):
                    continue
                if viewer.can_see(document):
                    message = Message.from_document(document)
                    yield MessageAdded(cursor=cursor, at=at, message=message)


async def list_events(subscriber: Any) -> AsyncIterator[tuple[models.Message, str, datetime]]:
    async for event in subscriber:
        yield event.message


def require_viewer(info: Info) -> Viewer:
    viewer: Viewer | None = info.context["viewer"]
    if viewer is None:
        raise PermissionError("Send a valid API key in the header `Authorization: Bearer ...`.")
    return viewer


class Endpoint(GraphQL[dict[str, Any], object]):
    async def get_context(
        self, request: Request | WebSocket, response: Response | WebSocket
    ) -> dict[str, Any]:
        viewer = await sign_in(request.headers.get("authorization"))
        return {"request": request, "response": response, "viewer": viewer, **create_loaders()}

    async def on_ws_connect(self, context: dict[str, Any]) -> dict[str, object]:
        params = context["connection_params"] or {}
        context["viewer"] = await sign_in(params.get("Authorization"))
        if context["viewer"] is None:
            raise ConnectionRejectionError
        return {}


async def sign_in(header: str | None) -> Viewer | None:
    return await authenticate_api_key((header or "").removeprefix("Bearer ").strip())


async def watch_messages() -> None:
    pipeline = [{"$match": {"operationType": "insert"}}]
    async with await collection(models.Message).watch(pipeline) as stream:
        async for change in stream:
            document = models.Message.model_validate(change["fullDocument"])
            event: Any = (document, change["_id"]["_data"], change["wallTime"])
            await broadcast.publish("messages", event)


processing = asyncio.Semaphore(WORKERS)
background: set[asyncio.Task[None]] = set()


async def receive_webhook(request: Request) -> Response:
    body, secret = await request.body(), os.environ["META_APP_SECRET"]
    if not is_signed(body, secret, header=request.headers.get("x-hub-signature-256", "")):
        return Response(status_code=403)
    digest = digest_secret(secret)
    event = models.WebhookEvent(
        id=make_event_id(digest, body),
        body=body,
        secret_digest=digest,
        lease_until=utc_now() + WEBHOOK_LEASE,
    )
    try:
        await event.insert()
    except DuplicateKeyError:
        return Response()
    task = asyncio.create_task(process(event))
    background.add(task)
    task.add_done_callback(background.discard)
    return Response()


async def process(event: models.WebhookEvent) -> None:
    async with processing:
        for entry in orjson.loads(event.body)["entry"]:
            for change in entry["changes"]:
                await apply_value(change["value"])
        await event.set({"state": models.EventState.PROCESSED, "processed_at": utc_now()})


async def apply_value(value: dict[str, Any]) -> None:
    number = value["metadata"]["phone_number_id"]
    account = await models.Account.find_one({"phone_number_id": number})
    if account is None:
        return
    names = {one["wa_id"]: one["profile"]["name"] for one in value.get("contacts", [])}
    for message in value.get("messages", []):
        await store_message(account.id, message, names.get(message["from"]))
    for status in value.get("statuses", []):
        await store_status(account.id, status)


async def store_message(
    account_id: PydanticObjectId, item: dict[str, Any], name: str | None
) -> None:
    contact = await find_contact(account_id, item["from"], name)
    conversation = await find_conversation(contact)
    at = datetime.fromtimestamp(int(item["timestamp"]), UTC)
    message = models.Message(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=account_id,
        conversation_id=conversation.id,
        contact_id=contact.id,
        direction=models.MessageDirection.INBOUND,
        type=item["type"],
        content=item[item["type"]],
        text=item[item["type"]].get("body", f"[{item['type']}]"),
        wamid=item["id"],
        timestamp=at,
        unread=True,
        status_times={"received": at},
        status_rank=0,
    )
    try:
        await message.insert()
    except DuplicateKeyError:
        return
    await conversation.set(
        {
            "last_message_id": message.id,
            "last_message_at": at,
            "last_inbound_at": at,
            "last_activity_at": at,
            "updated_at": utc_now(),
        }
    )


async def find_contact(
    account_id: PydanticObjectId, wa_id: str, name: str | None
) -> models.Contact:
    identity = {"kind": "wa_id", "value": wa_id}
    key = {"account_id": account_id, "identities": {"$elemMatch": identity}}
    contact = await models.Contact.find_one(key)
    if contact is not None:
        return contact
    user = await models.User.find_one({"phone": f"+{wa_id}"})
    user = user or models.User(
        workspace_id=DEFAULT_WORKSPACE_ID, name=name, phone=f"+{wa_id}", account_ids=[account_id]
    )
    contact = models.Contact(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=account_id,
        identities=[models.Identity(kind=models.IdentityKind.WA_ID, value=wa_id)],
        wa_id=wa_id,
        phone_number=f"+{wa_id}",
        profile_name=name,
        user_id=user.id,
    )
    try:
        await user.save()
        await contact.insert()
    except DuplicateKeyError:  # a concurrent webhook of the same customer
        return await find_contact(account_id, wa_id, name)
    return contact


async def find_conversation(contact: models.Contact) -> models.Conversation:
    key = {"account_id": contact.account_id, "contact_id": contact.id}
    conversation = await models.Conversation.find_one(key)
    if conversation is not None:
        return conversation
    try:
        return await models.Conversation(workspace_id=DEFAULT_WORKSPACE_ID, **key).insert()
    except DuplicateKeyError:
        return await find_conversation(contact)


async def store_status(account_id: PydanticObjectId, item: dict[str, Any]) -> None:
    status = models.MessageStatus(item["status"].upper())
    at = datetime.fromtimestamp(int(item["timestamp"]), UTC)
    ours = str(item.get("biz_opaque_callback_data"))
    known = {"_id": PydanticObjectId(ours)} if PydanticObjectId.is_valid(ours) else {}
    message = await models.Message.find_one(known or {"wamid": item["id"]})
    if message is not None and message.account_id == account_id:
        await message.update(
            {
                "$min": {f"status_times.{status.key}": at},
                "$max": {"status_rank": status.rank},
                "$set": {"wamid": item["id"]},
            }
        )


async def answer_ready(_request: Request) -> Response:
    return Response("ready\n")


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    async with create_client(os.environ["MONGODB_URI"]) as client, broadcast:
        await prepare_database(client[os.environ["MONGODB_DATABASE"]])
        watcher = asyncio.create_task(watch_messages())
        yield
        watcher.cancel()


graphql = Endpoint(strawberry.Schema(Query, subscription=Subscription))
app = Starlette(
    lifespan=lifespan,
    routes=[
        Route("/readyz", answer_ready),
        Route("/webhooks/whatsapp", receive_webhook, methods=["POST"]),
        Route("/graphql", graphql),
        WebSocketRoute("/graphql", graphql),
    ],
)


if __name__ == "__main__":
    serve(app)
