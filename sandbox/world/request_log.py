"""Requests to the fake Cloud API and its answers, for tests to count and compare."""

import json
import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

MAX_LOGGED_TEXT = 10_000
SHOWN_TOKEN_CHARACTERS = 4


@dataclass(slots=True)
class LoggedRequest:
    """A request. `status` and `answer` are None until the response."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    endpoint: str
    phone_number_id: str | None = None
    body: Any = None
    status: int | None = None
    answer: Any = None
    accepted: bool = False
    message_id: str | None = None
    fault: str | None = None
    time: float = field(default_factory=time.time)

    @property
    def callback_data(self) -> str | None:
        return self.body.get("biz_opaque_callback_data") if isinstance(self.body, dict) else None


class RequestLog:
    """The most recent requests, oldest first."""

    def __init__(self, *, kept: int) -> None:
        self.requests: deque[LoggedRequest] = deque(maxlen=kept)

    def add(self, request: LoggedRequest) -> None:
        self.requests.append(request)

    def clear(self) -> None:
        self.requests.clear()

    @property
    def accepted_counts(self) -> dict[str, int]:
        """Counts accepted messages per biz_opaque_callback_data since `clear`."""
        return dict(
            Counter(request.callback_data for request in self.list_sends() if request.callback_data)
        )

    def list_sends(self, *, phone_number_id: str | None = None) -> list[LoggedRequest]:
        """Returns accepted sends in order."""
        return [
            request
            for request in self.requests
            if request.accepted and phone_number_id in (None, request.phone_number_id)
        ]

    def find(self, filters: Mapping[str, str]) -> list[LoggedRequest]:
        """Returns requests whose attributes equal all given values.

        Filters: phone_number_id, endpoint, method, path, callback_data, to, accepted ("true" or
        "false").
        """
        return [request for request in self.requests if _has_all(request, filters)]


def describe_request(request: LoggedRequest) -> dict[str, Any]:
    return asdict(request) | {"biz_opaque_callback_data": request.callback_data}


def redact_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Shortens tokens so that they can be distinguished but not used."""
    shown = dict(headers)
    for name in ("authorization", "cookie"):
        if name in shown:
            scheme, _, secret = shown[name].rpartition(" ")
            shown[name] = f"{scheme} …{secret[-SHOWN_TOKEN_CHARACTERS:]}".strip()
    return shown


def read_logged_body(body: bytes, content_type: str) -> Any:
    """Returns JSON as JSON, other text as text, files as their size."""
    if content_type.startswith("multipart/"):
        return f"<{len(body)} bytes of {content_type.partition(';')[0]}>"
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode("utf-8", "replace")[:MAX_LOGGED_TEXT]


def _has_all(request: LoggedRequest, filters: Mapping[str, str]) -> bool:
    for name, expected in filters.items():
        if name in ("biz_opaque_callback_data", "callback_data"):
            actual: Any = request.callback_data
        elif name == "to":
            actual = request.body.get("to") if isinstance(request.body, dict) else None
        elif name == "accepted":
            actual = str(request.accepted).lower()
        else:
            actual = getattr(request, name, None)
        if actual != expected:
            return False
    return True
