"""Intervals and switches of the sandbox; tests make it 20 times faster."""

import dataclasses
from dataclasses import dataclass
from typing import Self

DAY_SECONDS = 24 * 3600


@dataclass(slots=True)
class SandboxSettings:
    """All times are in seconds. Values may be changed while the sandbox runs."""

    webhook_url: str = "http://127.0.0.1:8000/webhooks/whatsapp"
    # Use webhook URLs that name the app secret, as the server shows them.
    webhook_url_names_secret: bool = False
    # Base URL for media links; None takes it from each request.
    public_url: str | None = None

    # Server whose inbox the page /demo shows beside the phone; None shows the phone alone.
    inbox_url: str | None = None

    answer_delay: float = 0.0
    answer_jitter: float = 0.0  # upper bound of a random addition per answer
    sent_delay: float = 0.2  # after the answer; the next two after the webhook before them
    delivered_delay: float = 0.4
    read_delay: float = 1.0

    webhook_timeout: float = 10.0
    # Meta retries a refused webhook for 7 days; the sandbox stops after the last of these.
    webhook_retry_delays: tuple[float, ...] = (0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300)
    batch_wait: float = 0.5  # an incomplete batch is posted after this
    inbound_wait: float = 5.0  # POST /sandbox/inbound waits so long for the server's answer

    hang_time: float = 60.0  # default of the `timeout` fault
    drip_interval: float = 0.5  # between two bytes of the `slow_drip` fault
    media_url_lifetime: float = 300.0
    window_length: float = DAY_SECONDS

    # Meta puts a business-scoped user id beside the phone number since 2026.
    with_user_ids: bool = True
    # Meta's wa_id differs from the number dialled in Brazil, Mexico and Argentina.
    canonical_wa_ids: bool = True
    # At Meta a customer without messages has no open window. The sandbox loses its customers at a
    # stop, so by default it closes only windows that it saw expire.
    strangers_have_open_window: bool = True
    # None behaves as Meta: a `conversation` object only in versions before v24.0.
    conversation_in_statuses: bool | None = None

    # Meta's rate limits, off by default: messages per second and number, and the burst to one
    # customer before the pair limit of one message per `pair_interval`.
    messages_per_second: int | None = None
    pair_burst: int | None = None
    pair_interval: float = 6.0

    blocked_limit: int = 64_000  # customers that a number may block

    kept_requests: int = 20_000
    kept_webhooks: int = 5000
    kept_messages: int = 200  # of each conversation
    kept_conversations: int = 1000
    kept_media_bytes: int = 128 * 1024 * 1024

    def faster(self, factor: float = 20.0) -> Self:
        """Returns the settings with all waits divided by `factor`; lifetimes stay."""
        waits = (
            "answer_delay",
            "answer_jitter",
            "sent_delay",
            "delivered_delay",
            "read_delay",
            "batch_wait",
        )
        shorter = {name: getattr(self, name) / factor for name in (*waits, "drip_interval")}
        delays = tuple(delay / factor for delay in self.webhook_retry_delays)
        return dataclasses.replace(self, **shorter, webhook_retry_delays=delays)
