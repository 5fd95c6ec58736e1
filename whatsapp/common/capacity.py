"""Sizes of queues and numbers of workers, passed to constructors as one value."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Capacity:
    """Maxima per process. Operators have no reason to change them; tests make them smaller."""

    webhook_workers: int = 4
    """Webhook batches applied concurrently; fewer workers make larger batches."""
    account_sends: int = 60
    """Conversations of one account to which messages are sent concurrently."""
    media_downloads: int = 8
    """Concurrent media downloads; one account gets at most half of them."""
    socket_operations: int = 50
    """Concurrent operations on a WebSocket."""
    socket_queue_events: int = 1000
    """Messages queued for a slow WebSocket."""
    socket_queue_bytes: int = 1024 * 1024
    """Bytes queued for a slow WebSocket."""
