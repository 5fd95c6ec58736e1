"""The body of Meta's `POST /{phone_number_id}/media`: a form whose file is streamed."""

import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class MediaForm:
    """Fields first, then the file; its length is known before the first byte is sent."""

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
        name = self.filename.replace('"', "%22")  # RFC 7578: the rest may be UTF-8
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
