"""POST /{phone_number_id}/messages: accepts or refuses a message as Meta does."""

import time
from typing import Any

from sandbox.cloud_api.rate_limits import RateLimits
from sandbox.cloud_api.templates import TemplateShelf
from sandbox.settings import SandboxSettings
from sandbox.validation.meta_errors import MetaError
from sandbox.validation.send_validation import (
    MEDIA_TYPES,
    check_message,
    check_send,
    refuse_parameter,
    refuse_value,
)
from sandbox.validation.template_sends import list_media_ids
from sandbox.webhooks.statuses import CATEGORIES, AcceptedMessage, StatusFaults, StatusRunner
from sandbox.webhooks.webhook_sender import WebhookSender
from sandbox.world.customers import ChatMessage, Conversation, CustomerBook, read_recipient
from sandbox.world.faults import FaultBook, FaultKind, FaultSubject
from sandbox.world.identifiers import is_user_id, make_wamid, read_phone
from sandbox.world.media import MediaStore
from sandbox.world.numbers import FakeNumber
from sandbox.world.request_log import LoggedRequest

Json = dict[str, Any]
TYPING_SECONDS = 25
REENGAGEMENT = 131047
UNDELIVERABLE = 131026
SUCCESS: Json = {"success": True}


class MessageDesk:
    """Handles sends, read marks and typing signals; starts the statuses of accepted messages."""

    def __init__(
        self,
        settings: SandboxSettings,
        *,
        sender: WebhookSender,
        customers: CustomerBook,
        faults: FaultBook,
        media: MediaStore,
        templates: TemplateShelf,
    ) -> None:
        self.settings = settings
        self._sender = sender
        self._customers = customers
        self._faults = faults
        self._media = media
        self._templates = templates
        self._limits = RateLimits(settings)
        self._statuses = StatusRunner(settings, sender, customers)

    async def take(
        self, number: FakeNumber, raw_body: Any, *, version: float, request: LoggedRequest
    ) -> Json:
        """Returns Meta's answer to a POST. Raises MetaError for a request that Meta refuses."""
        body = check_send(raw_body)
        if "status" in body:
            return self._take_read_mark(number, body)
        self._limits.check_number(number)
        message_type = check_message(body)
        category = self._check_content(number, body, message_type)
        phone, user_id = _find_recipient(body)
        conversation = self._customers.open(number, phone=phone, user_id=user_id)
        if conversation.is_blocked:
            raise MetaError(UNDELIVERABLE)
        self._limits.check_pair(conversation)
        message_id = make_wamid(conversation.customer.phone or phone or "0", outbound=True)
        request.accepted, request.message_id = True, message_id
        self._show(conversation, body, message_type, message_id=message_id)
        message = AcceptedMessage(
            id=message_id,
            number=number,
            conversation=conversation,
            to_user_id=phone is None,
            callback_data=body.get("biz_opaque_callback_data"),
            category=category,
            graph_version=version,
            failure=self._find_failure(conversation, message_type),
        )
        await self._start_statuses(message, body)
        return _build_answer(conversation, body, message, is_template=message_type == "template")

    def _take_read_mark(self, number: FakeNumber, body: Json) -> Json:
        if body["status"] != "read":
            refuse_parameter("Param status must be one of {READ}")
        message_id = body.get("message_id")
        if not isinstance(message_id, str) or not message_id:
            refuse_parameter("The parameter message_id is required.")
        if not message_id.startswith("wamid."):
            refuse_value("Message ID is invalid.")
        typing = body.get("typing_indicator")
        if typing is not None and typing != {"type": "text"}:
            refuse_parameter("Param typing_indicator['type'] must be one of {TEXT}")
        for conversation in self._customers.list_conversations(number.phone_number_id):
            if message_id in conversation.messages:
                self._show_read(conversation, message_id, is_typing=typing is not None)
        return dict(SUCCESS)

    def _show_read(self, conversation: Conversation, message_id: str, *, is_typing: bool) -> None:
        for message in conversation.mark_read(message_id):
            self._customers.announce(conversation, message)
        if is_typing:
            conversation.typing_until = time.time() + TYPING_SECONDS
            self._customers.announce(conversation)

    def _check_content(self, number: FakeNumber, body: Json, message_type: str) -> str:
        """Checks referenced media and templates; returns the pricing category."""
        content = body[message_type]
        media_id = content.get("id") if message_type in MEDIA_TYPES else None
        if media_id and self._media.get(str(media_id), number.phone_number_id) is None:
            refuse_parameter(
                f"Param {message_type}['id'] is not a valid whatsapp business account media "
                "attachment ID"
            )
        if message_type != "template":
            return "service"
        template = self._templates.check_send(content)
        for media_id in list_media_ids(content):
            if self._media.get(media_id, number.phone_number_id) is None:
                refuse_parameter("Invalid parameter", details=f"Media {media_id} does not exist")
        if template.category == "AUTHENTICATION" and "to" not in body:
            raise MetaError(131062, details="Authentication templates need a phone number.")
        return CATEGORIES[template.category]

    def _find_failure(
        self, conversation: Conversation, message_type: str
    ) -> tuple[int, str | None] | None:
        """Finds failures that Meta reports by webhook after accepting the message."""
        if message_type == "template":
            return None
        last_inbound_at = conversation.last_inbound_at
        if last_inbound_at is None:
            is_open = self.settings.strangers_have_open_window
        else:
            is_open = time.time() - last_inbound_at < self.settings.window_length
        return None if is_open else (REENGAGEMENT, None)

    def _show(
        self, conversation: Conversation, body: Json, message_type: str, *, message_id: str
    ) -> None:
        content = body[message_type]
        if message_type == "reaction":
            self._customers.react(
                conversation, content["message_id"], who="business", emoji=content["emoji"]
            )
            return
        conversation.typing_until = 0
        if message_type == "template":
            content = self._templates.render(content)
        message = ChatMessage(
            id=message_id,
            from_customer=False,
            type=message_type,
            content=content,
            timestamp=time.time(),
            status="accepted",
            reply_to=(body.get("context") or {}).get("message_id"),
        )
        self._customers.add_message(conversation, message)

    async def _start_statuses(self, message: AcceptedMessage, body: Json) -> None:
        if is_user_id(str(body.get("to", ""))):
            return  # Meta takes a user id in `to` and silently drops the message
        subject = read_subject(body, message.number.phone_number_id)
        faults = StatusFaults(
            before_answer=self._faults.take(FaultKind.STATUS_BEFORE_ANSWER, subject),
            shuffle=self._faults.take(FaultKind.SHUFFLE_STATUSES, subject),
            fail=self._faults.take(FaultKind.STATUS_FAILED, subject),
            silent=self._faults.take(FaultKind.NO_STATUSES, subject),
        )
        task = self._sender.start_task(self._statuses.run(message, faults))
        if faults.before_answer is not None:
            await task


