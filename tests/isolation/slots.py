"""Every place in the schema that takes an id or a string, with a row that says what it names.

A new argument or input field is found by itself; if its name has no row, `test_rows` fails.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_leaf_type,
    is_required_argument,
    is_required_input_field,
)

from tests.fixtures.selections import select_all
from tests.isolation.sides import SCHEMA, Side

IDS: dict[str, tuple[str, ...]] = {
    "accountId": ("Account",),
    "accountIds": ("Account",),
    "agentId": ("Agent",),
    "apiKeyId": ("ApiKey",),
    "around": ("Message",),
    "assigneeId": ("Agent",),
    "contactId": ("Contact",),
    "conversationId": ("Conversation",),
    "expectedAssigneeId": ("Agent",),
    "id": (),
    "ids": (),
    "intoContactId": ("Contact",),
    "is": ("Agent",),
    "mentionedAgentIds": ("Agent",),
    "messageId": ("Message",),
    "noteId": ("Note",),
    "onBehalfOfAgentId": ("Agent",),
    "quickReplyId": ("QuickReply",),
    "replyToMessageId": ("Message",),
    "senderId": ("Agent",),
    "taggableId": ("Contact", "Conversation"),
    "templateId": ("Template",),
    "upToMessageId": ("Message",),
    "uploadId": ("UploadedMedia",),
    "userId": ("User",),
    "workspaceId": ("Workspace",),
}
"""Node types of an id, by the name of its argument; none: those of the field itself."""
ITEMS = {"discardParkedItems": ("ParkedItem",), "replayParkedItems": ("ParkedItem",)}
"""Node types of the ids of fields whose type does not name them."""
CURSORS = {"after", "before"}
KNOWN = {
    "actor": "credentialId",
    "businessAccountId": "businessAccountId",
    "businessScopedUserId": "businessScopedUserId",
    "email": "email",
    "externalId": "externalId",
    "idempotencyKey": "idempotencyKey",
    "phone": "phone",
    "phoneNumber": "phone",
    "phoneNumberId": "phoneNumberId",
    "search": "search",
    "shortcutPrefix": "shortcut",
    "searchMessages.text": "search",
    "verifyToken": "verifyToken",
}
"""Strings that the server looks up, by their argument: the name in `Side.texts`."""
CONTENTS = {"content", "template"}
"""Inputs that are sent to Meta: nothing in them but ids is looked up."""
NOT_LOOKED_UP = {
    # Stored or sent to Meta as they are.
    "accessToken", "address", "amount", "appSecret", "attributes", "birthday", "body",
    "callbackUrl", "button", "caption", "city", "code", "company", "country",
    "countryCode", "couponCode", "cta", "data", "department", "description", "displayText",
    "emoji", "fallbackValue", "file", "filename", "firstName", "flowId", "flowName", "footer",
    "formattedName", "graphApiVersion", "id", "lastName", "link", "middleName", "name", "names",
    "payload", "prefix", "screen", "shortcut", "state", "street", "suffix", "tags", "text",
    "thumbnailProductRetailerId", "title", "token", "type", "url", "urlSuffix", "waId",
    "zip",
    # Matched within documents that the caller may see.
    "all", "any", "contactAttributes", "language",
}  # fmt: skip
"""Other strings: no document is found by them, or only among the caller's own."""
PLAIN_TYPES = {"Boolean", "Int", "Float", "DateTime"}
UNKNOWN_ID = "6b0000000000000000000000"
UPLOAD = "Upload"
HEADERS = ("image", "video", "document")
COMPLETING = {
    ("createQuickReply", "text"),
    ("editNote", "body"),
    ("moveAccount", "phoneNumberId"),
    ("updateAccount", "name"),
    ("updateAgent", "name"),
    ("updateContact", "name"),
    ("updateConversation", "tags"),
    ("updateQuickReply", "shortcut"),
    ("updateUser", "name"),
}
"""Optional values without which an operation would be refused for another reason."""
MAX_WORDS = 700
"""A document has at most 1,000 tokens."""


