"""The client of Meta's Cloud API: requests with deadlines and honest outcomes.

Three outcomes besides success, drawn in `whatsapp.errors`: Meta refused, Meta was not reached, or
the outcome is unknown. The access token travels in the Authorization header only, and no exception
leaves here with a cause that could carry it.
"""

import asyncio
import json
import math
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import orjson

from whatsapp.errors import CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown
from whatsapp.settings import Settings

ANSWER_LIMIT_BYTES = 1024 * 1024
# Requests to Meta that one process makes at once; the connection pool is as large.
SEND_CONCURRENCY = 200
TOKEN_INVALID_CODE = 190
HELD = "held_for_quality_assessment"
# Raised before the first byte of the request was written.
_NOT_REACHED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class SendResult:
    """What Meta said about an accepted message; a send to a user id has no `wa_id`."""

    wamid: str
    wa_id: str | None
    user_id: str | None
    held: bool
    """Accepted, but kept back by Meta until the template's quality is assessed."""


@dataclass(frozen=True)
class _Answer:
    http_status: int
    headers: httpx.Headers
    body: object
    """The parsed JSON, or None where it is none."""


def create_http_client(
    settings: Settings, transport: httpx.AsyncBaseTransport | None = None
) -> httpx.AsyncClient:
    """The one client of this process; `transport` is where tests put their fake Meta."""
    # Waiting for a free connection, connecting and TLS each have their share, so that running out
    # of time there is told from the total deadline, which can't tell what was written.
    share = settings.send_deadline_seconds / 4
    return httpx.AsyncClient(
        transport=transport,
        timeout=httpx.Timeout(settings.send_deadline_seconds, connect=share, pool=share),
        limits=httpx.Limits(
            max_connections=SEND_CONCURRENCY, max_keepalive_connections=SEND_CONCURRENCY
        ),
        trust_env=False,
        follow_redirects=False,
    )


