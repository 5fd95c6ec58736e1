"""Fills a side by webhooks and mutations: everything that a business has, with its canary."""

from typing import Any

from models import (
    ContactExport,
    EventState,
    ExportState,
    MediaState,
    Message,
    MessageStatus,
    WebhookEvent,
)
from sandbox.cloud_api.fake_meta import FakeMeta
from sandbox.webhooks.webhook_bodies import encode_like_meta
from sandbox.world.media import describe_for_webhook
from tests.fixtures.fields import load_change, make_entry
from tests.fixtures.files import JPEG, MP4, OPUS, PDF, PNG
from tests.fixtures.outbox import is_outbox_empty
from tests.fixtures.payloads import list_payloads, load_payload
from tests.fixtures.templates import add_template
from tests.fixtures.uploads import upload
from tests.fixtures.waiting import eventually
from tests.fixtures.webhooks import make_body, make_change, make_message
from tests.fixtures.world import NUMBER
from tests.isolation.sides import SHARED_PHONE, Side, replace_all

TEXTS = {
    "body", "button", "caption", "description", "details", "filename", "firm", "formatted_name",
    "first_name", "headline", "name", "note", "reason", "summary", "text", "title", "verified_name",
}  # fmt: skip
"""Keys of Meta's JSON with free text."""
FILES = {
    "audio": (OPUS, "audio/ogg"),
    "document": (PDF, "application/pdf"),
    "image": (JPEG, "image/jpeg"),
    "sticker": (PNG, "image/png"),
    "video": (MP4, "video/mp4"),
}
STOPPING = ("account_ban", "account_deleted", "account_offboarded", "account_restricted")
"""Fields that stop an account, so that nothing else could be tried."""
EXCHANGE = "55501"
"""Digits in the numbers of all customers of the corpus."""
IDEMPOTENCY_KEY = "the-same-key-on-both-sides"
ON_ITS_WAY = {
    "status_times.queued": {"$exists": True},
    "status_rank": {"$lt": MessageStatus.READ.rank},
}
"""Messages of which the fake Meta has still to report."""
DONE = "userErrors { code message field }"
REPLY = [{"id": "yes", "title": "Yes"}]


def mark(value: Any, canary: str) -> Any:
    """Puts the canary into all free texts of Meta's JSON."""
    if isinstance(value, list):
        return [mark(item, canary) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: f"{canary} {item}" if key in TEXTS and isinstance(item, str) else mark(item, canary)
        for key, item in value.items()
    }


def add_templates(meta: FakeMeta) -> None:
    """Templates with each kind of file, which the corpus has not."""
    body = {"type": "BODY", "text": "Look"}
    for kind in ("image", "video", "document"):
        header = {"type": "HEADER", "format": kind.upper()}
        add_template(meta, f"header_{kind}", header, body)