@dataclass(frozen=True)
class Slot:
    """An argument, or a field of its input objects: the field with it, and the path."""

    parent: str
    field_name: str
    path: tuple[str, ...]
    kind: str
    """The scalar at the end of the path."""

    @property
    def name(self) -> str:
        return self.path[-1]

    @property
    def field(self) -> GraphQLField:
        parent = SCHEMA.type_map[self.parent]
        assert isinstance(parent, GraphQLObjectType)
        found: GraphQLField = parent.fields[self.field_name]
        return found

    @property
    def known_as(self) -> str | None:
        """The name in `Side.texts` of what is looked up by this string."""
        if CONTENTS & set(self.path):
            return None
        return KNOWN.get(f"{self.field_name}.{self.name}", KNOWN.get(self.name))

    @property
    def node_types(self) -> tuple[str, ...]:
        """Types of the ids that this place takes."""
        if IDS[self.name]:
            return IDS[self.name]
        if self.field_name in ITEMS:
            return ITEMS[self.field_name]
        kind = get_named_type(self.field.type)
        if isinstance(kind, GraphQLInterfaceType):
            return tuple(sorted(one.name for one in SCHEMA.get_possible_types(kind)))
        return (kind.name,)

    def __str__(self) -> str:
        return f"{self.parent}.{self.field_name}({'.'.join(self.path)})"


def list_slots(*, kinds: set[str] | None = None) -> list[Slot]:
    """All places of the schema that take a value, or one of these scalars."""
    return [
        Slot(parent.name, name, path, kind)
        for parent in SCHEMA.type_map.values()
        if isinstance(parent, GraphQLObjectType) and not parent.name.startswith("__")
        for name, field in parent.fields.items()
        for argument_name, argument in field.args.items()
        for path, kind in _list_paths((argument_name,), argument.type)
        if kinds is None or kind in kinds
    ]


def _list_paths(
    path: tuple[str, ...], given: GraphQLInputType
) -> Iterator[tuple[tuple[str, ...], str]]:
    kind = get_named_type(given)
    if isinstance(kind, GraphQLInputObjectType):
        for name, field in kind.fields.items():
            yield from _list_paths((*path, name), field.type)
    elif not isinstance(kind, GraphQLEnumType):
        yield path, kind.name


