"""What can be sent: one class a content type, one file a class or family."""

from whatsapp.outgoing.content import OutgoingContent, ResolvedContent
from whatsapp.outgoing.payload import build_payload, carries_file, needs_window
from whatsapp.outgoing.stored import StoredContent
from whatsapp.outgoing.text import OutgoingText

__all__ = [
    "OutgoingContent",
    "OutgoingText",
    "ResolvedContent",
    "StoredContent",
    "build_payload",
    "carries_file",
    "needs_window",
]
