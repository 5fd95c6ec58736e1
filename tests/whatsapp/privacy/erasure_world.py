"""A world in which two customers left data in every place, each with an own canary."""

import json
import time
from dataclasses import dataclass, field
from typing import Any

from bson import encode

from models import Account, Contact, EventState, MediaState, Message, WebhookEvent
from models.database.base import collection
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.webhooks.webhook_bodies import encode_like_meta
from sandbox.world.media import describe_for_webhook
from telemetry.global_ids import encode_id
from tests.fixtures.files import PNG
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.templates import SYNC
from tests.fixtures.uploads import send_file
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import WebhookClient, make_body, make_change, make_message
from tests.fixtures.world import NUMBER

GONE, KEPT = "zqgone", "zqkept"
"""The canaries of the erased and of the other customer."""
DELETE = """mutation ($id: ID!) { done: deleteContact(input: {contactId: $id}) {
  deletedContactId userErrors { code } } }"""
ENABLE = "mutation ($id: ID!) { enableAccount(input: {accountId: $id}) { userErrors { code } } }"
DISABLE = ENABLE.replace("enable", "disable")
CHANGE = """mutation ($id: ID!, $conversation: ID!, $name: String!, $attributes: JSON!) {
  a: updateContact(input: {contactId: $id, name: $name, attributes: $attributes, tags: [$name]})
    { userErrors { code } }
  b: addNote(input: {conversationId: $conversation, body: $name}) { userErrors { code } }
  c: updateConversation(input: {conversationId: $conversation, tags: [$name]})
    { userErrors { code } }
  d: closeConversation(input: {conversationId: $conversation}) { userErrors { code } } }"""
SEND = """mutation ($input: SendMessageInput!) { done: sendMessage(input: $input) {
  message { id } userErrors { code message } } }"""
QUICK_REPLY = """mutation ($input: CreateQuickReplyInput!) { done: createQuickReply(input: $input) {
  quickReply { id } userErrors { code } } }"""


@dataclass
class Customer:
    canary: str
    phone: str
    bsuid: str

    def message(self, type: str = "text", content: Any = None, **more: Any) -> dict[str, Any]:
        if type == "text" and content is None:
            content = {"body": f"{self.canary} text"}
        wamid = f"wamid.{self.canary}{time.time_ns()}"
        values = {"sender": self.phone, "wamid": wamid, "from_user_id": self.bsuid} | more
        return make_message(type, content, **values)

    @property
    def contact(self) -> dict[str, Any]:
        profile = {"name": f"{self.canary} profile", "username": f"{self.canary}.user"}
        return {"profile": profile, "wa_id": self.phone, "user_id": self.bsuid}


