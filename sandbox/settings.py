"""Every interval and habit of the sandbox in one place: tests make it 20 times faster."""

import dataclasses
from dataclasses import dataclass
from typing import Self

DAY_SECONDS = 24 * 3600


@dataclass(slots=True)
class SandboxSettings:
    """All times are in seconds. Values may be changed while the sandbox runs."""

    webhook_url: str = "http://127.0.0.1:8000/webhooks/whatsapp"
    # Whether each app's URL names the app's secret, as the server shows it.
    webhook_url_names_secret: bool = False
    # Where the fake is reached, for media links; None takes it from each request.
    public_url: str | None = None

    answer_delay: float = 0.0
    answer_jitter: float = 0.0  # up to so much more, another time for each answer
    sent_delay: float = 0.2  # after the answer; the next two after the webhook before them
    delivered_delay: float = 0.4
    read_delay: float = 1.0

    webhook_timeout: float = 10.0
    # Meta repeats a refused webhook for 7 days; the sandbox stops after the last of these.
    webhook_retry_delays: tuple[float, ...] = (0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300)
    batch_wait: float = 0.5  # a batch that does not fill up is posted after this
    inbound_wait: float = 5.0  # how long POST /sandbox/inbound waits for the server's answer

    hang_time: float = 60.0  # the `timeout` fault, when it does not say
    drip_interval: float = 0.5  # between two bytes of the `slow_drip` fault
    media_url_lifetime: float = 300.0
    window_length: float = DAY_SECONDS

    # Meta puts a business-scoped user id beside the phone number since 2026.
    with_user_ids: bool = True
    # Meta's wa_id differs from the number dialled in Brazil, Mexico and Argentina.
    canonical_wa_ids: bool = True
    # A customer who never wrote has no open window at Meta. The sandbox forgets everybody when it
    # stops, so by default it only closes windows that it saw run out.
    strangers_have_open_window: bool = True
    # None does as Meta: a `conversation` object only for sends to versions before v24.0.
    conversation_in_statuses: bool | None = None

    # Meta's own throttles, off by default: messages per second and number, and the burst to one
    # customer before the pair limit of one message per `pair_interval`.
    messages_per_second: int | None = None
    pair_burst: int | None = None
    pair_interval: float = 6.0

    blocked_limit: int = 64_000  # customers that one number may block

    kept_requests: int = 20_000
    kept_webhooks: int = 5000
    kept_messages: int = 200  # of each conversation
    kept_conversations: int = 1000
    kept_media_bytes: int = 128 * 1024 * 1024

    def faster(self, factor: float = 20.0) -> Self:
        """The same settings with all waiting divided by `factor`; lifetimes stay as they are."""
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
