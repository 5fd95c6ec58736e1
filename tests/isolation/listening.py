"""A socket with every subscription of the schema, and all that it hears."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

import orjson
from graphql import (
    GraphQLEnumType,
    GraphQLField,
    GraphQLObjectType,
    get_named_type,
    is_required_argument,
)

from tests.fixtures.selections import select_all
from tests.graph.socket_kit import SocketClient, open_socket
from tests.isolation.sides import SCHEMA, Side

PER_SOCKET = 40
FILTERS = "filters: [{}]"


def list_subscriptions(side: Side, *, after: str | None = None) -> dict[str, str]:
    """Documents by a name: each subscription with and without its ids; of `events`, each type."""
    root = SCHEMA.subscription_type
    assert root is not None
    documents = {}
    for name, field in root.fields.items():
        if after is not None and "after" not in field.args:
            continue
        for place in _list_places(side, field):
            given = [FILTERS] if is_required(field) else []
            given += [place] if place else []
            given += [f'after: "{after}"'] if after is not None else []
            for title, text in _list_selections(name, field):
                arguments = ", ".join([*given, *([f"types: [{title}]"] if title else [])])
                head = f"{name}({arguments})" if arguments else name
                label = f"{name} {title} {place.partition(':')[0]}".replace("  ", " ").strip()
                documents[label] = f"subscription {{ {head} {text} }}"
    return documents


def is_required(field: GraphQLField) -> bool:
    return any(is_required_argument(argument) for argument in field.args.values())


def _list_places(side: Side, field: GraphQLField) -> list[str]:
    ids = {"accountId": "Account", "conversationId": "Conversation"}
    given = [
        f'{name}: "{side.first(kind)}"'
        for name, kind in ids.items()
        if name in field.args and kind in side.ids
    ]
    return ["", *given] if "types" not in field.args else [""]


def _list_selections(name: str, field: GraphQLField) -> list[tuple[str, str]]:
    """The fields of the event; for `events` those of each of its types."""
    kind = get_named_type(field.type)
    if name != "events":
        return [("", select_all(SCHEMA, kind, levels=1, size=3))]
    types = SCHEMA.type_map["EventType"]
    assert isinstance(types, GraphQLEnumType)
    found = []
    for value in types.values:
        member = SCHEMA.type_map["".join(part.capitalize() for part in value.split("_"))]
        assert isinstance(member, GraphQLObjectType)
        inner = select_all(SCHEMA, member, levels=1, size=3)
        found.append((value, f"{{ ... on {member.name} {inner} }}"))
    return found


class Listener:
    """The frames of each subscription, as text."""

    def __init__(self) -> None:
        self.heard: dict[str, list[str]] = {}

    async def follow(self, ws: SocketClient, documents: Sequence[tuple[str, str]]) -> None:
        """Starts the subscriptions on a socket and reads their frames until it closes."""
        names = {}
        for name, document in documents:
            self.heard[name] = []
            names[await ws.subscribe(document)] = name
        while True:
            frame: Any = orjson.loads(await ws.connection.recv())
            if frame["type"] == "ping":
                await ws.send({"type": "pong"})
            elif "id" in frame:
                self.heard[names[frame["id"]]].append(json.dumps(frame))

    @property
    def text(self) -> str:
        return "\n".join(itertools.chain(*self.heard.values()))

    def list_failed(self) -> set[str]:
        """Names of the subscriptions that ended or had an error."""
        return {
            name
            for name, frames in self.heard.items()
            if any('"type": "next"' not in frame or '"errors"' in frame for frame in frames)
        }


@contextlib.asynccontextmanager
async def open_listener(
    port: int, side: Side, documents: dict[str, str]
) -> AsyncIterator[Listener]:
    """Follows the subscriptions on as many sockets as they need."""
    listener = Listener()
    async with contextlib.AsyncExitStack() as stack:
        for batch in batched(list(documents.items()), PER_SOCKET):
            ws = await stack.enter_async_context(open_socket(port, token=side.token))
            task = asyncio.create_task(listener.follow(ws, batch))
            stack.push_async_callback(_stop, task)
        yield listener


def batched(documents: list[tuple[str, str]], size: int) -> Iterator[list[tuple[str, str]]]:
    return (documents[start : start + size] for start in range(0, len(documents), size))


async def _stop(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