@dataclass
class ErasureWorld:
    admin: GraphQLClient
    webhook: WebhookClient
    account: Account
    meta: FakeMeta
    gone: Customer = field(default_factory=lambda: Customer(GONE, "4915155501234", "DE.zqgone1"))
    kept: Customer = field(default_factory=lambda: Customer(KEPT, "4915155509876", "DE.zqkept1"))
    bodies: list[bytes] = field(default_factory=list)
    """All webhooks so far, which Meta may repeat."""
    contact_id: str = ""

    async def fill(self) -> None:
        await self._write_messages()
        await self._work_with_them()
        await self._report_changes()
        await self._leave_dead_letters()
        await self.settle()

    async def settle(self) -> None:
        async def is_settled() -> bool:
            pending = {"media_state": MediaState.PENDING.value}
            received = {"state": EventState.RECEIVED.value}
            return not await WebhookEvent.find(received).count() and not (
                await Message.find(pending).count()
            )

        await eventually(is_settled)

    async def post(self, body: bytes, **more: Any) -> None:
        self.bodies.append(body)
        assert (await self.webhook.post(body, **more)).status_code == 200

    async def post_items(self, **items: list[dict[str, Any]]) -> None:
        """Posts one body about both customers."""
        change = make_change(NUMBER, contacts=[self.gone.contact, self.kept.contact], **items)
        await self.post(encode_like_meta(make_body(NUMBER, change)))

    async def post_field(self, name: str, **value: Any) -> None:
        change = make_change(NUMBER, contacts=[self.gone.contact, self.kept.contact])
        change = {"field": name, "value": change["value"] | value}
        await self.post(encode_like_meta(make_body(NUMBER, change)))

    def each(self, type: str = "text", make: Any = None, **more: Any) -> list[dict[str, Any]]:
        customers = (self.gone, self.kept)
        return [one.message(type, make(one) if make else None, **more) for one in customers]

    async def _write_messages(self) -> None:
        # The erased customer's message alone, then batches of both.
        await self.post_items(messages=[self.gone.message()])
        await self.post_items(messages=self.each())
        await self.settle()
        contact = await Contact.find_one({"wa_id": self.gone.phone})
        assert contact is not None
        self.contact_id = encode_id("Contact", contact.id)
        location = {"latitude": 1, "longitude": 2, "name": GONE}
        unknown = {"messages": [{"any": GONE}]}
        pictures = []
        for one in (self.gone, self.kept):
            stored = self.meta.media.add(
                PNG + one.canary.encode(),
                phone_number_id=self.account.phone_number_id,
                mime_type="image/png",
            )
            described = describe_for_webhook(stored, url="https://lookaside.fbsbx.com/x")
            pictures.append(one.message("image", described | {"caption": one.canary}))
        await self.post_items(messages=pictures)
        await self.post_items(
            messages=[
                self.gone.message("location", location),
                self.gone.message("never_seen", unknown),
                self.gone.message("text", group_id="GROUP"),
                *self.each("reaction", _react_to_unknown),
                *self.each("edit", _edit_unknown),
                self._react_to_other(),
                # A card that the other customer sent names the erased one by a name only.
                self.kept.message("contacts", [{"name": {"formatted_name": f"{KEPT} friend"}}]),
            ]
        )

    def _react_to_other(self) -> dict[str, Any]:
        [target] = [
            item
            for item in json.loads(self.bodies[1])["entry"][0]["changes"][0]["value"]["messages"]
            if item["from"] == self.kept.phone
        ]
        return self.gone.message("reaction", {"message_id": target["id"], "emoji": "👍"})

    async def _work_with_them(self) -> None:
        for one in (self.gone, self.kept):
            contact = await Contact.find_one({"wa_id": one.phone})
            assert contact is not None
            conversation = await collection(Message).find_one({"contact_id": contact.id})
            assert conversation is not None
            to = encode_id("Conversation", conversation["conversation_id"])
            attributes = {"key": f"{one.canary} value"}
            ids = {"id": id_of(contact), "conversation": to}
            data = await self.admin(CHANGE, **ids, name=f"{one.canary} note", attributes=attributes)
            assert all(not payload["userErrors"] for payload in data.values()), data
            text = {"to": {"conversationId": to}, "content": {"text": {"body": one.canary}}}
            assert not (await self.admin(SEND, input=text))["done"]["userErrors"]
            file = (f"{one.canary}.png", PNG + f"{one.canary} upload".encode(), "image/png")
            payload = await send_file(self.admin, {"conversationId": to}, "image", file)
            assert payload["userErrors"] == []
        await self.admin(SYNC, id=id_of(self.account))
        filled = [{"value": {"text": GONE}}, {"value": {"text": f"{GONE} 2"}}]
        suffix = [{"index": 0, "value": {"urlSuffix": GONE}}]
        reference = {"byName": {"name": "order_shipped", "language": "en_US"}}
        parameters = {"body": filled, "buttons": suffix}
        template = {"template": {"reference": reference, "parameters": parameters}}
        values = {"to": {"contactId": self.contact_id}, "content": template}
        payload = (await self.admin(SEND, input=values))["done"]
        assert payload["userErrors"] == []
        reply = {"accountId": id_of(self.account), "shortcut": "hi", "text": f"{KEPT} reply"}
        await self.admin(QUICK_REPLY, input=reply)

    async def _report_changes(self) -> None:
        at = str(int(time.time()))
        never = [
            {
                "id": f"wamid.{one.canary}never{number}",
                "recipient_id": one.phone,
                "status": "sent",
                "timestamp": at,
                "biz_opaque_callback_data": one.canary,
            }
            for one in (self.gone, self.kept)
            for number in range(2)
        ]
        await self.post_items(statuses=never)
        both = (self.gone, self.kept)
        echoes = [
            make_message("text", {"body": f"{one.canary} echo"}, sender="15550783881", to=one.phone)
            for one in both
        ]
        await self.post_field("smb_message_echoes", message_echoes=echoes)
        calls = [
            {
                "id": f"wacid.{one.canary}",
                "from": one.phone,
                "to": "15550783881",
                "event": "connect",
                "direction": "USER_INITIATED",
                "timestamp": at,
            }
            for one in both
        ]
        await self.post_field("calls", calls=calls)
        await self.post_field("history", history=[self.make_history()])
        synced = [
            {"type": "contact", "contact": {"full_name": one.canary, "phone_number": one.phone}}
            for one in both
        ]
        await self.post_field("smb_app_state_sync", state_sync=synced)
        joined = [{"wa_id": one.phone, "username": one.canary} for one in both]
        groups = [{"group_id": "G", "type": "add", "added_participants": joined}]
        await self.post_field("group_participants_update", groups=groups)
        # A change that is about the erased customer alone.
        unknown = {"about": {"user_id": self.gone.bsuid, "what": GONE}, "contacts": []}
        await self.post_field("never_seen", **unknown)
        stop = {"category": "marketing_messages", "value": "stop", "detail": GONE}
        choice = {"wa_id": self.gone.phone, "timestamp": at, **stop}
        await self.post_field("user_preferences", user_preferences=[choice])
        moved = {"previous": self.gone.bsuid, "current": "DE.zqgone2"}
        update = {"wa_id": self.gone.phone, "user_id": moved, "timestamp": at}
        await self.post_field("user_id_update", user_id_update=[update])

    def make_history(self) -> dict[str, Any]:
        threads = [
            {
                "id": one.phone,
                "messages": [
                    one.message("text", {"body": f"{one.canary} long ago"}),
                    make_message("text", {"body": f"{one.canary} answer"}, sender="15550783881"),
                ],
            }
            for one in (self.gone, self.kept)
        ]
        return {"metadata": {"phase": 0}, "threads": threads}

    async def _leave_dead_letters(self) -> None:
        without_time = [{**item, "timestamp": None} for item in self.each()]
        await self.post_items(messages=without_time)
        change = make_change(NUMBER, messages=self.each())
        body = encode_like_meta(make_body(NUMBER, change))
        await self.post(body[:-2])
        many = [self.gone.message(), *(self.kept.message() for _ in range(2001))]
        await self.post_items(messages=many)
        await self.settle()
        await self.admin(DISABLE, id=id_of(self.account))
        await self.post_items(messages=self.each())
        await self.post_items(messages=[self.gone.message()])
        await self.post_field("history", history=[self.make_history()])
        await self.settle()

    async def erase(self) -> dict[str, Any]:
        payload: dict[str, Any] = (await self.admin(DELETE, id=self.contact_id))["done"]
        return payload

    async def enable(self) -> None:
        await self.admin(ENABLE, id=id_of(self.account))

    async def find_canaries(self, customer: Customer) -> list[str]:
        """Names the places that hold the customer's canary, phone or ids, byte by byte."""
        marks = [customer.canary.encode(), customer.phone.encode()]
        database = collection(Contact).database
        places = []
        for name in await database.list_collection_names():
            if name.startswith("system."):
                continue
            async for document in database[name].find():
                content = encode(document).lower()
                if any(mark in content for mark in marks):
                    places.append(f"{name} {document.get('_id')}")
        return places


def _react_to_unknown(customer: Customer) -> dict[str, Any]:
    return {"message_id": f"wamid.{customer.canary}unknown", "emoji": "x"}


def _edit_unknown(customer: Customer) -> dict[str, Any]:
    message = {"type": "text", "text": {"body": f"{customer.canary} edited"}}
    return {"original_message_id": f"wamid.{customer.canary}unknown", "message": message}
