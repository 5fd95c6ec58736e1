"""Downloads from Meta (media URL, then bytes), and the form for uploads.

The media URL is untrusted input, so the token is sent only to the hosts in MEDIA_HOSTS: compared
exactly after parsing, over https, without redirects or proxies.
"""

import re
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from models import Account, Media
from whatsapp.cloud_api.client import CloudAPI, build_headers
from whatsapp.errors import CloudAPIError, CloudAPINotReached, CloudAPIOutcomeUnknown
from whatsapp.settings import Settings

UNKNOWN_OBJECT_CODE = 100
UNKNOWN_OBJECT_SUBCODE = 33
_MEDIA_ID = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
# Characters that occur in Meta's URLs; URL parsers disagree about others.
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+(/[!-\[\]-~]*)?([?][!-\[\]-~]*)?", re.ASCII)


class MediaGone(Exception):
    """Meta no longer has the file; another request would only count as an error."""


class MediaRefused(Exception):
    """The file can never be downloaded. The error message has the reason."""


class MediaUnavailable(Exception):
    """The download failed but may be retried. The error message has the reason."""


@dataclass(frozen=True)
class MediaInfo:
    """The media URL, valid for five minutes, with hash and size as Meta reports them."""

    url: str
    sha256: str | None
    size_bytes: int | None


class MediaAPI:
    def __init__(self, http: httpx.AsyncClient, *, cloud_api: CloudAPI, settings: Settings) -> None:
        self._http = http
        self._cloud_api = cloud_api
        self._origins = frozenset(map(_to_origin, settings.media_hosts))

    async def get_media_info(self, media: Media, account: Account, *, token: str) -> MediaInfo:
        """Requests the media URL.

        Raises:
            MediaGone, MediaRefused, MediaUnavailable: see the classes.
            CloudAPIError: any other error object.
        """
        if not _MEDIA_ID.fullmatch(media.media_id):
            raise MediaRefused("the media id is malformed")
        try:
            body = await self._cloud_api.call(
                "GET",
                media.media_id,
                access_token=token,
                graph_api_version=account.graph_api_version,
                query={"phone_number_id": account.phone_number_id},
            )
        except CloudAPIError as error:
            if (error.code, error.subcode) == (UNKNOWN_OBJECT_CODE, UNKNOWN_OBJECT_SUBCODE):
                raise MediaGone("Meta no longer has the file") from None
            raise
        except (CloudAPINotReached, CloudAPIOutcomeUnknown) as error:
            raise MediaUnavailable(f"Meta returned no media URL: {error}") from None
        return _read_info(body)

    @asynccontextmanager
    async def open_file(
        self, url: str, *, token: str, max_bytes: int
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Streams the file from the media URL.

        Raises:
            MediaRefused: a host that is not allowed, a redirect, or more than `max_bytes`.
            MediaUnavailable: no response, an error status, or a broken connection.
        """
        checked_url = self._check_url(url)
        headers = build_headers(token)
        try:
            async with self._http.stream(
                "GET", checked_url, headers=headers, follow_redirects=False
            ) as response:
                _check_head(response, max_bytes=max_bytes)
                yield _read_bytes(response, max_bytes=max_bytes)
        # `from None`: httpx's exceptions hold the request, and with it the token.
        except (httpx.HTTPError, httpx.StreamError) as error:
            raise MediaUnavailable(f"the download broke off: {type(error).__name__}") from None

    def _check_url(self, url: str) -> httpx.URL:
        """Returns the parsed URL if its host is allowed."""
        if not _PLAIN_URL.fullmatch(url):
            raise MediaRefused("the media URL is malformed")
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL:
            raise MediaRefused("the media URL is malformed") from None
        if parsed.userinfo or _get_origin(parsed) not in self._origins:
            host = parsed.host[:100]
            raise MediaRefused(f"the host of the media URL is not in MEDIA_HOSTS: {host}")
        return parsed


def _to_origin(host: str) -> str:
    """Returns the origin of a MEDIA_HOSTS entry; a bare name means https on port 443."""
    return _get_origin(httpx.URL(host if "://" in host else f"https://{host}"))


def _get_origin(url: httpx.URL) -> str:
    """Returns scheme, host and port; httpx omits the default port."""
    return f"{url.scheme}://{url.raw_host.decode('ascii')}:{url.port or ''}"


def _read_info(body: dict[str, Any]) -> MediaInfo:
    url, sha256, size = (body.get(name) for name in ("url", "sha256", "file_size"))
    if not isinstance(url, str) or not url:
        raise MediaUnavailable("Meta returned no media URL")
    # Some versions of the Graph API return the size as a string.
    is_size = isinstance(size, int | str) and str(size).isdecimal()
    return MediaInfo(
        url=url,
        sha256=sha256 if isinstance(sha256, str) else None,
        size_bytes=int(str(size)) if is_size else None,
    )


def _check_head(response: httpx.Response, *, max_bytes: int) -> None:
    if 300 <= response.status_code < 400:
        raise MediaRefused("the media URL redirects, and redirects are not followed")
    if response.status_code != 200:
        raise MediaUnavailable(f"the file's host responded with status {response.status_code}")
    if response.headers.get("content-encoding", "identity") != "identity":
        raise MediaUnavailable("the file is compressed although compression was declined")
    announced = response.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > max_bytes:
        raise file_too_large(max_bytes)


async def _read_bytes(response: httpx.Response, *, max_bytes: int) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > max_bytes:
            raise file_too_large(max_bytes)
        yield chunk


def file_too_large(max_bytes: int) -> MediaRefused:
    return MediaRefused(f"the file is larger than {max_bytes} bytes")


@dataclass(frozen=True)
class MediaForm:
    """The multipart body of `POST /{phone_number_id}/media`, streamed with a known length."""

    fields: Mapping[str, str]
    filename: str
    """Printable, as `make_filename` makes it."""
    mime_type: str
    size_bytes: int
    chunks: AsyncIterator[bytes]
    boundary: str

    @classmethod
    def make(
        cls, *, filename: str, mime_type: str, size_bytes: int, chunks: AsyncIterator[bytes]
    ) -> "MediaForm":
        fields = {"messaging_product": "whatsapp", "type": mime_type}
        return cls(fields, filename, mime_type, size_bytes, chunks, secrets.token_hex(16))

    @property
    def headers(self) -> dict[str, str]:
        length = len(self._head()) + self.size_bytes + len(self._tail())
        return {
            "Content-Type": f"multipart/form-data; boundary={self.boundary}",
            "Content-Length": str(length),
        }

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._head()
        async for chunk in self.chunks:
            yield chunk
        yield self._tail()

    def _head(self) -> bytes:
        name = self.filename.replace('"', "%22")  # RFC 7578; other characters may be UTF-8
        parts = [
            f'--{self.boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'
            for key, value in self.fields.items()
        ]
        parts.append(
            f"--{self.boundary}\r\n"
            f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n'
            f"Content-Type: {self.mime_type}\r\n\r\n"
        )
        return "".join(parts).encode()

    def _tail(self) -> bytes:
        return f"\r\n--{self.boundary}--\r\n".encode()