def read_subject(body: Any, phone_number_id: str) -> FaultSubject:
    """Reads the values that fault rules match. The body is not validated yet."""
    if not isinstance(body, dict):
        return FaultSubject("messages", phone_number_id)
    text = body.get("text")
    message_type = str(body.get("type", "text"))
    if "status" in body:
        message_type = "typing" if "typing_indicator" in body else "read"
    return FaultSubject(
        endpoint="messages",
        phone_number_id=phone_number_id,
        to=str(body.get("to") or body.get("recipient") or ""),
        text=str(text.get("body", "")) if isinstance(text, dict) else "",
        type=message_type,
    )


def _find_recipient(body: Json) -> tuple[str | None, str | None]:
    """Returns (phone, user id); `to` wins if both are given."""
    to, recipient = body.get("to"), body.get("recipient")
    if to:
        phone, user_id = read_recipient(str(to))
        if phone is None and user_id is None:
            refuse_value("Recipient phone number is not valid.")
        return phone, user_id
    if not recipient:
        refuse_parameter("The parameter to is required.")
    if not is_user_id(str(recipient)):
        refuse_value("Recipient is no business-scoped user id.")
    return read_phone(str(recipient)), str(recipient)


def _build_answer(
    conversation: Conversation, body: Json, message: AcceptedMessage, *, is_template: bool
) -> Json:
    customer = conversation.customer
    contact: Json = {"input": str(body.get("to") or body["recipient"])}
    if message.to_user_id:
        contact["user_id"] = customer.user_id
    else:
        contact["wa_id"] = customer.phone
    sent: Json = {"id": message.id}
    if is_template:
        sent["message_status"] = "accepted"
    return {"messaging_product": "whatsapp", "contacts": [contact], "messages": [sent]}
