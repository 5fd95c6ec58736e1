"""Content types of outgoing messages: a class for each type, a file for each class or family."""

from whatsapp.outbox.content.contacts import OutgoingContacts
from whatsapp.outbox.content.interactive import OutgoingInteractive
from whatsapp.outbox.content.location import OutgoingLocation
from whatsapp.outbox.content.media import MediaSource, OutgoingMedia
from whatsapp.outbox.content.outgoing_content import OutgoingContent, ResolvedContent
from whatsapp.outbox.content.reaction import OutgoingReaction
from whatsapp.outbox.content.stored import StoredContent, build_payload, carries_file, needs_window
from whatsapp.outbox.content.template import OutgoingTemplate
from whatsapp.outbox.content.text import OutgoingText
