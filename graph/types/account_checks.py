"""Checks of accounts in the graph: what was looked at, and what was found."""

from datetime import datetime
from typing import Self

import strawberry

import models
from graph.core.enums import CheckName


@strawberry.type(description="One thing that was looked at.")
class AccountCheck:
    name: CheckName = strawberry.field(description="What was looked at.")
    ok: bool = strawberry.field(description="Whether it is well.")
    message: str = strawberry.field(
        description="What was found and, where it is not well, what to do."
    )

    @classmethod
    def from_document(cls, document: models.AccountCheck) -> Self:
        return cls(name=document.name, ok=document.ok, message=document.message)


@strawberry.type(description="What a check of an account found.")
class CheckReport:
    at: datetime = strawberry.field(description="When WhatsApp was asked.")
    checks: list[AccountCheck] = strawberry.field(description="One for each thing.")

    @classmethod
    def from_document(cls, document: models.CheckReport) -> Self:
        checks = [AccountCheck.from_document(check) for check in document.checks]
        return cls(at=document.at, checks=checks)
