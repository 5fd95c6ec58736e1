"""Pages of an export for people: `index.html` with the contact, and pages of the timeline.

They have no scripts, and their policy loads nothing but the archive's own pictures and sounds.
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree.ElementTree import Element

from models import ConversationChange, MessageDirection, Note
from whatsapp.exports.html_elements import (
    Child,
    describe_fields,
    describe_value,
    element,
    isolate,
    paragraph,
    write_html,
)
from whatsapp.media.media_types import SHOWN_TYPES

Record = Mapping[str, Any]

STYLE = (Path(__file__).parent / "style.css").read_text()
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src 'self' file:;"
    " media-src 'self' file:; base-uri 'none'; form-action 'none'"
)
# Shown by their text or file alone.
_PLAIN_TYPES = {"text", "image", "video", "audio", "document", "sticker"}


@dataclass(frozen=True)
class TimelinePage:
    """Items of the timeline: records by the class of their document."""

    number: int
    items: Sequence[tuple[type, Record]]
    has_next: bool
    contact_name: str

    @property
    def name(self) -> str:
        return name_page(self.number)


def name_page(number: int) -> str:
    return f"pages/{number:04}.html"


def format_time(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def render_index(contact: Record, sections: Mapping[str, Any], pages: Sequence[Element]) -> bytes:
    """Returns `index.html`: the sections with their data, and links to the pages."""
    parts: list[Child] = []
    for title, value in sections.items():
        if value:
            parts += [element("h2", title), describe_value(_show_times(value))]
    links = element("ul", *pages) if pages else element("p", "There are no messages.")
    return _render(
        name_contact(contact),
        element("h1", "Everything about ", isolate(name_contact(contact))),
        element(
            "p",
            "README.txt explains the files. Times are in UTC.",
            class_="soft",
        ),
        element("h2", "Messages, notes and changes"),
        links,
        *parts,
    )


def link_page(page: TimelinePage) -> Element:
    """Returns the item of the index that leads to a page."""
    first, last = (format_time(page.items[at][1]["timestamp"]) for at in (0, -1))
    label = f"Page {page.number}: {first} to {last}"
    return element("li", element("a", label, href=page.name), f", {len(page.items)} items")


def name_contact(contact: Record) -> str:
    names = ("name", "profile_name", "username", "phone_number", "wa_id", "bsuid")
    return next((str(contact[name]) for name in names if contact.get(name)), "a contact")


def render_page(page: TimelinePage) -> bytes:
    title = f"{page.contact_name}, page {page.number}"
    return _render(
        title,
        element("h1", isolate(page.contact_name)),
        _make_navigation(page),
        *(_render_item(kind, record, page.contact_name) for kind, record in page.items),
        _make_navigation(page),
    )


def _render(title: str, *children: Child) -> bytes:
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("style", STYLE),
    )
    return write_html(element("html", head, element("body", *children), lang="en"))


def _make_navigation(page: TimelinePage) -> Element:
    number = page.number
    earlier = element("a", "Earlier", href=f"{number - 1:04}.html") if number > 1 else None
    later = element("a", "Later", href=f"{number + 1:04}.html") if page.has_next else None
    return element("nav", element("a", "Contact", href="../index.html"), earlier, later)


def _render_item(kind: type, record: Record, contact_name: str) -> Element:
    if kind is Note:
        author = record["author"]["name"]
        body = [paragraph(record["body"]), _tell_time("Edited", record.get("edited_at"))]
        return _make_article("note", f"Note by {author}", record, *body)
    if kind is ConversationChange:
        return _render_change(record)
    return _render_message(record, contact_name)


def _make_article(class_: str, author: str, record: Record, *children: Child) -> Element:
    time = record["timestamp"]
    header = element(
        "header",
        element("bdi", author, class_="author"),
        element("time", format_time(time), datetime=time.astimezone(UTC).isoformat()),
        element("span", record["status"].capitalize()) if class_ == "out" else None,
    )
    return element("article", header, *children, class_=class_, id=str(record["id"]))


def _render_change(record: Record) -> Element:
    actor = (record.get("actor") or {}).get("name") or "a message"
    shown = {
        "assignee": record.get("assignee_name"),
        "added tags": record.get("added_tags"),
        "removed tags": record.get("removed_tags"),
    }
    title = f"Conversation {record['kind'].lower()} by {actor}"
    return _make_article("change", title, record, describe_fields(shown))


def _render_message(record: Record, contact_name: str) -> Element:
    is_inbound = record["direction"] == MessageDirection.INBOUND.value
    business = record.get("agent_name") or record.get("sent_by") or "Business"
    author = contact_name if is_inbound else business
    return _make_article(
        "in" if is_inbound else "out",
        author,
        record,
        *_list_signs(record),
        _render_quote(record.get("reply_to")),
        *_render_content(record),
        *_render_reports(record),
    )


def _list_signs(record: Record) -> list[Child]:
    signs = {
        "Forwarded": record.get("forwarded"),
        "Forwarded many times": record.get("frequently_forwarded"),
        f"In the group {record.get('group_id')}": record.get("group_id"),
    }
    return [paragraph(sign, "soft") for sign, is_shown in signs.items() if is_shown]


def _render_quote(quoted: Record | None) -> Child:
    if quoted is None:
        return None
    text = "A message that is not stored" if quoted.get("timestamp") is None else quoted["text"]
    return element("blockquote", paragraph(text or "A deleted message"), dir="auto")


def _render_content(record: Record) -> list[Child]:
    if record.get("deleted_at") is not None:
        return [_tell_time("Deleted by its sender", record["deleted_at"])]
    content, type_name = record.get("content") or {}, record["type"]
    text = content.get("body") if type_name == "text" else content.get("caption")
    fields: dict[str, Any] = {}
    if type_name not in _PLAIN_TYPES:
        text, fields = record.get("text"), content
    elif type_name != "text" and not (record.get("file") or {}).get("path"):
        # Sent by a link, or not stored.
        text = text or record.get("text")
        fields = {"file name": content.get("filename"), "link": content.get("link")}
    parts: list[Child] = [_render_file(record.get("file"))]
    parts.append(paragraph(text) if isinstance(text, str) else None)
    parts.append(describe_fields(_show_times(fields)) if any(fields.values()) else None)
    original = record.get("original")
    if record.get("edited_at") is not None:
        parts.append(_tell_time("Edited", record["edited_at"]))
        parts.append(paragraph(f"Before: {(original or {}).get('text')}", "text soft"))
    return parts


def _render_file(file: Record | None) -> Child:
    if file is None:
        return None
    path = file.get("path")
    if path is None:
        reason = file.get("missing") or str(file["state"]).lower()
        return paragraph(f"File that is not stored: {reason}", "soft")
    href, mime_type = quote(f"../{path}"), file.get("mime_type") or ""
    link = element("a", isolate(file.get("filename") or path), href=href)
    kind = mime_type.partition("/")[0] if mime_type in SHOWN_TYPES else ""
    shown: Child = None
    if kind == "image":
        shown = element("img", src=href, alt=str(file.get("filename") or ""), loading="lazy")
    elif kind in ("audio", "video"):
        shown = element(kind, src=href, controls="", preload="none")
    return element("div", shown, link)


def _render_reports(record: Record) -> list[Child]:
    parts: list[Child] = []
    for error in [*record.get("errors", ()), *record.get("warnings", ())]:
        texts = (error.get("title"), error.get("details"))
        text = ": ".join(text for text in texts if text)
        parts.append(paragraph(f"Error {error['code']}: {text}", "text error"))
    times = record.get("status_times") or {}
    shown = {
        "reactions": record.get("reactions"),
        "from an advertisement": record.get("referral"),
        "about a product": record.get("referred_product"),
        "payments": record.get("payments"),
        "times": times if len(times) > 1 else None,
    }
    if any(shown.values()):
        parts.append(describe_fields(_show_times(shown)))
    return parts


def _tell_time(label: str, time: datetime | None) -> Child:
    return None if time is None else paragraph(f"{label} at {format_time(time)}", "soft")


def _show_times(value: Any) -> Any:
    """Returns the value with readable times."""
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, Mapping):
        return {name: _show_times(each) for name, each in value.items()}
    return [_show_times(each) for each in value] if isinstance(value, list) else value