class Writer:
    """Writes operations of a side: everything that a slot leaves open is the side's own."""

    def __init__(self, side: Side) -> None:
        self.side = side
        self.base: dict[str, Any] = {
            "attributes": {"a": 1},
            "buttons": [{"index": 0, "value": {"urlSuffix": "x"}}],
            "content": {"text": {"body": "x"}},
            "filters": [{}],
            "phoneNumberId": "1",
            "businessAccountId": "2",
            "role": "VIEWER",
            "source": {"link": "https://example.com/a.png"},
            "to": {"conversationId": side.first("Conversation")},
            "url": "https://example.com/",
            "verifyToken": "a-token-of-the-test",
        }

    def write(self, slot: Slot, value: Any) -> tuple[str, dict[str, Any]]:
        """Returns the operation with this value in the slot, and its variables."""
        field = slot.field
        required = [
            name
            for name, one in field.args.items()
            if is_required_argument(one) or self._completes(slot, name)
        ]
        variables = {
            name: self._find(slot, name, field.args[name].type)
            for name in required
            if name != slot.path[0]
        }
        argument = field.args[slot.path[0]].type
        variables[slot.path[0]] = self._place(slot, argument, slot.path[1:], value)
        return self._write_document(slot, field, variables), variables

    def _write_document(self, slot: Slot, field: GraphQLField, variables: Mapping[str, Any]) -> str:
        declared = ", ".join(f"${name}: {field.args[name].type}" for name in variables)
        given = ", ".join(f"{name}: ${name}" for name in variables)
        text = f"{slot.field_name}({given}) {select(field)}"
        if slot.parent in {"Query", "Mutation", "Subscription"}:
            return f"{slot.parent.lower()} ({declared}) {{ {text} }}"
        if slot.parent == "Viewer":
            return f"query ({declared}) {{ viewer {{ {text} }} }}"
        place = f'node(id: "{self.side.first(slot.parent)}")'
        return f"query ({declared}) {{ {place} {{ ... on {slot.parent} {{ {text} }} }} }}"

    def _place(self, slot: Slot, given: GraphQLInputType, path: tuple[str, ...], value: Any) -> Any:
        kind = get_nullable_type(given)
        if isinstance(kind, GraphQLList):
            return [self._place(slot, kind.of_type, path, value)]
        if not path:
            return value
        assert isinstance(kind, GraphQLInputObjectType)
        values = {} if kind.is_one_of else self._fill(slot, kind)
        inner = self._place(slot, kind.fields[path[0]].type, path[1:], value)
        return {**values, path[0]: inner}

    def _fill(self, slot: Slot, kind: GraphQLInputObjectType) -> dict[str, Any]:
        """The required fields, and those with which the whole input is valid."""
        return {
            name: self._find(slot, name, one.type)
            for name, one in kind.fields.items()
            if is_required_input_field(one) or self._completes(slot, name)
        }

    @staticmethod
    def _completes(slot: Slot, name: str) -> bool:
        by_phone = slot.name in {"phoneNumber", "businessScopedUserId"}
        if name == "accountId" and slot.field_name == "previewTemplate":
            return slot.name != "templateId"  # with an account, its template is checked too
        if name == "accountId":
            return by_phone or slot.field_name == "createApiKey"
        return name == "accountIds" or (slot.field_name, name) in COMPLETING

    def _find(self, slot: Slot, name: str, given: GraphQLInputType) -> Any:
        if name in self.base:
            return self.base[name]
        if name == "reference":
            return _find_template(slot)
        kind = get_nullable_type(given)
        if name in IDS:
            types = IDS[name] or ITEMS.get(slot.field_name, slot.node_types)
            found: Any = self.side.first(types[0])
            return [found] if isinstance(kind, GraphQLList) else found
        if isinstance(kind, GraphQLList):
            return [self._find(slot, name, kind.of_type)]
        if isinstance(kind, GraphQLEnumType):
            return next(iter(kind.values))
        if isinstance(kind, GraphQLInputObjectType):
            return self._fill(slot, kind)
        plain: dict[str, Any] = {
            "Boolean": True,
            "DateTime": "2099-01-01T00:00:00Z",
            "Float": 1.5,
            "Int": 1,
            "JSON": {},
            UPLOAD: None,
        }
        return plain.get(getattr(kind, "name", ""), "x")


def _find_template(slot: Slot) -> dict[str, Any]:
    """The template of the world that has this parameter."""
    kind = next((kind for kind in HEADERS if kind in slot.path), "image")
    return {"byName": {"name": f"header_{kind}", "language": "en_US"}}


def select(field: GraphQLField) -> str:
    """Selects what a field returns; of errors, all that each kind of them has."""
    kind = get_named_type(field.type)
    if is_leaf_type(kind):
        return ""
    # The object of a payload with its own fields: `test_reads` has all.
    levels = 1 if "userErrors" in getattr(kind, "fields", {}) else 2
    text = select_all(SCHEMA, kind, levels=levels, size=3)
    if len(text.split()) > MAX_WORDS:
        text = select_all(SCHEMA, kind, levels=1, size=3)
    return text.replace("userErrors { __typename", f"userErrors {{ __typename {_select_errors()}")


def _select_errors() -> str:
    error = SCHEMA.type_map["UserError"]
    assert isinstance(error, GraphQLInterfaceType)
    parts = []
    for member in SCHEMA.get_possible_types(error):
        names = [name for name in member.fields if name not in error.fields]
        leaves = [name for name in names if is_leaf_type(get_named_type(member.fields[name].type))]
        # Two types may have different fields of the same name.
        texts = [f"{member.name}_{name}: {name}" for name in leaves]
        texts += [f"{name} {{ __typename id }}" for name in names if name not in leaves]
        if names:
            parts.append(f"... on {member.name} {{ {' '.join(texts)} }}")
    return " ".join(parts)
