"""Two sides of a border: twins with equal data, apart from their canaries and ids."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from graphql import GraphQLInterfaceType

from graph.core.strawberry_internals import get_graphql_schema
from graph.schema import create_schema
from models import (
    Account,
    AccountEvent,
    Agent,
    ApiKey,
    AuditEntry,
    Contact,
    ContactExport,
    Conversation,
    ConversationChange,
    Message,
    Note,
    ParkedItem,
    QuickReply,
    Template,
    UploadedMedia,
    User,
    Workspace,
)
from models.database.base import collection
from sandbox.world.numbers import FakeNumber
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.webhooks import WebhookClient
from tests.isolation.snapshots import BOOKKEEPING

SCHEMA = get_graphql_schema(create_schema())
NODES = (
    Account,
    AccountEvent,
    Agent,
    ApiKey,
    AuditEntry,
    Contact,
    ContactExport,
    Conversation,
    ConversationChange,
    Message,
    Note,
    ParkedItem,
    QuickReply,
    Template,
    UploadedMedia,
    User,
    Workspace,
)
"""The documents behind the node types of the schema."""

SHARED_PHONE = "16505570555"
"""The number of a customer of both sides."""
UNKNOWN_TEXTS = {
    "businessAccountId": "4195612579154",
    "businessScopedUserId": "DE.zqnothing",
    "credentialId": "6b0000000000000000000000",
    "email": "zqnothing@user.example",
    "externalId": "crm-zqnothing",
    "idempotencyKey": "zqnothing-key",
    "phone": "+16505570999",
    "phoneNumberId": "1065403522429",
    "search": "zqnothing",
    "shortcut": "zqnothing",
    "verifyToken": "token-zqnothing",
}
"""Strings that name nothing, by the keys of `Side.texts`."""


class Border(Enum):
    """The border that separates the two sides."""

    ACCOUNTS = "two keys of one workspace, each limited to its account"
    WORKSPACES = "two keys, each of a workspace of its own, without limits inside it"


@dataclass
class Side:
    """An account with everything that belongs to it, and a credential that sees nothing else."""

    border: Border
    canary: str
    """A word in each free text of this side."""
    exchange: str
    """Digits in the numbers of all customers; the twins have the same, or other ones."""
    number: FakeNumber
    account: Account
    client: GraphQLClient
    webhook: WebhookClient
    key: ApiKey
    ids: dict[str, list[str]] = field(default_factory=dict)
    """Global ids, oldest first, by node type."""
    texts: dict[str, str] = field(default_factory=dict)
    """Strings that name something of this side, by the argument that takes them."""

    sums: Sequence[str] = ()
    """Digits of the measured sums of the side's workspace, if it has one for itself."""

    @property
    def phone(self) -> str:
        """The number of the customer who wrote last."""
        return f"1650{self.exchange}00"

    @property
    def token(self) -> str:
        return str(self.client.token)

    def first(self, type_name: str) -> str:
        return self.ids[type_name][0]

    def list_touched(self, changes: Iterable[tuple[str, str]]) -> set[str]:
        """Returns the collections in which documents of this side changed."""
        touched = {name for name, key in changes if key in self.ids["hex"]}
        # A customer of two accounts of a workspace is one person, whose accounts are listed.
        return touched - ({"users"} if self.border is Border.ACCOUNTS else set())

    def list_types(self, names: Iterable[str]) -> list[str]:
        """Returns those of the node types that this side has for itself."""
        return [name for name in names if name in self.ids]

    @property
    def marks(self) -> list[str]:
        """Everything that no other side may read: the canary, the secrets and all ids."""
        ids = [one for ids in self.ids.values() for one in ids]
        secrets = [self.number.access_token, self.number.app_secret]
        return [self.canary, self.number.phone_number_id, *secrets, *self.sums, *ids]

    def find_marks(self, answer: object) -> set[str]:
        """Returns what the answer has of this side."""
        text = (answer if isinstance(answer, str) else json.dumps(answer)).lower()
        return {mark for mark in self.marks if mark.lower() in text}

    async def learn_ids(self) -> None:
        """Reads the ids of everything that belongs to the side."""
        mine = self._match_own()
        self.ids = {"hex": await self._list_hex(mine)}
        for document_class in NODES:
            cursor = collection(document_class).find(mine, {"_id": 1})
            # Oldest first: the credential of the side comes before others.
            documents = await cursor.sort("_id").to_list()
            found = [document["_id"] for document in documents]
            name = document_class.__name__
            self.ids[name] = [encode_id(name, document_id) for document_id in found]
        if self.border is Border.ACCOUNTS:
            del self.ids["Workspace"]  # both have the same
        else:
            self.ids["Workspace"] = [encode_id("Workspace", self.account.workspace_id)]

    def _match_own(self) -> dict[str, Any]:
        if self.border is Border.WORKSPACES:
            return {"workspace_id": self.account.workspace_id}
        own = self.account.id
        of_account = [{"account_id": own}, {"account_ids": [own]}, {"_id": own}]
        # Without the person who is a customer of both.
        return {"$or": of_account, "phone": {"$ne": f"+{SHARED_PHONE}"}}

    @staticmethod
    async def _list_hex(mine: dict[str, Any]) -> list[str]:
        """Ids of all documents of the account, in each collection."""
        database = collection(Account).database
        found = []
        for name in await database.list_collection_names():
            if not name.startswith("system.") and name not in BOOKKEEPING:
                documents = await database[name].find(mine, {"_id": 1}).to_list()
                found += [str(document["_id"]) for document in documents]
        return found


def list_node_types() -> set[str]:
    node = SCHEMA.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    return {one.name for one in SCHEMA.get_possible_types(node)}


def replace_all(value: Any, words: Mapping[str, str]) -> Any:
    """Returns the JSON value with these words replaced."""
    text = json.dumps(value)
    for old, new in words.items():
        text = text.replace(old, new)
    return json.loads(text)
