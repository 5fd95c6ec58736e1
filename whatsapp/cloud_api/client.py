"""The client of Meta's Cloud API.

Each request has a deadline and ends in success or one of three errors of `whatsapp.errors`: Meta
refused it, Meta was not reached, or the outcome is unknown. The access token is sent in the
Authorization header only, and exceptions have no cause that could contain it.
"""

import asyncio
import time
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import orjson

from telemetry.metrics import meta as metrics
from version import USER_AGENT
from whatsapp.cloud_api.call_spans import recorded
from whatsapp.cloud_api.connections import ConnectionTransport
from whatsapp.cloud_api.responses import SendResult, read_error, read_send_result
from whatsapp.common.timeouts import Timeouts
from whatsapp.errors import CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown
from whatsapp.settings import Settings

MAX_RESPONSE_BYTES = 1024 * 1024
# Concurrent requests to Meta per process, and the size of the connection pool.
SEND_CONCURRENCY = 200
TOKEN_INVALID_CODE = 190
# Raised before any byte of the request was written.
_NOT_REACHED = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class _Response:
    http_status: int
    headers: httpx.Headers
    body: object
    """The parsed JSON, or None if it is not valid JSON."""


def create_http_client(
    transport: httpx.AsyncBaseTransport | None = None, *, timeouts: Timeouts = Timeouts()
) -> httpx.AsyncClient:
    """Creates the process's only HTTP client; tests pass a `transport` to a fake Meta."""
    # Waiting for a connection and connecting have deadlines of their own: those timeouts prove that
    # nothing was written, which the total deadline does not.
    share = timeouts.send_deadline_seconds / 4
    return httpx.AsyncClient(
        transport=transport or ConnectionTransport(max_connections=SEND_CONCURRENCY),
        headers={"User-Agent": USER_AGENT},
        # Keeps no cookies: an answer for one account must not change requests for another.
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
        timeout=httpx.Timeout(timeouts.send_deadline_seconds, connect=share, pool=share),
        trust_env=False,
        follow_redirects=False,
    )


class CloudAPI:
    """Sends requests to the configured Graph API host."""

    def __init__(
        self, http: httpx.AsyncClient, *, settings: Settings, timeouts: Timeouts = Timeouts()
    ) -> None:
        self._http = http
        self._base_url = settings.graph_api_url
        self._default_version = settings.graph_api_version
        self._deadline_seconds = timeouts.send_deadline_seconds
        self.sends_traceparent = settings.traceparent_to_meta

    async def send_message(
        self,
        *,
        phone_number_id: str,
        access_token: str,
        graph_api_version: str | None,
        payload: dict[str, Any],
    ) -> SendResult:
        """Sends a message.

        Raises:
            CloudAPIError: Meta refused it with an error object; it was not sent.
            CloudAPINotReached: no connection was established; it was not sent.
            CloudAPIOutcomeUnknown: it may have been sent.
        """
        response = await self._request(
            "POST",
            self._make_url(graph_api_version, phone_number_id, "messages"),
            kind="message",
            access_token=access_token,
            content=orjson.dumps(payload),
        )
        result = read_send_result(response.body) if response.http_status == 200 else None
        if result is None:
            raise CloudAPIOutcomeUnknown(f"unreadable response with status {response.http_status}")
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
        """Sends any other request whose response is a JSON object; `path` follows the version.

        Raises:
            CloudAPIError: Meta refused it with an error object.
            CloudAPINotReached: no connection was established.
            CloudAPIOutcomeUnknown: no readable response came back.
        """
        url = self._make_url(graph_api_version, *path)
        response = await self._request(
            method,
            f"{url}?{urlencode(query)}" if query else url,
            access_token=access_token,
            content=None if body is None else orjson.dumps(body),
        )
        if response.http_status != 200 or not isinstance(response.body, dict):
            raise CloudAPIOutcomeUnknown(f"unreadable response with status {response.http_status}")
        return response.body

    async def upload(
        self,
        *path: str,
        access_token: str,
        graph_api_version: str | None,
        content: AsyncIterable[bytes],
        headers: Mapping[str, str],
        deadline_seconds: float,
    ) -> dict[str, Any]:
        """Streams a large body in a POST; `headers` give its type and length.

        Raises:
            CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown: see `call`.
        """
        response = await self._request(
            "POST",
            self._make_url(graph_api_version, *path),
            kind="upload",
            access_token=access_token,
            content=content,
            headers=headers,
            deadline_seconds=deadline_seconds,
        )
        if response.http_status != 200 or not isinstance(response.body, dict):
            raise CloudAPIOutcomeUnknown(f"unreadable response with status {response.http_status}")
        return response.body

    def _make_url(self, graph_api_version: str | None, *path: str) -> str:
        parts = (graph_api_version or self._default_version, *path)
        return "/".join([self._base_url, *(quote(part, safe="") for part in parts)])

    @recorded
    async def _request(
        self,
        method: str,
        url: str,
        *,
        kind: str = "call",
        access_token: str,
        content: bytes | AsyncIterable[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
        deadline_seconds: float | None = None,
    ) -> _Response:
        """Returns the response; raises Meta's error object if it has one."""
        all_headers = {**build_headers(access_token), **(headers or {})}
        # A large upload extends the total deadline, but not the deadline of connecting.
        share = self._deadline_seconds / 4
        seconds = deadline_seconds or self._deadline_seconds
        timeout = httpx.Timeout(seconds, connect=share, pool=share)
        started, status = time.perf_counter(), "unknown"
        try:
            async with (
                asyncio.timeout(seconds),
                self._http.stream(
                    method, url, content=content, headers=all_headers, timeout=timeout
                ) as stream,
            ):
                status = f"{stream.status_code // 100}xx"
                response = await _read_response(stream)
        # `from None` throughout: httpx's exceptions hold the request, and with it the token.
        except _NOT_REACHED as error:
            status = "not_reached"
            raise CloudAPINotReached(type(error).__name__) from None
        except TimeoutError:
            raise CloudAPIOutcomeUnknown("no response within the deadline") from None
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise CloudAPIOutcomeUnknown(type(error).__name__) from None
        finally:
            metrics.RESPONSES[kind, status].inc()
            metrics.REQUEST_SECONDS[kind].observe(time.perf_counter() - started)
        error_object = read_error(
            response.body, http_status=response.http_status, headers=response.headers
        )
        if error_object is not None:
            metrics.ERRORS[str(error_object.code)].inc()
            raise error_object
        return response


def build_headers(access_token: str) -> dict[str, str]:
    """Returns the headers of a request to Meta.

    Raises:
        CloudAPIError: the token is malformed, so Meta would refuse it.
    """
    if (
        not access_token
        or not access_token.isascii()
        or not access_token.isprintable()
        or " " in access_token
    ):
        # httpx would also refuse it, but with the token in the exception's text.
        raise CloudAPIError(
            code=TOKEN_INVALID_CODE, title="The access token has invalid characters"
        )
    return {
        "Authorization": f"Bearer {access_token}",
        "Content-Type": "application/json",
        "Accept-Encoding": "identity",
    }


async def _read_response(response: httpx.Response) -> _Response:
    if response.headers.get("content-encoding", "identity") != "identity":
        # A compressed response could expand far beyond the bytes on the wire.
        raise CloudAPIOutcomeUnknown("the response is compressed although compression was declined")
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > MAX_RESPONSE_BYTES:
            raise CloudAPIOutcomeUnknown("the response is larger than 1 MB")
    return _Response(response.status_code, response.headers, _parse_json(bytes(body)))


def _parse_json(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