class Filling:
    """Fills a side; each step is a flow of the product."""

    def __init__(self, side: Side, meta: FakeMeta) -> None:
        self.side = side
        self.meta = meta

    async def fill(self) -> None:
        await self._receive_corpus()
        await self.settle()
        await self._work()
        await self.settle()
        await self.side.learn_ids()

    async def settle(self) -> None:
        """Waits until all webhooks, files, sends and exports are processed."""

        async def is_settled() -> bool:
            received = {"state": EventState.RECEIVED.value}
            pending = {"media_state": MediaState.PENDING.value}
            running = {"state": {"$in": [ExportState.QUEUED.value, ExportState.RUNNING.value]}}
            return (
                not await WebhookEvent.find(received).count()
                and not await Message.find(pending).count()
                and not await ContactExport.find(running).count()
                and await is_outbox_empty()
                and not await Message.find(ON_ITS_WAY).count()
            )

        await eventually(is_settled)

    async def post(self, body: dict[str, Any]) -> None:
        await self.side.webhook.deliver(encode_like_meta(body))

    async def receive(
        self, *messages: dict[str, Any], phone: str | None = None, name: str | None = None
    ) -> None:
        contact = {"profile": {"name": name or f"{self.side.canary} profile"}}
        contacts = [contact | {"wa_id": phone or self.side.phone}]
        change = make_change(self.side.number, messages=list(messages), contacts=contacts)
        await self.post(make_body(self.side.number, change))

    def adapt(self, value: Any) -> Any:
        """A part of the corpus as it would be on this side."""
        number = self.side.number
        words = {
            EXCHANGE: self.side.exchange,
            NUMBER.display_phone_number: number.display_phone_number,
            NUMBER.phone_number_id: number.phone_number_id,
            NUMBER.business_account_id: number.business_account_id,
        }
        return mark(replace_all(value, words), self.side.canary)

    async def _receive_corpus(self) -> None:
        messages = [self._add_file(load_payload(name)) for name in list_payloads("message")]
        await self.receive(*self.adapt(messages))
        await self.settle()
        statuses = self.adapt([load_payload(name) for name in list_payloads("status")])
        await self.post(
            make_body(self.side.number, make_change(self.side.number, statuses=statuses))
        )
        for name in list_payloads("field"):
            kind = name.removeprefix("field_")
            if not kind.startswith(STOPPING):
                change = self.adapt(load_change(kind))
                await self.post(make_entry(change, business=self.side.number.business_account_id))
        # A message without a time is a dead letter.
        canary = self.side.canary
        broken = make_message("text", {"body": f"{canary} dead letter"}, sender=self.side.phone)
        await self.receive(broken | {"timestamp": None})

    def _add_file(self, item: dict[str, Any]) -> dict[str, Any]:
        content = item.get(item["type"])
        if item["type"] not in FILES or not isinstance(content, dict) or "id" not in content:
            return item
        data, mime_type = FILES[item["type"]]
        stored = self.meta.media.add(
            data + self.side.canary.encode(),
            phone_number_id=self.side.number.phone_number_id,
            mime_type=mime_type,
        )
        described = describe_for_webhook(stored, url="https://lookaside.fbsbx.com/x")
        return item | {item["type"]: content | described}

    async def mutate(self, mutation: str, selection: str = "", /, **values: Any) -> Any:
        """Runs a mutation that must succeed."""
        kind = mutation[0].upper() + mutation[1:]
        document = f"""mutation ($input: {kind}Input!) {{
          done: {mutation}(input: $input) {{ {selection} {DONE} }} }}"""
        payload = (await self.side.client(document, input=values))["done"]
        assert payload["userErrors"] == [], (mutation, payload)
        return payload

    async def _work(self) -> None:
        side, canary = self.side, self.side.canary
        account = {"accountId": side.texts["accountId"]}
        await self.receive(make_message("text", {"body": f"{canary} now"}, sender=side.phone))
        await self.settle()
        contact, conversation = await self._find_customer()
        # A customer of this side alone.
        lonely = side.texts["phone"].removeprefix("+")
        item = make_message(sender=lonely)
        item["from_user_id"] = side.texts["businessScopedUserId"]
        await self.receive(item, phone=lonely)
        # A customer of both sides: within a workspace, one person.
        shared = make_message(sender=SHARED_PHONE)
        await self.receive(shared, phone=SHARED_PHONE, name="Shared")
        agent = await self.mutate(
            "createAgent",
            "agent { id }",
            name=f"{canary} colleague",
            email=f"{canary}@example.com",
            accountIds=[side.texts["accountId"]],
        )
        colleague = agent["agent"]["id"]
        await self.mutate(
            "createApiKey",
            name=f"{canary} key",
            role="AGENT",
            agentId=colleague,
            accountIds=[side.texts["accountId"]],
        )
        await self._sync_templates()
        await self.mutate("checkAccount", **account)
        file = (f"{canary}.png", PNG + canary.encode(), "image/png")
        uploaded = await upload(side.client, side.account, file)
        assert uploaded["userErrors"] == []
        for shortcut in ("hello", side.texts["shortcut"]):
            reply = {"shortcut": shortcut, "text": f"{canary} reply"}
            await self.mutate(
                "createQuickReply", **account, **reply, uploadId=uploaded["upload"]["id"]
            )
        await self._handle(conversation, colleague)
        await self._send(conversation, uploaded["upload"]["id"])
        await self._know(contact)
        await self.mutate("exportContact", contactId=contact)

    async def _find_customer(self) -> tuple[str, str]:
        found = await self.side.client(
            "query ($text: String) { contacts(search: $text, first: 9) { nodes {"
            " id waId conversation { id } } } }",
            text=self.side.phone,
        )
        [contact] = [one for one in found["contacts"]["nodes"] if one["waId"] == self.side.phone]
        return contact["id"], contact["conversation"]["id"]

    async def _sync_templates(self) -> None:
        """Syncs those that both sides have, and one of this side alone."""
        canary, templates = self.side.canary, self.meta.templates.templates
        add_template(self.meta, f"only_{canary}", {"type": "BODY", "text": f"{canary} words"})
        await self.mutate("syncTemplates", accountId=self.side.texts["accountId"])
        templates.pop()

    async def _handle(self, conversation: str, colleague: str) -> None:
        canary, to = self.side.canary, {"conversationId": conversation}
        await self.mutate("assignConversation", **to, assigneeId=colleague)
        await self.mutate("addTags", taggableId=conversation, tags=[f"{canary} tag"])
        await self.mutate("closeConversation", **to)
        await self.mutate("reopenConversation", **to)
        note = {"body": f"{canary} note", "mentionedAgentIds": [colleague]}
        key = {"idempotencyKey": self.side.texts["idempotencyKey"]}
        added = await self.mutate("addNote", "note { id }", **to, **note, **key)
        await self.mutate("editNote", noteId=added["note"]["id"], body=f"{canary} better note")

    async def _send(self, conversation: str, upload_id: str) -> None:
        canary, to = self.side.canary, {"to": {"conversationId": conversation}}
        text = {"text": {"body": f"{canary} answer"}}
        sent = await self.mutate(
            "sendMessage", "message { id }", **to, content=text, idempotencyKey=IDEMPOTENCY_KEY
        )
        first = sent["message"]["id"]
        buttons = {"body": f"{canary} question", "buttons": REPLY}
        template = {
            "reference": {"byName": {"name": "order_shipped", "language": "en_US"}},
            "parameters": {
                "body": [{"value": {"text": f"{canary} a"}}, {"value": {"text": f"{canary} b"}}],
                "buttons": [{"index": 0, "value": {"urlSuffix": canary}}],
            },
        }
        contents: list[dict[str, Any]] = [
            {"image": {"source": {"uploadId": upload_id}, "caption": f"{canary} picture"}},
            {"location": {"latitude": 1, "longitude": 2, "name": f"{canary} place"}},
            {"contacts": [{"name": {"formattedName": f"{canary} card", "firstName": canary}}]},
            {"interactive": {"buttons": buttons}},
            {"template": template},
        ]
        for content in contents:
            await self.mutate("sendMessage", **to, content=content)
        key = {"idempotencyKey": self.side.texts["idempotencyKey"]}
        await self.mutate("sendMessage", **to, content=text, replyToMessageId=first, **key)

    async def _know(self, contact: str) -> None:
        side, canary = self.side, self.side.canary
        await self.mutate("updateContact", contactId=contact, name=f"{canary} name")
        await self.mutate("addTags", taggableId=contact, tags=[f"{canary} tag"])
        await self.mutate("setAttributes", contactId=contact, attributes={"key": f"{canary} value"})
        user = await self.mutate(
            "createUser",
            "user { id }",
            name=f"{canary} user",
            email=side.texts["email"],
            externalId=side.texts["externalId"],
            attributes={"key": f"{canary} value"},
        )
        await self.mutate("linkContact", contactId=contact, userId=user["user"]["id"])
        await self.mutate("updateAccount", accountId=side.texts["accountId"], name=f"{canary} shop")
