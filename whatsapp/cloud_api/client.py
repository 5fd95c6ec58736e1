"""The client of Meta's Cloud API: requests with deadlines and honest outcomes.

Three outcomes besides success, drawn in `whatsapp.errors`: Meta refused, Meta was not reached, or
the outcome is unknown. The access token travels in the Authorization header only, and no exception
leaves here with a cause that could carry it.
"""

import asyncio
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import orjson

from whatsapp.cloud_api.responses import SendResult, read_error, read_send_result
from whatsapp.errors import CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown
from whatsapp.settings import Settings

ANSWER_LIMIT_BYTES = 1024 * 1024
# Requests to Meta that one process makes at once; the connection pool is as large.
SEND_CONCURRENCY = 200
TOKEN_INVALID_CODE = 190
# Raised before the first byte of the request was written.
_NOT_REACHED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


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
