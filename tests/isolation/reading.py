"""Operations that read every field of every object, as one side."""

import json
import re
from typing import Any

from graphql import (
    GraphQLObjectType,
    TypeInfo,
    TypeInfoVisitor,
    Visitor,
    get_named_type,
    is_required_argument,
    parse,
    visit,
)

from tests.graph.deep_queries import list_selections
from tests.isolation.sides import SCHEMA, Side, list_node_types
from tests.isolation.slots import MAX_WORDS, Slot, Writer, list_slots, select

VOLATILE = re.compile(
    r'"(eventCursor|lastUsedAt|lastSeenAt|isOnline|lastEventAt|syncedAt|dueAt|used)": [^,}]*'
    r"|expires=[0-9]+&signature=[A-Za-z0-9_-]+"
)
"""Values that time changes, and nothing else."""
PAGE = 70
DEEP = ("content", "components")
Operation = tuple[str, dict[str, Any]]
"""A document and its variables."""


def list_node_reads(side: Side) -> list[Operation]:
    """Walks from every object of the side through every field."""
    operations: list[Operation] = []
    for name in sorted(list_node_types()):
        kind = SCHEMA.type_map[name]
        assert isinstance(kind, GraphQLObjectType)
        ids = side.ids.get(name, [])
        for selection in _list_selections(kind):
            document = f"""query ($ids: [ID!]!) {{
              nodes(ids: $ids) {{ __typename ... on {name} {{ {selection} }} }} }}"""
            operations += [
                (document, {"ids": ids[start : start + PAGE]})
                for start in range(0, max(len(ids), 1), PAGE)
            ]
    return operations


def _list_selections(kind: GraphQLObjectType) -> list[str]:
    """Two levels, and a third of the contents of messages and templates."""
    if kind.name not in {"Message", "Template"}:
        return list(list_selections(SCHEMA, kind, 1))
    pairs = zip(list_selections(SCHEMA, kind, 1), list_selections(SCHEMA, kind, 2), strict=True)
    return [
        deep if deep.startswith(DEEP) and len(deep.split()) < MAX_WORDS else text
        for text, deep in pairs
    ]


def list_root_reads(side: Side) -> list[Operation]:
    """Each root field without optional arguments, and with each id and string of the side."""
    writer = Writer(side)
    query = SCHEMA.query_type
    assert query is not None
    operations: list[Operation] = [
        (f"{{ {name} {select(field)} }}", {})
        for name, field in query.fields.items()
        if not any(is_required_argument(argument) for argument in field.args.values())
    ]
    for slot in list_slots(kinds={"ID", "String"}):
        if slot.parent not in {"Mutation", "Subscription"}:
            operations += [writer.write(slot, value) for value in _list_own(side, slot)]
    viewer = SCHEMA.type_map["Viewer"]
    assert isinstance(viewer, GraphQLObjectType)
    operations += [
        (f"{{ viewer {{ {text} }} }}", {}) for text in list_selections(SCHEMA, viewer, 1)
    ]
    # A key that is limited to accounts does not list it among its nodes.
    workspace = SCHEMA.type_map["Workspace"]
    assert isinstance(workspace, GraphQLObjectType)
    operations += [
        (f"{{ viewer {{ workspace {{ {text} }} }} }}", {})
        for text in list_selections(SCHEMA, workspace, 1)
    ]
    return operations


def _list_own(side: Side, slot: Slot) -> list[str]:
    if slot.kind == "ID":
        return [side.first(kind) for kind in side.list_types(slot.node_types)]
    return [side.texts[slot.known_as]] if slot.known_as else []


async def read_all(side: Side) -> list[str]:
    """Returns the answers, without what time changes."""
    answers = []
    for document, variables in list_node_reads(side) + list_root_reads(side):
        answer = await side.client.post(document, **variables)
        text = json.dumps(answer)
        assert "INTERNAL_SERVER_ERROR" not in text, (document, text)
        assert "VALIDATION_FAILED" not in text, (document, text)
        assert "QUERY_TOO_COMPLEX" not in text, (document, text)
        answers.append(VOLATILE.sub("", text))
    return answers


class _FieldNames(Visitor):
    def __init__(self, types: TypeInfo) -> None:
        super().__init__()
        self._types = types
        self.names: set[str] = set()

    def enter_field(self, *_: Any) -> None:
        parent, field = self._types.get_parent_type(), self._types.get_field_def()
        if parent is not None and field is not None and not parent.name.startswith("__"):
            self.names.update(f"{parent.name}.{name}" for name in _find_names(parent, field))


def _find_names(parent: Any, field: Any) -> list[str]:
    return [name for name, one in getattr(parent, "fields", {}).items() if one is field]


def list_fields_read(operations: list[Operation]) -> set[str]:
    """Returns the fields that the operations select, as `Type.field`."""
    types = TypeInfo(SCHEMA)
    names = _FieldNames(types)
    for document in {document for document, _ in operations}:
        visit(parse(document), TypeInfoVisitor(types, names))
    return names.names


def list_readable_fields() -> set[str]:
    """All fields of objects that queries can reach. Mutations select all of their errors."""
    error = SCHEMA.type_map["UserError"]
    kinds = [kind for kind in _list_reachable() if error not in kind.interfaces]
    return {f"{kind.name}.{name}" for kind in kinds for name in kind.fields}


def _list_reachable() -> set[GraphQLObjectType]:
    query = SCHEMA.query_type
    assert query is not None
    found: set[GraphQLObjectType] = set()
    waiting = [query]
    while waiting:
        kind = waiting.pop()
        if kind in found:
            continue
        found.add(kind)
        for field in kind.fields.values():
            target = get_named_type(field.type)
            members = getattr(target, "types", None)
            if isinstance(target, GraphQLObjectType):
                waiting.append(target)
            elif members is not None or hasattr(target, "interfaces"):
                waiting += SCHEMA.get_possible_types(target)
    return found
