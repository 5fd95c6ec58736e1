"""Sizes of queues and numbers of workers, passed to constructors as one value."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Capacity:
    """Maxima per process. Operators have no reason to change them; tests make them smaller."""

    webhook_group_events: int = 256
    """Webhooks stored by one write."""
    webhook_group_bytes: int = 2 * 1024 * 1024
    """Bytes stored by one write; a single body may have more, up to 4 MB."""
    webhook_workers: int = 4
    """Webhook batches applied concurrently; fewer workers make larger batches."""
    account_sends: int = 60
    """Conversations of one account to which messages are sent concurrently."""
    media_downloads: int = 8
    """Concurrent media downloads; one account gets at most half of them."""
    contact_exports: int = 2
    """Concurrent exports of contacts; one account gets at most half of them."""
    export_page_items: int = 500
    """Messages, notes and changes on a page of an export."""
    graphql_operations: int = 128
    """Concurrent queries and mutations; a credential gets at most half of them, so that other
    credentials get a MongoDB connection."""
    limited_operations: int = 1
    """Concurrent operations, and events of subscriptions that read, of a workspace with a quota
    while other workspaces are active."""
    limited_waiting: int = 256
    """Operations of such a workspace that wait for their turn; further ones are refused."""
    held_refusals: int = 64
    """Refusals of such a workspace that are held back; further ones are sent at once."""
    plan_steps: int = 20_000
    """Steps of all cached plans: a step takes about 2.5 kB, an operation of an app 10 to 100."""
    socket_operations: int = 50
    """Concurrent operations on a WebSocket."""
    socket_queue_events: int = 1000
    """Messages queued for a slow WebSocket."""
    socket_queue_bytes: int = 1024 * 1024
    """Bytes queued for a slow WebSocket."""
