"""POST, DELETE and GET /{phone_number_id}/block_users: blocked users of a business."""

import time
from typing import Any

from sandbox.settings import SandboxSettings
from sandbox.validation.meta_errors import MetaError
from sandbox.validation.send_validation import check_send, refuse_parameter
from sandbox.world.customers import Conversation, CustomerBook, read_recipient
from sandbox.world.numbers import FakeNumber

Json = dict[str, Any]
SOME_FAILED = 139100
LIST_FULL = 139101
RE_ENGAGEMENT = 131047
MAX_USERS = 1000


class BlockList:
    """Blocked users. As at Meta, only users with an open service window can be blocked."""

    def __init__(self, settings: SandboxSettings, customers: CustomerBook) -> None:
        self.settings = settings
        self._customers = customers

    def block(self, number: FakeNumber, body: Any) -> Json:
        return self._change(number, body, done="added_users", blocked=True)

    def unblock(self, number: FakeNumber, body: Any) -> Json:
        return self._change(number, body, done="removed_users", blocked=False)

    def list_blocked(self, number: FakeNumber) -> Json:
        blocked = self._list_blocked(number)
        return {
            "data": [
                {"messaging_product": "whatsapp", **_name(conversation)} for conversation in blocked
            ],
            "paging": {"cursors": {"before": "", "after": ""}},
        }

    def _list_blocked(self, number: FakeNumber) -> list[Conversation]:
        conversations = self._customers.list_conversations(number.phone_number_id)
        return [conversation for conversation in conversations if conversation.is_blocked]

    def _change(self, number: FakeNumber, body: Any, *, done: str, blocked: bool) -> Json:
        users = check_send(body).get("block_users")
        if not isinstance(users, list) or not 0 < len(users) <= MAX_USERS:
            refuse_parameter(f"Param block_users must have 1 to {MAX_USERS} users.")
        changed, failed = [], []
        for user in users:
            recipient = _read_user(user)
            conversation = self._find(number, recipient)
            refusal = self._find_refusal(number, conversation) if blocked else None
            item = {"input": recipient} | (_name(conversation) if conversation else {})
            if refusal is not None:
                failed.append(item | {"errors": [refusal]})
                continue
            changed.append(item)
            if conversation is not None:
                conversation.is_blocked = blocked
                self._customers.announce(conversation)
        answer: Json = {"messaging_product": "whatsapp", "block_users": {done: changed}}
        if failed:
            answer["block_users"]["failed_users"] = failed
            raise SomeUsersFailed(answer)
        return answer

    def _find(self, number: FakeNumber, recipient: str) -> Conversation | None:
        phone, user_id = read_recipient(recipient)
        return self._customers.find(number, phone or user_id or "")

    def _find_refusal(self, number: FakeNumber, conversation: Conversation | None) -> Json | None:
        last = conversation.last_inbound_at if conversation else None
        if last is None or time.time() - last >= self.settings.window_length:
            return _describe(
                RE_ENGAGEMENT,
                "Re-engagement required",
                "User has not messaged in the last 24 hours",
            )
        if len(self._list_blocked(number)) >= self.settings.blocked_limit:
            return _describe(LIST_FULL, "Blocklist limit reached", "The blocklist is full")
        return None


class SomeUsersFailed(MetaError):
    """Not all users could be blocked: Meta answers 400 with an error and each user's result."""

    def __init__(self, answer: Json) -> None:
        super().__init__(
            SOME_FAILED,
            message=f"(#{SOME_FAILED}) Failed to block/unblock users",
            details="Failed to block some users, see the block_users response list for details",
        )
        self.answer = answer

    @property
    def body(self) -> Json:
        return self.answer | super().body


def _read_user(user: Any) -> str:
    recipient = user.get("user") or user.get("user_id") if isinstance(user, dict) else None
    if not isinstance(recipient, str):
        refuse_parameter("The parameter block_users[0]['user'] is required.")
    return recipient


def _name(conversation: Conversation) -> Json:
    customer = conversation.customer
    names = {"wa_id": customer.phone, "user_id": customer.user_id}
    return {name: value for name, value in names.items() if value is not None}


def _describe(code: int, message: str, details: str) -> Json:
    return {"message": message, "code": code, "error_data": {"details": details}}
