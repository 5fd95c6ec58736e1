"""Senders of messages from the business."""

from typing import Annotated, Self

import strawberry

import models
from graph.core.stored import LINKED_AGENTS, linked
from graph.types.accounts import HasAccount
from graph.types.auth.agents import Agent

SENDER_FIELDS = ("direction", "type", "outbox_state", "agent_id", "sent_by", "account_id")


@strawberry.type(description="Agent who wrote a message.")
class AgentSender:
    agent: Agent = linked(
        "agent_id", LINKED_AGENTS, description="Agent who wrote the message.", missing="agent"
    )
    via: str | None = strawberry.field(
        description="Name of the credential that sent the message on behalf of the agent; null if"
        " the agent used a credential of its own."
    )
    document: strawberry.Private[models.Message]

    @classmethod
    def from_document(cls, document: models.Message) -> Self:
        return cls(via=document.sent_by, document=document)


@strawberry.type(
    description="API key of a server that sent a message without naming an agent; for messages of"
    " version 0.1, any credential."
)
class ApiKeySender:
    name: str = strawberry.field(description="Name of the credential when it sent the message.")


@strawberry.type(description="WhatsApp Business app on the phone, in which a message was written.")
class BusinessAppSender(HasAccount):
    document: strawberry.Private[models.Message]


Sender = AgentSender | ApiKeySender | BusinessAppSender
MessageSender = Annotated[
    Sender, strawberry.union("MessageSender", description="Sender of a message from the business.")
]


def read_sender(message: models.Message) -> Sender | None:
    """Returns the sender; None for customers and calls."""
    if message.is_from_business_app:
        return BusinessAppSender(document=message)
    if message.agent_id is not None:
        return AgentSender.from_document(message)
    return None if message.sent_by is None else ApiKeySender(name=message.sent_by)
