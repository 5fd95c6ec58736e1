"""The subscription `presenceChanged`: the agents who look at a conversation or type in it.

Presence is not part of the change stream, so it has no cursor and is not replayed.
"""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from dataclasses import dataclass, field

import strawberry
from beanie import PydanticObjectId

import models
from graph.core.context import Info, get_viewer
from graph.core.loaders import Loaders
from graph.types.accounts import HasAccount
from graph.types.conversations import Conversation
from graph.types.inbox.presence import ConversationViewer
from whatsapp.auth.presence import Colleague, Colleagues


@strawberry.type(
    description="Agents opened or left a conversation, or began or stopped typing. Not stored:"
    " after a reconnection, subscribe again to get the current state."
)
class PresenceChanged(HasAccount):
    document: strawberry.Private[models.Conversation]
    colleagues: strawberry.Private[tuple[Colleague, ...]]
    # An event is a root value with loaders of its own, so documents are as new as the event.
    loaders: strawberry.Private[Loaders]

    @strawberry.field(description="The conversation.")
    def conversation(self) -> Conversation:
        return Conversation.from_document(self.document)

    @strawberry.field(
        description="All agents that are looking at the conversation, in order of arrival,"
        " including the caller's agent."
    )
    def viewers(self) -> list[ConversationViewer]:
        return [ConversationViewer(document=colleague) for colleague in self.colleagues]


@dataclass
class _Scope:
    """The conversations of a subscription, and the states it has sent of them."""

    info: Info
    account_id: PydanticObjectId | None
    conversation: models.Conversation | None
    sent: Colleagues = field(default_factory=dict)

    def list_changes(self, colleagues: Colleagues) -> Colleagues:
        """Returns the agents of each conversation for which they differ from those sent."""
        current = self._select(colleagues)
        gone: Colleagues = dict.fromkeys(self.sent.keys() - current.keys(), ())
        changed = {key: agents for key, agents in current.items() if self.sent.get(key) != agents}
        if self.conversation is not None:
            gone = {key: () for key in gone if self.sent[key]}
        self.sent = current
        return {**changed, **gone}

    def _select(self, colleagues: Colleagues) -> Colleagues:
        if self.conversation is not None:
            return {self.conversation.id: colleagues.get(self.conversation.id, ())}
        viewer = get_viewer(self.info)
        return {
            key: agents
            for key, agents in colleagues.items()
            if viewer.can_see(agents[0]) and self.account_id in (None, agents[0].account_id)
        }


async def stream_presence(
    info: Info, account_id: PydanticObjectId | None, conversation: models.Conversation | None
) -> AsyncIterator[PresenceChanged]:
    """Yields the current state, then each change; shows the caller in the conversation."""
    presence, budgets = info.context.services.presence, info.context.services.live_budgets
    viewer = get_viewer(info)
    scope = _Scope(info, account_id, conversation)
    with ExitStack() as stack:
        stack.enter_context(presence.watch())
        if conversation is not None and viewer.agent_id is not None:
            liveness = info.context.liveness
            if liveness is not None:
                stack.enter_context(liveness.watch())
            stack.enter_context(
                presence.look(
                    viewer.agent_id,
                    conversation,
                    is_alive=liveness.is_alive if liveness else lambda: True,
                )
            )
        await presence.read()
        while True:
            change = presence.next_change
            for conversation_id, agents in scope.list_changes(presence.colleagues).items():
                await budgets.wait_and_take(viewer, info.context.cost)
                loaders = Loaders()
                document = await loaders.conversations.load(conversation_id)
                if document is not None and viewer.can_see(document):
                    yield PresenceChanged(document=document, colleagues=agents, loaders=loaders)
            await change.wait()