class CloudAPI:
    """Requests to the one configured host; nothing else of ours talks to Meta."""

    def __init__(self, http: httpx.AsyncClient, *, settings: Settings) -> None:
        self._http = http
        self._base_url = settings.graph_api_url
        self._default_version = settings.graph_api_version
        self._deadline_seconds = settings.send_deadline_seconds

    async def send_message(
        self,
        *,
        phone_number_id: str,
        access_token: str,
        graph_api_version: str | None,
        payload: dict[str, Any],
    ) -> SendResult:
        """Sends one message.

        Raises:
            CloudAPIError: Meta refused it with an error object, so it was not sent.
            CloudAPINotReached: no connection was made, so it was not sent.
            CloudAPIOutcomeUnknown: it may have been sent.
        """
        answer = await self._request(
            "POST",
            self._make_url(graph_api_version, phone_number_id, "messages"),
            access_token=access_token,
            content=orjson.dumps(payload),
        )
        result = read_send_result(answer.body) if answer.http_status == 200 else None
        if result is None:
            raise CloudAPIOutcomeUnknown(f"unreadable answer with status {answer.http_status}")
        return result

    async def call(
        self,
        method: str,
        *path: str,
        access_token: str,
        graph_api_version: str | None,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Any other request whose answer is a JSON object; `path` follows the version.

        Raises:
            CloudAPIError: Meta refused it with an error object.
            CloudAPINotReached: no connection was made.
            CloudAPIOutcomeUnknown: no readable answer came back.
        """
        url = self._make_url(graph_api_version, *path)
        answer = await self._request(
            method,
            f"{url}?{urlencode(query)}" if query else url,
            access_token=access_token,
            content=None if body is None else orjson.dumps(body),
        )
        if answer.http_status != 200 or not isinstance(answer.body, dict):
            raise CloudAPIOutcomeUnknown(f"unreadable answer with status {answer.http_status}")
        return answer.body

    async def upload(
        self,
        *path: str,
        access_token: str,
        graph_api_version: str | None,
        content: AsyncIterable[bytes],
        headers: Mapping[str, str],
        deadline_seconds: float,
    ) -> dict[str, Any]:
        """A POST of a large body, piece by piece; `headers` say its type and length.

        Raises:
            CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown: as `call`.
        """
        answer = await self._request(
            "POST",
            self._make_url(graph_api_version, *path),
            access_token=access_token,
            content=content,
            headers=headers,
            deadline_seconds=deadline_seconds,
        )
        if answer.http_status != 200 or not isinstance(answer.body, dict):
            raise CloudAPIOutcomeUnknown(f"unreadable answer with status {answer.http_status}")
        return answer.body

    def _make_url(self, graph_api_version: str | None, *path: str) -> str:
        parts = (graph_api_version or self._default_version, *path)
        return "/".join([self._base_url, *(quote(part, safe="") for part in parts)])

    async def _request(
        self,
        method: str,
        url: str,
        *,
        access_token: str,
        content: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        deadline_seconds: float | None = None,
    ) -> _Answer:
        """Any answer but one with Meta's error object, which is raised."""
        all_headers = {**build_headers(access_token), **(headers or {})}
        # The answer to a large body takes its time; connecting never does.
        share = self._deadline_seconds / 4
        seconds = deadline_seconds or self._deadline_seconds
        timeout = httpx.Timeout(seconds, connect=share, pool=share)
        try:
            async with (
                asyncio.timeout(seconds),
                self._http.stream(
                    method, url, content=content, headers=all_headers, timeout=timeout
                ) as response,
            ):
                answer = await _read_answer(response)
        # `from None` throughout: httpx's exceptions hold the request, and with it the token.
        except _NOT_REACHED as error:
            raise CloudAPINotReached(type(error).__name__) from None
        except TimeoutError:
            raise CloudAPIOutcomeUnknown("no answer within the deadline") from None
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise CloudAPIOutcomeUnknown(type(error).__name__) from None
        error_object = read_error(
            answer.body, http_status=answer.http_status, headers=answer.headers
        )
        if error_object is not None:
            raise error_object
        return answer


def build_headers(access_token: str) -> dict[str, str]:
    """The headers of every request to Meta.

    Raises:
        CloudAPIError: no token looks like this, so that Meta need not be asked.
    """
    if (
        not access_token
        or not access_token.isascii()
        or not access_token.isprintable()
        or " " in access_token
    ):
        # httpx would refuse it too, with the token in the exception's text.
        raise CloudAPIError(
            code=TOKEN_INVALID_CODE, title="The access token has characters that no token has"
        )
    return {
        "Authorization": f"Bearer {access_token}",
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
    }


async def _read_answer(response: httpx.Response) -> _Answer:
    if response.headers.get("content-encoding", "identity") != "identity":
        # A compressed answer could be far larger than the bytes that come over the wire.
        raise CloudAPIOutcomeUnknown("the answer is compressed although that was declined")
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > ANSWER_LIMIT_BYTES:
            raise CloudAPIOutcomeUnknown("the answer is larger than 1 MB")
    return _Answer(response.status_code, response.headers, _parse_json(bytes(body)))


def _parse_json(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def read_send_result(body: object) -> SendResult | None:
    """The result in Meta's answer, or None where the answer names no message."""
    message = _first_object(body, "messages")
    wamid = message.get("id")
    if not isinstance(wamid, str) or not wamid:
        return None
    contact = _first_object(body, "contacts")
    return SendResult(
        wamid=wamid,
        wa_id=_text_or_none(contact.get("wa_id")),
        user_id=_text_or_none(contact.get("user_id")),
        held=message.get("message_status") == HELD,
    )


def read_error(body: object, *, http_status: int, headers: httpx.Headers) -> CloudAPIError | None:
    """Meta's error object in an answer, or None where there is none with a code."""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(body, dict) or not isinstance(error, dict):
        return None
    code = error.get("code")
    if not isinstance(code, int) or isinstance(code, bool):
        return None
    subcode = error.get("error_subcode")
    return CloudAPIError(
        code=code,
        title=_text_or_none(error.get("message")) or "no message",
        details=_read_details(error),
        subcode=subcode if isinstance(subcode, int) else None,
        http_status=http_status,
        is_transient=error.get("is_transient") is True,
        fbtrace_id=_text_or_none(error.get("fbtrace_id")),
        retry_after_seconds=read_retry_after(headers),
        answer=body,
    )


def _read_details(error: dict[str, Any]) -> str | None:
    """`error_data` is an object with `details`, and sometimes a plain string."""
    data = error.get("error_data")
    if isinstance(data, dict):
        data = data.get("details")
    return _text_or_none(data) or _text_or_none(error.get("error_user_msg"))


def read_retry_after(headers: httpx.Headers) -> float | None:
    """Seconds to wait, from Retry-After or from Meta's usage header (which has minutes)."""
    asked = headers.get("retry-after", "")
    try:
        seconds = float(asked)
    except ValueError:
        usage = headers.get("x-business-use-case-usage", "")
        return _read_date_wait(asked) or _read_usage_wait(usage)
    return seconds if math.isfinite(seconds) and seconds > 0 else None


def _read_date_wait(header: str) -> float | None:
    """HTTP also allows a date in Retry-After."""
    try:
        until = parsedate_to_datetime(header)
        seconds = (until - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):  # no date, or one without its zone
        return None
    return seconds if seconds > 0 else None


def _read_usage_wait(header: str) -> float | None:
    """The longest of `{"<business id>": [{"estimated_time_to_regain_access": minutes, …}]}`."""
    try:
        usage = json.loads(header)
    except (ValueError, RecursionError):
        return None
    minutes = [
        item.get("estimated_time_to_regain_access")
        for items in (usage.values() if isinstance(usage, dict) else ())
        for item in (items if isinstance(items, list) else ())
        if isinstance(item, dict)
    ]
    longest = max((wait for wait in minutes if isinstance(wait, int)), default=0)
    return longest * 60.0 if longest > 0 else None


def _first_object(body: object, key: str) -> dict[str, Any]:
    items = body.get(key) if isinstance(body, dict) else None
    first = items[0] if isinstance(items, list) and items else None
    return first if isinstance(first, dict) else {}


def _text_or_none(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
