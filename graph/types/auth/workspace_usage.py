"""Quotas of a workspace, and what it uses of them."""

from datetime import datetime
from typing import Self

import strawberry

import models
from graph.core.context import Info, get_loaders

PER_PROCESS = "in each server process; null without a quota."


@strawberry.type(description="Limits of a workspace; null for no limit of its own.")
class WorkspaceQuotas:
    operation_cost_per_minute: int | None = strawberry.field(
        description=f"Cost of queries and mutations a minute {PER_PROCESS}"
    )
    event_cost_per_minute: int | None = strawberry.field(
        description=f"Cost of the events of subscriptions a minute {PER_PROCESS}"
    )
    sockets: int | None = strawberry.field(
        description=f"Open WebSockets and event streams {PER_PROCESS}"
    )
    uploads_per_minute: int | None = strawberry.field(
        description=f"Requests with files a minute {PER_PROCESS}"
    )
    sends_per_second: int | None = strawberry.field(
        description=f"Messages that leave for WhatsApp a second {PER_PROCESS}"
    )
    media_downloads: int | None = strawberry.field(
        description=f"Received files that are downloaded at once {PER_PROCESS}"
    )
    stored_bytes: float | None = strawberry.field(
        description="Bytes of all stored files; null without a quota. Beyond it, received files"
        " wait as PENDING, and uploads are refused."
    )

    @classmethod
    def from_model(cls, quotas: models.Quotas) -> Self:
        return cls(**quotas.model_dump())


@strawberry.type(description="Use of a quota.")
class QuotaUse:
    used: float | None = strawberry.field(
        description="Current use, in this server process unless it is stored; null if it is not"
        " counted without a quota, or not measured yet."
    )
    limit: float | None = strawberry.field(description="The quota; null for no limit.")


@strawberry.type(
    description="What a workspace uses. Rates are those of the server process that answers."
)
class WorkspaceUsage:
    operation_cost: QuotaUse = strawberry.field(
        description="Cost of operations that is not restored yet; see `extensions.cost`."
    )
    event_cost: QuotaUse = strawberry.field(description="Cost of events that is not restored yet.")
    sockets: QuotaUse = strawberry.field(description="Open WebSockets and event streams.")
    uploads: QuotaUse = strawberry.field(description="Requests with files of the last minute.")
    sends: QuotaUse = strawberry.field(
        description="Messages that left for WhatsApp in the last full second."
    )
    media_downloads: QuotaUse = strawberry.field(
        description="Received files that are being downloaded."
    )
    stored_bytes: QuotaUse = strawberry.field(
        description="Bytes of stored files, as measured, and what this process stored since then."
    )
    contacts: int | None = strawberry.field(
        description="Number of contacts, as measured; null before the first measurement."
    )
    messages: int | None = strawberry.field(
        description="Number of messages, as measured; null before the first measurement."
    )
    files: int | None = strawberry.field(
        description="Number of stored files, as measured; null before the first measurement."
    )
    measured_at: datetime | None = strawberry.field(
        description="Time of the last measurement, which is hourly; null before the first."
    )


async def load_usage(info: Info, workspace: models.Workspace) -> WorkspaceUsage:
    """Returns the usage of a workspace that the viewer may see."""
    services, key, quotas = info.context.services, workspace.id, workspace.quotas
    measured = await get_loaders(info).workspace_usages.load(key)
    load = services.rate_limits.read_usage(key)
    stored = services.quotas.get_stored_bytes(key) if measured else None
    return WorkspaceUsage(
        operation_cost=QuotaUse(used=load.operation_cost, limit=quotas.operation_cost_per_minute),
        event_cost=QuotaUse(
            used=services.live_budgets.read_used(key), limit=quotas.event_cost_per_minute
        ),
        sockets=QuotaUse(used=load.sockets, limit=quotas.sockets),
        uploads=QuotaUse(used=load.uploads, limit=quotas.uploads_per_minute),
        sends=QuotaUse(used=services.count_sends(key), limit=quotas.sends_per_second),
        media_downloads=QuotaUse(used=services.count_downloads(key), limit=quotas.media_downloads),
        stored_bytes=QuotaUse(used=stored, limit=quotas.stored_bytes),
        contacts=measured and measured.contacts,
        messages=measured and measured.messages,
        files=measured and measured.files,
        measured_at=measured and measured.measured_at,
    )
