"""The form in which the demo's conversations are written down."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]
ME = "Sandbox admin"
HOUR = 60
DAY = 24 * HOUR


@dataclass(frozen=True)
class Step:
    """A message. `app` is the shop's WhatsApp Business app; an agent's name sends through the API.

    An agent's message is sent now; the others have the time `minutes` ago.
    """

    author: str
    message: Json
    minutes: int = 0
    quotes: int | None = None
    """Index of the step that it answers or changes."""


@dataclass(frozen=True)
class Story:
    """A customer's conversation, and the actions of the team in it."""

    phone: str
    name: str
    steps: Sequence[Step]
    assignee: str | None = None
    tags: Sequence[str] = ()
    notes: Sequence[tuple[str, str]] = ()
    """Agent and text."""
    state: Literal["unread", "read", "closed"] = "unread"


def say(minutes: int, text: str, *, quotes: int | None = None) -> Step:
    """A text of the customer."""
    return Step("customer", {"type": "text", "text": text}, minutes, quotes)


def show(minutes: int, kind: str, file: str, **content: Any) -> Step:
    """A file of the customer, by its name in `files/`."""
    return Step("customer", {"type": kind, "file": file, "content": content}, minutes)


def write(minutes: int, text: str, *, quotes: int | None = None) -> Step:
    """A text that the shop wrote in its app."""
    return Step("app", {"type": "text", "text": text}, minutes, quotes)


def present(minutes: int, kind: str, file: str, **content: Any) -> Step:
    """A file that the shop sent from its app."""
    return Step("app", {"type": kind, "file": file, "content": content}, minutes)


def react(author: str, minutes: int, emoji: str, *, to: int) -> Step:
    return Step(author, {"type": "reaction", "reaction": {"emoji": emoji}}, minutes, to)


def press(minutes: int, kind: str, reply: Json, *, on: int) -> Step:
    """A button or row that the customer chose: kind `button_reply` or `list_reply`."""
    interactive = {"type": kind, kind: reply}
    return Step("customer", {"type": "interactive", "interactive": interactive}, minutes, on)
