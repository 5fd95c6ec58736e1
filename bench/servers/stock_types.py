"""GraphQL types of `bench.servers.stock`, which read Beanie documents."""

from datetime import UTC, datetime
from typing import Annotated, Any

import strawberry
from beanie import PydanticObjectId

import models
from bench.servers.contender_parts import MEDIA_TYPES, PAGE_SIZE, SERVICE_WINDOW
from graph.core.enums import ConversationStatus, MessageDirection, MessageStatus
from graph.core.pages import BY_TIMESTAMP, Order, write_cursor
from telemetry.global_ids import encode_id

Info = strawberry.Info[dict[str, Any], object]


@strawberry.type
class TextContent:
    body: str


@strawberry.type
class LocationContent:
    latitude: float
    longitude: float
    name: str | None


@strawberry.type
class MediaContent:
    kind: str
    caption: str | None
    mime_type: str | None
    message: strawberry.Private[models.Message]

    @strawberry.field
    async def size_bytes(self, info: Info) -> int | None:
        if self.message.media_state is not models.MediaState.STORED:
            return None
        media = await info.context["media"].load(self.message.id)
        return media.size_bytes if media else None


@strawberry.type
class UnsupportedContent:
    type: str


Content = Annotated[
    TextContent | LocationContent | MediaContent | UnsupportedContent,
    strawberry.union("MessageContent"),
]


@strawberry.type
class MessageStatusTime:
    status: MessageStatus
    at: datetime


@strawberry.type
class MessageError:
    code: int
    title: str | None


@strawberry.type
class MessageReaction:
    emoji: str
    at: datetime


@strawberry.type
class Message:
    id: strawberry.ID
    direction: MessageDirection
    type: str
    text: str | None
    status: MessageStatus
    timestamp: datetime
    document: strawberry.Private[models.Message]

    @strawberry.field
    def content(self) -> Content:
        content, kind = self.document.content, self.document.type
        if kind == "text":
            return TextContent(body=content["body"])
        if kind == "location":
            latitude, longitude = float(content["latitude"]), float(content["longitude"])
            return LocationContent(latitude=latitude, longitude=longitude, name=content.get("name"))
        if kind in MEDIA_TYPES:
            return MediaContent(
                kind=kind.upper(),
                caption=content.get("caption"),
                mime_type=content.get("mime_type"),
                message=self.document,
            )
        return UnsupportedContent(type=kind)

    @strawberry.field
    def status_history(self) -> list[MessageStatusTime]:
        reached = [
            MessageStatusTime(status=models.MessageStatus(key.upper()), at=at)
            for key, at in self.document.status_times.items()
        ]
        return sorted(reached, key=lambda one: one.status.rank)

    @strawberry.field
    def errors(self) -> list[MessageError]:
        return [MessageError(code=one.code, title=one.title) for one in self.document.errors]

    @strawberry.field
    def reactions(self) -> list[MessageReaction]:
        stored = self.document.reactions
        return [MessageReaction(emoji=it["emoji"], at=it["at"]) for it in stored if it["emoji"]]

    @classmethod
    def from_document(cls, document: models.Message) -> "Message":
        is_inbound = document.direction is models.MessageDirection.INBOUND
        return cls(
            id=strawberry.ID(encode_id("Message", document.id)),
            direction=document.direction,
            type=document.type.upper(),
            text=document.text,
            status=models.MessageStatus.RECEIVED if is_inbound else document.status,
            timestamp=document.timestamp,
            document=document,
        )


@strawberry.type
class User:
    id: strawberry.ID
    name: str | None


@strawberry.type
class Contact:
    id: strawberry.ID
    profile_name: str | None
    phone_number: str | None
    user_id: strawberry.Private[PydanticObjectId | None]

    @strawberry.field
    async def user(self, info: Info) -> User | None:
        if self.user_id is None:
            return None
        found = await info.context["users"].load(self.user_id)
        return User(id=strawberry.ID(encode_id("User", found.id)), name=found.name)


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class MessageEdge:
    cursor: str
    node: Message


@strawberry.type
class MessageConnection:
    edges: list[MessageEdge]
    page_info: PageInfo


@strawberry.type
class ServiceWindow:
    is_open: bool
    expires_at: datetime | None


@strawberry.type
class Conversation:
    id: strawberry.ID
    status: ConversationStatus
    tags: list[str]
    last_activity_at: datetime
    document: strawberry.Private[models.Conversation]

    @strawberry.field
    async def unread_count(self, info: Info) -> int:
        unread: int = await info.context["unread"].load(self.document.id)
        return unread

    @strawberry.field
    def service_window(self) -> ServiceWindow:
        at = self.document.last_inbound_at
        expires_at = None if at is None else at + SERVICE_WINDOW
        is_open = expires_at is not None and datetime.now(UTC) < expires_at
        return ServiceWindow(is_open=is_open, expires_at=expires_at)

    @strawberry.field
    async def contact(self, info: Info) -> Contact:
        found = await info.context["contacts"].load(self.document.contact_id)
        return Contact(
            id=strawberry.ID(encode_id("Contact", found.id)),
            profile_name=found.profile_name,
            phone_number=found.phone_number,
            user_id=found.user_id,
        )

    @strawberry.field
    async def last_message(self, info: Info) -> Message | None:
        if self.document.last_message_id is None:
            return None
        found = await info.context["messages"].load(self.document.last_message_id)
        return Message.from_document(found)

    @strawberry.field
    async def messages(self, first: int = PAGE_SIZE) -> MessageConnection:
        said = {"conversation_id": self.document.id, **models.NO_OWN_REACTIONS}
        newest = models.Message.find(said).sort("-timestamp", "-_id").limit(first + 1)
        found, page_info = cut(await newest.to_list(), first, BY_TIMESTAMP)
        edges = [
            MessageEdge(cursor=write_cursor(BY_TIMESTAMP, one), node=Message.from_document(one))
            for one in found
        ]
        return MessageConnection(edges=edges, page_info=page_info)

    @classmethod
    def from_document(cls, document: models.Conversation) -> "Conversation":
        return cls(
            id=strawberry.ID(encode_id("Conversation", document.id)),
            status=document.status,
            tags=document.tags,
            last_activity_at=document.last_activity_at,
            document=document,
        )


def cut(found: list[Any], size: int, order: Order) -> tuple[list[Any], PageInfo]:
    page = found[:size]
    end = write_cursor(order, page[-1]) if page else None
    return page, PageInfo(has_next_page=len(found) > size, end_cursor=end)
