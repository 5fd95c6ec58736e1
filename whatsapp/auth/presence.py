"""Presence: the agents of all processes who are online, look at a conversation or type in it."""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from time import monotonic

from beanie import PydanticObjectId
from pymongo.errors import PyMongoError

from models import Conversation, Look, Presence
from models.database.base import utc_now
from models.database.outage_log import log_failure
from whatsapp.auth.presence_store import PresenceStore
from whatsapp.common.timeouts import Timeouts

logger = logging.getLogger(__name__)

TYPING = timedelta(seconds=8)
# Bounds the document of a process to 4 MB: this many looks, and as many typing agents.
MAX_LOOKS = 10_000
# Changes within this time are written and reported together.
COLLECT_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Colleague:
    """An agent in a conversation."""

    agent_id: PydanticObjectId
    workspace_id: PydanticObjectId
    account_id: PydanticObjectId
    since: datetime
    is_typing: bool


Colleagues = dict[PydanticObjectId, tuple[Colleague, ...]]
"""The agents of each conversation, in order of arrival."""


@dataclass(eq=False, slots=True)
class _Gaze:
    """A subscription of an agent that looks at a conversation."""

    look: Look
    is_alive: Callable[[], bool]


@dataclass
class AgentPresence:
    """Exchanges the presence of its agents with other processes, through their documents."""

    timeouts: Timeouts
    list_online: Callable[[], frozenset[PydanticObjectId]]
    """Returns the agents with an open socket in this process."""
    store: PresenceStore = field(default_factory=PresenceStore)
    _gazes: dict[PydanticObjectId, list[_Gaze]] = field(default_factory=dict)
    """By conversation."""
    _gaze_count: int = 0
    _typing: dict[tuple[PydanticObjectId, PydanticObjectId], Look] = field(default_factory=dict)
    """By agent and conversation."""
    _others: list[Presence] = field(default_factory=list)
    _other_looks: dict[PydanticObjectId, list[Look]] = field(default_factory=dict)
    """Looks of other processes, by conversation."""
    _colleagues: Colleagues = field(default_factory=dict)
    _is_reported: bool = True
    """False while a change of this process waits for the next exchange."""
    _read_at: float = float("-inf")
    _watchers: int = 0
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _reading: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def read(self) -> Colleagues:
        """Returns the agents in each conversation, as of about a second ago.

        Raises:
            PyMongoError: MongoDB is unavailable.
        """
        await self._refresh()
        return self._colleagues

    async def is_online(self, agent_id: PydanticObjectId) -> bool:
        """Returns True if the agent has an open socket or event stream.

        Raises:
            PyMongoError: MongoDB is unavailable.
        """
        if agent_id in self.list_online():
            return True
        await self._refresh()
        return any(agent_id in other.online_ids for other in self._others)

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        """Keeps `colleagues` current inside the block."""
        self._watchers += 1
        self._wake.set()
        try:
            yield
        finally:
            self._watchers -= 1

    @property
    def colleagues(self) -> Colleagues:
        return self._colleagues

    @property
    def next_change(self) -> asyncio.Event:
        """Set by the next change of `colleagues`."""
        return self._changed

    @contextlib.contextmanager
    def look(
        self,
        agent_id: PydanticObjectId,
        conversation: Conversation,
        *,
        is_alive: Callable[[], bool],
    ) -> Iterator[None]:
        """Shows the agent in the conversation, until the block ends or `is_alive` returns False."""
        look = Look(
            agent_id=agent_id,
            workspace_id=conversation.workspace_id,
            account_id=conversation.account_id,
            conversation_id=conversation.id,
            since=utc_now(),
        )
        gaze = _Gaze(look, is_alive)
        is_shown = self._gaze_count < MAX_LOOKS
        if is_shown:
            self._add_gaze(gaze)
        try:
            yield
        finally:
            if is_shown:
                self._remove_gaze(gaze)

    def _add_gaze(self, gaze: _Gaze) -> None:
        self._gaze_count += 1
        self._gazes.setdefault(gaze.look.conversation_id, []).append(gaze)
        self._show(gaze.look.conversation_id)

    def _remove_gaze(self, gaze: _Gaze) -> None:
        conversation_id = gaze.look.conversation_id
        self._gaze_count -= 1
        # Compared by identity.
        self._gazes[conversation_id].remove(gaze)
        if not self._gazes[conversation_id]:
            del self._gazes[conversation_id]
        self._show(conversation_id)

    def record_typing(
        self,
        agent_id: PydanticObjectId,
        conversation: Conversation,
    ) -> None:
        """Shows the agent as typing for `TYPING`."""
        key, now = (agent_id, conversation.id), utc_now()
        if key not in self._typing and len(self._typing) >= MAX_LOOKS:
            return
        known = self._typing.get(key)
        self._typing[key] = Look(
            agent_id=agent_id,
            workspace_id=conversation.workspace_id,
            account_id=conversation.account_id,
            conversation_id=conversation.id,
            since=known.since if known else now,
            typing_until=now + TYPING,
        )
        self._show(conversation.id)

    async def run(self) -> None:
        """Exchanges presence until it is cancelled, then deletes the presence of this process."""
        try:
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self.timeouts.presence_poll_seconds):
                        await self._wake.wait()
                await asyncio.sleep(COLLECT_SECONDS)
                self._wake.clear()
                await self._exchange()
        finally:
            with contextlib.suppress(PyMongoError):
                await self.store.withdraw()

    async def _exchange(self) -> None:
        try:
            await self.store.write(
                self._list_looks(),
                self.list_online(),
                heartbeat_seconds=self.timeouts.presence_heartbeat_seconds,
            )
            if self._watchers:
                await self._refresh()
        except PyMongoError as error:
            log_failure(logger, error, "Could not exchange presence")
            if monotonic() - self._read_at > self.timeouts.presence_expiry_seconds:
                self._set_others([])
        self._rebuild()

    async def _refresh(self) -> None:
        async with self._reading:
            # Callers that waited for the lock share the read.
            if monotonic() - self._read_at < self.timeouts.presence_poll_seconds:
                return
            others = await self.store.read_others(
                expiry_seconds=self.timeouts.presence_expiry_seconds
            )
            self._set_others(others)
            self._read_at = monotonic()
        self._rebuild()

    def _set_others(self, others: list[Presence]) -> None:
        self._others = others
        self._other_looks = {}
        for other in others:
            for look in other.looks:
                self._other_looks.setdefault(look.conversation_id, []).append(look)

    def _show(self, conversation_id: PydanticObjectId) -> None:
        """Takes over a change of this process; the next exchange reports it with others.

        Recalculates only this conversation, so that many simultaneous arrivals stay cheap.
        """
        typing = [look for look in self._typing.values() if look.conversation_id == conversation_id]
        own_looks = [*_list_alive(self._gazes.get(conversation_id, ())), *typing]
        looks = [*own_looks, *self._other_looks.get(conversation_id, ())]
        agents = _group_by_conversation(looks, utc_now()).get(conversation_id)
        if agents:
            self._colleagues[conversation_id] = agents
        else:
            self._colleagues.pop(conversation_id, None)
        self._is_reported = False
        self._wake.set()

    def _rebuild(self) -> None:
        now = utc_now()
        self._typing = {key: look for key, look in self._typing.items() if _is_typing(look, now)}
        looks = self._list_looks()
        for others in self._other_looks.values():
            looks += others
        colleagues = _group_by_conversation(looks, now)
        if colleagues != self._colleagues or not self._is_reported:
            self._colleagues, self._is_reported = colleagues, True
            changed, self._changed = self._changed, asyncio.Event()
            changed.set()

    def _list_looks(self) -> list[Look]:
        alive = (look for gazes in self._gazes.values() for look in _list_alive(gazes))
        return [*alive, *self._typing.values()]


def _list_alive(gazes: Iterable[_Gaze]) -> list[Look]:
    return [gaze.look for gaze in gazes if gaze.is_alive()]


def _group_by_conversation(looks: list[Look], now: datetime) -> Colleagues:
    merged: dict[PydanticObjectId, dict[PydanticObjectId, Colleague]] = {}
    for look in sorted(looks, key=lambda look: (look.since, look.agent_id)):
        is_typing = _is_typing(look, now)
        if look.typing_until is not None and not is_typing:
            continue
        agents = merged.setdefault(look.conversation_id, {})
        known = agents.get(look.agent_id)
        agents[look.agent_id] = Colleague(
            look.agent_id,
            look.workspace_id,
            look.account_id,
            known.since if known else look.since,
            is_typing or (known is not None and known.is_typing),
        )
    return {conversation_id: tuple(agents.values()) for conversation_id, agents in merged.items()}


def _is_typing(look: Look, now: datetime) -> bool:
    return look.typing_until is not None and look.typing_until > now
