"""Retention rules of a workspace in the graph."""

from typing import Self

import strawberry
from strawberry import Maybe

import models


@strawberry.type(description="Rules by which data of a workspace is removed; null keeps it.")
class RetentionRules:
    messages_days: int | None = strawberry.field(
        description="Days after which messages are removed, with their files, and notes, records of"
        " changes and failed webhooks."
    )
    media_days: int | None = strawberry.field(
        description="Days after which files of messages are removed; the messages stay."
    )
    closed_conversations_days: int | None = strawberry.field(
        description="Days after which conversations that are closed and unused are removed with"
        " everything in them; their contacts stay."
    )
    raw_bodies_days: int | None = strawberry.field(
        description="Days for which processed bodies of webhooks are kept; null for a day."
    )
    audit_days: int | None = strawberry.field(
        description="Days after which entries of the audit log are removed, if that is earlier than"
        " the server's `AUDIT_DAYS`."
    )

    @classmethod
    def from_model(cls, rules: models.Retention) -> Self:
        return cls(**rules.model_dump())


@strawberry.input(
    description="Changes to the retention rules of a workspace; null removes a rule, omitted fields"
    " keep theirs."
)
class RetentionRulesInput:
    messages_days: Maybe[int | None] = strawberry.field(
        description="Days after which messages are removed, 1 to 3650."
    )
    media_days: Maybe[int | None] = strawberry.field(
        description="Days after which files of messages are removed, 1 to 3650."
    )
    closed_conversations_days: Maybe[int | None] = strawberry.field(
        description="Days after which closed conversations are removed, 1 to 3650."
    )
    raw_bodies_days: Maybe[int | None] = strawberry.field(
        description="Days for which processed bodies of webhooks are kept, 0 to 30."
    )
    audit_days: Maybe[int | None] = strawberry.field(
        description="Days after which entries of the audit log are removed, 1 to 3650."
    )
