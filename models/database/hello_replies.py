"""Servers' replies to the driver's heartbeats, which show why no server can be selected.

The driver drops a server that does not belong to the replica set of the URI, and then reports it as
unreachable.
"""

import time
from collections.abc import Mapping
from typing import Any

from pymongo import AsyncMongoClient
from pymongo.monitoring import (
    ServerHeartbeatFailedEvent,
    ServerHeartbeatListener,
    ServerHeartbeatStartedEvent,
    ServerHeartbeatSucceededEvent,
)

# A member that starts has no configuration until it has read it from its files.
STARTING_SECONDS = 1.5


class HelloReplies(ServerHeartbeatListener):
    """Keeps the newest reply of each server."""

    def __init__(self) -> None:
        self._replies: dict[str, Mapping[str, Any] | None] = {}
        self._uninitiated_since: dict[str, float] = {}

    def started(self, event: ServerHeartbeatStartedEvent) -> None:
        self._replies.setdefault(_format_address(event.connection_id), None)

    def succeeded(self, event: ServerHeartbeatSucceededEvent) -> None:
        address, reply = _format_address(event.connection_id), event.reply.document
        self._replies[address] = reply
        if _is_uninitiated(reply):
            self._uninitiated_since.setdefault(address, time.monotonic())
        else:
            self._uninitiated_since.pop(address, None)

    def failed(self, event: ServerHeartbeatFailedEvent) -> None:
        address = _format_address(event.connection_id)
        self._replies[address] = None
        self._uninitiated_since.pop(address, None)

    @property
    def addresses(self) -> list[str]:
        return sorted(self._replies)

    def is_any_member_running(self, set_name: str | None) -> bool:
        """Returns True if a member of this replica set, or of any if it is None, answered."""
        names = [reply.get("setName") for reply in self._replies.values() if reply]
        return any(name is not None and name == (set_name or name) for name in names)

    def find_misconfiguration(self, set_name: str | None) -> str | None:
        """Returns why no server that answers will ever serve the replica set, with the remedy."""
        if self.is_any_member_running(set_name):
            return None
        for address, reply in sorted(self._replies.items()):
            if reply is None:
                continue
            if _is_uninitiated(reply):
                since = self._uninitiated_since.get(address, time.monotonic())
                if time.monotonic() - since >= STARTING_SECONDS:
                    return (
                        f"MongoDB at {address} runs with --replSet, but its replica set was never"
                        " initiated: run rs.initiate() once in mongosh."
                    )
            elif "setName" not in reply and reply.get("msg") != "isdbgrid":
                return (
                    f"MongoDB at {address} is a standalone server: wagraph needs a replica set for"
                    " its live events. Start mongod with --replSet rs0 and run rs.initiate() once."
                )
            elif set_name is not None:
                return (
                    f"MongoDB at {address} {_describe_membership(reply)}, not to {set_name}:"
                    " correct replicaSet in MONGODB_URI."
                )
        return None


def find_replies(client: AsyncMongoClient[dict[str, Any]]) -> HelloReplies:
    """Returns the listener that was passed to this client."""
    listeners = client.options.event_listeners
    return next(listener for listener in listeners if isinstance(listener, HelloReplies))


def _is_uninitiated(reply: Mapping[str, Any]) -> bool:
    return bool(reply.get("isreplicaset"))


def _describe_membership(reply: Mapping[str, Any]) -> str:
    if "setName" in reply:
        return f"belongs to the replica set {reply['setName']}"
    return "is a router of a sharded cluster and belongs to no replica set"


def _format_address(address: tuple[str, int | None]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
