"""Documents of a seeded database, in the form in which wagraph stores them.

Each starts from a model's `to_bson`, so new fields of a model appear here too.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from beanie import PydanticObjectId
from bson import ObjectId

from models import (
    Contact,
    Conversation,
    Identity,
    IdentityKind,
    Media,
    MediaState,
    Message,
    MessageDirection,
    MessageStatus,
    OutboxState,
    User,
)
from models.database.base import DEFAULT_WORKSPACE_ID, to_bson
from models.messages.words import list_message_words
from whatsapp.contacts.search_keys import derive_contact_fields, derive_user_fields

Fields = dict[str, Any]

FIRST_NAMES = ("Ana", "Amir", "Lucía", "Sheena", "Jonas", "Mei", "Omar", "Priya", "Tomás", "Zoë")
LAST_NAMES = ("Nelson", "Haddad", "Gómez", "Okafor", "Lindqvist", "Chen", "Rossi", "Patel", "Núñez")
SENTENCES = (
    "Hi! Do you deliver on Saturdays?",
    "We do, every day until 6 pm. Shall I book a slot for you?",
    "Where is my order? It was to arrive yesterday and I have not heard anything since.",
    "¿Tienen este modelo en otro color?",
    "Thanks, that works for me 👍",
    "I have sent you the invoice again, please have a look at the second page.",
    "Can I pay by card when it arrives?",
    "Your parcel left our warehouse this morning and should be with you tomorrow before noon.",
    "Perfect.",
    "I'm waiting at the corner, the door does not open. Could somebody come down, please?",
)
EMOJI = ("👍", "❤️", "😂", "🙏")
# Assignees; no query of the benchmark reads them.
AGENT_IDS = [PydanticObjectId(f"{number:024x}") for number in range(7)]
DAYS_OF_HISTORY = 20
BUSY_EVERY = 4
"""Every n-th conversation is busy: it has more than a page of messages."""


@dataclass(frozen=True)
class Person:
    """A customer and their documents; `number` is their index."""

    number: int
    account_id: ObjectId
    contact_id: ObjectId
    conversation_id: ObjectId
    user_id: ObjectId
    wa_id: str
    name: str

    @property
    def keys(self) -> Fields:
        """Keys that each of their messages refers to."""
        return {
            "account_id": self.account_id,
            "conversation_id": self.conversation_id,
            "contact_id": self.contact_id,
        }


def make_people(
    count: int, account_ids: list[ObjectId], *, generator: random.Random
) -> list[Person]:
    """Creates customers: nine of ten for the first account, the rest for the second."""
    return [
        Person(
            number=number,
            account_id=account_ids[number % 10 == 9],
            contact_id=make_id(generator),
            conversation_id=make_id(generator),
            user_id=make_id(generator),
            wa_id=f"1650{5_000_000 + number}",
            name=f"{generator.choice(FIRST_NAMES)} {generator.choice(LAST_NAMES)} {number}",
        )
        for number in range(count)
    ]


def make_id(generator: random.Random) -> ObjectId:
    """Returns an id from the generator, so that equal seeds give equal databases."""
    return ObjectId(generator.randbytes(12))


def make_contact(person: Person, at: datetime) -> Fields:
    contact = Contact(
        id=person.contact_id,
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=person.account_id,
        identities=[Identity(kind=IdentityKind.WA_ID, value=person.wa_id)],
        wa_id=person.wa_id,
        phone_number=f"+{person.wa_id}",
        profile_name=person.name,
        profile_at=at,
        has_conversation=True,
        user_id=person.user_id,
        created_at=at,
        updated_at=at,
    )
    fields = to_bson(contact)
    return fields | derive_contact_fields(fields)


def make_user(person: Person, at: datetime) -> Fields:
    user = User(
        id=person.user_id,
        workspace_id=DEFAULT_WORKSPACE_ID,
        name=person.name,
        phone=f"+{person.wa_id}",
        account_ids=[person.account_id],
        from_contact=True,
        created_at=at,
        updated_at=at,
    )
    fields = to_bson(user)
    return fields | derive_user_fields(fields)


class History:
    """Returns all messages of a customer, with the conversation's summary and files."""

    def __init__(self, person: Person, count: int, *, now: datetime, seed: int) -> None:
        self.person = person
        self.count = count
        self.generator = random.Random(f"{seed}:{person.number}")
        # The last message is younger than a day, so that service windows are open.
        self.last_at = (now - timedelta(seconds=60 + 17 * person.number % 70_000)).replace(
            microsecond=0
        )
        self.first_at = self.last_at - timedelta(days=DAYS_OF_HISTORY)
        self.step = (self.last_at - self.first_at) / count
        self.media: list[Fields] = []
        self.messages = list(self._make_messages())

    def _make_messages(self) -> Iterator[Fields]:
        unread_from = self.count - 1 - (self.person.number % 3) if self.person.number % 3 else None
        for number in range(self.count):
            # The last message is the customer's.
            is_inbound = number % 2 == (self.count - 1) % 2 or self.generator.random() < 0.2
            at = self.first_at + self.step * (number + 1)
            if is_inbound:
                unread = unread_from is not None and number >= unread_from
                yield self._make_inbound(at.replace(microsecond=0), number, unread=unread)
            else:
                at = at.replace(microsecond=at.microsecond // 1000 * 1000)
                yield self._make_outbound(at)

    def _make_inbound(self, at: datetime, number: int, *, unread: bool) -> Fields:
        kind = self._choose_type()
        message_id = make_id(self.generator)
        content, text = self._make_content(kind)
        is_file = kind in ("image", "document", "audio")
        fields = INBOUND | {
            "_id": message_id,
            **self.person.keys,
            "type": kind,
            "content": content,
            "text": text,
            "words": list_message_words(text),
            "media_state": MediaState.STORED.value if is_file else None,
            "wamid": make_wamid(f"{self.person.number}-{number}", self.person.wa_id),
            "timestamp": at,
            "unread": unread,
            "status_times": {MessageStatus.RECEIVED.key: at},
            "errors": [],
            "reactions": [],
            "created_at": at + timedelta(seconds=1, milliseconds=120),
        }
        if is_file:
            self.media.append(self._make_media(fields))
        return fields

    def _make_outbound(self, at: datetime) -> Fields:
        text = self.generator.choice(SENTENCES)
        message_id = make_id(self.generator)
        reached = self._choose_status()
        return OUTBOUND | {
            "_id": message_id,
            **self.person.keys,
            "content": {"body": text, "preview_url": False},
            "text": text,
            "words": list_message_words(text),
            "wamid": make_wamid(str(message_id), self.person.wa_id),
            "timestamp": at,
            "status_times": make_status_times(at, reached),
            "status_rank": reached.rank,
            "errors": [dict(FAILURE)] if reached is MessageStatus.FAILED else [],
            "reactions": self._make_reactions(at),
            "input_digest": hashlib.sha256(message_id.binary).hexdigest(),
            "created_at": at,
        }

    def _choose_type(self) -> str:
        kinds = ("text", "image", "location", "document", "audio")
        return self.generator.choices(kinds, weights=(75, 12, 4, 6, 3))[0]

    def _choose_status(self) -> MessageStatus:
        kinds = (
            MessageStatus.READ,
            MessageStatus.DELIVERED,
            MessageStatus.SENT,
            MessageStatus.FAILED,
        )
        return self.generator.choices(kinds, weights=(80, 14, 4, 2))[0]

    def _make_content(self, kind: str) -> tuple[Fields, str]:
        file_id = str(self.generator.randrange(10**14, 10**15))
        if kind == "text":
            text = self.generator.choice(SENTENCES)
            return {"body": text}, text
        if kind == "location":
            place = {"latitude": 37.44221, "longitude": -122.16165, "name": "Philz Coffee"}
            return {**place, "address": "101 Forest Ave, Palo Alto"}, "Philz Coffee"
        mime_type = MIME_TYPES[kind]
        file = {"id": file_id, "mime_type": mime_type, "sha256": "c2hhMjU2IG9mIGEgZmlsZQ=="}
        if kind == "image":
            return {**file, "caption": "What about this one?"}, "What about this one?"
        if kind == "document":
            return {**file, "filename": "invoice.pdf"}, "invoice.pdf"
        return {**file, "voice": True}, f"[{kind}]"

    def _make_reactions(self, at: datetime) -> list[Fields]:
        if self.generator.random() > 0.05:
            return []
        given = at.replace(microsecond=0) + timedelta(minutes=2)
        wamid = make_wamid(f"r{self.generator.random()}", self.person.wa_id)
        emoji = self.generator.choice(EMOJI)
        contact_id = self.person.contact_id
        return [{"contact_id": contact_id, "at": given, "wamid": wamid, "emoji": emoji}]

    def _make_media(self, message: Fields) -> Fields:
        content = message["content"]
        return MEDIA | {
            "_id": message["_id"],
            "account_id": message["account_id"],
            "conversation_id": message["conversation_id"],
            "message_id": message["_id"],
            "kind": message["type"],
            "media_id": content["id"],
            "stated_type": content["mime_type"],
            "filename": content.get("filename"),
            "mime_type": content["mime_type"],
            "size_bytes": self.generator.randrange(20_000, 2_000_000),
            "stored_as": str(message["_id"]),
            "stored_at": message["created_at"],
            "created_at": message["created_at"],
        }

    def make_conversation(self) -> Fields:
        inbound = [one for one in self.messages if one["direction"] == "INBOUND"]
        last = max(self.messages, key=lambda one: (one["timestamp"], one["_id"]))
        unread = sorted((one["_id"] for one in inbound if one["unread"]), reverse=True)
        number = self.person.number
        conversation = Conversation(
            id=self.person.conversation_id,
            workspace_id=DEFAULT_WORKSPACE_ID,
            account_id=self.person.account_id,
            contact_id=self.person.contact_id,
            assignee_id=AGENT_IDS[number % 7] if number % 2 else None,
            tags=["vip"] if number % 11 == 0 else [],
            last_message_id=last["_id"],
            last_message_at=last["timestamp"],
            last_inbound_at=max(one["timestamp"] for one in inbound),
            last_activity_at=last["timestamp"],
            newest_unread_ids=unread[:10],
            created_at=self.first_at,
            updated_at=last["created_at"],
        )
        return to_bson(conversation)


def make_wamid(key: str, wa_id: str) -> str:
    return f"wamid.SEED{hashlib.md5(f'{wa_id}:{key}'.encode()).hexdigest().upper()}"


def make_status_times(at: datetime, reached: MessageStatus) -> dict[str, datetime]:
    """Returns the times of the statuses up to the final status."""
    ways = {
        MessageStatus.ACCEPTED: (),
        MessageStatus.SENT: ("sent",),
        MessageStatus.DELIVERED: ("sent", "delivered"),
        MessageStatus.READ: ("sent", "delivered", "read"),
        MessageStatus.FAILED: ("failed",),
    }
    second = at.replace(microsecond=0) + timedelta(seconds=1)
    times = {"queued": at, "sending": at, "accepted": at + timedelta(milliseconds=80)}
    return times | {name: second + timedelta(seconds=i) for i, name in enumerate(ways[reached])}


def list_counts(people: int, messages: int) -> list[int]:
    """Returns the number of messages of each customer; busy customers have 60 % of all."""
    busy = -(-people // BUSY_EVERY)
    each_busy, each_other = messages * 6 // 10 // busy, messages * 4 // 10 // (people - busy)
    counts = [each_other if number % BUSY_EVERY else each_busy for number in range(people)]
    counts[0] += messages - sum(counts)
    return counts


def _make_template(**fields: Any) -> Fields:
    unknown_id, some_time = ObjectId(), datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    keys = {"account_id": unknown_id, "conversation_id": unknown_id, "contact_id": unknown_id}
    return to_bson(
        Message(workspace_id=DEFAULT_WORKSPACE_ID, **keys, timestamp=some_time, **fields)
    )


# All other fields are filled for each message.
INBOUND: Fields = {}
OUTBOUND: Fields = {}
MEDIA: Fields = {}
FAILURE: Fields = {}
MIME_TYPES = {"image": "image/jpeg", "document": "application/pdf", "audio": "audio/ogg"}


def prepare_templates() -> None:
    """Prepares templates of documents. Call it after the models are bound to a database."""
    INBOUND.update(
        _make_template(
            direction=MessageDirection.INBOUND,
            type="text",
            status_rank=MessageStatus.RECEIVED.rank,
        )
    )
    OUTBOUND.update(
        _make_template(
            direction=MessageDirection.OUTBOUND,
            type="text",
            status_rank=MessageStatus.READ.rank,
            sent_by="bench",
            outbox_state=OutboxState.DONE,
            fence=1,
            attempts=1,
        )
    )
    unknown_id = ObjectId()
    media = Media(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=unknown_id,
        conversation_id=unknown_id,
        message_id=unknown_id,
        kind="image",
        media_id="1",
        state=MediaState.STORED,
        sha256="0" * 64,
        store="gridfs",
        attempts=1,
        fence=1,
    )
    MEDIA.update(to_bson(media))
    FAILURE.update(
        {
            "code": 131026,
            "title": "Message undeliverable",
            "details": "Message Undeliverable.",
            "href": None,
            "retryable": False,
        }
    )
