"""What can be sent: one class a content type, one file a class or family."""

from whatsapp.outgoing.contacts import OutgoingContacts
from whatsapp.outgoing.content import OutgoingContent, ResolvedContent
from whatsapp.outgoing.interactive import OutgoingInteractive
from whatsapp.outgoing.location import OutgoingLocation
from whatsapp.outgoing.media import MediaSource, OutgoingMedia
from whatsapp.outgoing.payload import build_payload, carries_file, needs_window
from whatsapp.outgoing.reaction import OutgoingReaction
from whatsapp.outgoing.stored import StoredContent
from whatsapp.outgoing.template import OutgoingTemplate
from whatsapp.outgoing.text import OutgoingText

__all__ = [
    "MediaSource",
    "OutgoingContacts",
    "OutgoingContent",
    "OutgoingInteractive",
    "OutgoingLocation",
    "OutgoingMedia",
    "OutgoingReaction",
    "OutgoingTemplate",
    "OutgoingText",
    "ResolvedContent",
    "StoredContent",
    "build_payload",
    "carries_file",
    "needs_window",
]
