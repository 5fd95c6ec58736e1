"""Interactive messages that offer a choice: reply buttons, and lists."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from whatsapp.common.values import check_body
from whatsapp.errors import InvalidInput, RefusalCollector
from whatsapp.outbox.content.interactive import check_tap_id
from whatsapp.outbox.content.text import (
    check_count,
    check_optional_text,
    check_unique,
)

# Meta, "Interactive reply buttons messages".
BUTTON_LIMIT = 3
BUTTON_TITLE_LIMIT = 20
BUTTON_ID_LIMIT = 256
# Meta, "Interactive list messages". Its button label has the limit of reply buttons.
SECTION_LIMIT = 10
ROW_LIMIT = 10
ROW_TITLE_LIMIT = 24
ROW_ID_LIMIT = 200
ROW_DESCRIPTION_LIMIT = 72


@dataclass(frozen=True)
class Button:
    id: str
    title: str


@dataclass(frozen=True)
class ReplyButtons:
    """1 to 3 buttons with unique ids and titles."""

    name: ClassVar[str] = "buttons"
    type: ClassVar[str] = "button"
    buttons: list[Button]

    def build(self) -> dict[str, Any]:
        replies = [{"id": button.id, "title": button.title} for button in self.buttons]
        return {"buttons": [{"type": "reply", "reply": reply} for reply in replies]}

    def check(self, field: list[str]) -> None:
        """Raises InvalidInput."""
        place = [*field, "buttons"]
        check_count(self.buttons, limit=BUTTON_LIMIT, noun="buttons", field=place)
        placed = [(button, [*place, str(index)]) for index, button in enumerate(self.buttons)]
        ids = [(button.id, [*path, "id"]) for button, path in placed]
        titles = [(button.title, [*path, "title"]) for button, path in placed]
        with RefusalCollector() as collect:
            for text, path in ids:
                collect(check_tap_id, text, limit=BUTTON_ID_LIMIT, field=path)
            for text, path in titles:
                collect(check_body, text, limit=BUTTON_TITLE_LIMIT, field=path)
            collect(check_unique, ids, noun="id")
            collect(check_unique, titles, noun="title")


@dataclass(frozen=True)
class Row:
    id: str
    title: str
    description: str | None = None

    def build(self) -> dict[str, Any]:
        described = {} if self.description is None else {"description": self.description}
        return {"id": self.id, "title": self.title, **described}


@dataclass(frozen=True)
class Section:
    rows: list[Row]
    title: str | None = None

    def build(self) -> dict[str, Any]:
        titled = {} if self.title is None else {"title": self.title}
        return {**titled, "rows": [row.build() for row in self.rows]}


@dataclass(frozen=True)
class ChoiceList:
    """A button that opens a list of 1 to 10 sections, with at most 10 rows in total."""

    name: ClassVar[str] = "list"
    type: ClassVar[str] = "list"
    button: str
    sections: list[Section]

    def build(self) -> dict[str, Any]:
        sections = [section.build() for section in self.sections]
        return {"button": self.button, "sections": sections}

    def check(self, field: list[str]) -> None:
        """Raises InvalidInput."""
        with RefusalCollector() as collect:
            collect(check_body, self.button, limit=BUTTON_TITLE_LIMIT, field=[*field, "button"])
            collect(self._check_sections, [*field, "sections"])

    def _check_sections(self, field: list[str]) -> None:
        check_count(self.sections, limit=SECTION_LIMIT, noun="sections", field=field)
        rows = list(self._list_rows(field))
        with RefusalCollector() as collect:
            for index, section in enumerate(self.sections):
                place = [*field, str(index)]
                collect(self._check_title, section.title, [*place, "title"])
                rows_field = [*place, "rows"]
                collect(check_count, section.rows, limit=ROW_LIMIT, noun="rows", field=rows_field)
        check_count(rows, limit=ROW_LIMIT, noun="rows", field=field)
        with RefusalCollector() as collect:
            for row, path in rows:
                collect(_check_row, row, path)
            collect(check_unique, [(row.id, [*path, "id"]) for row, path in rows], noun="id")

    def _check_title(self, title: str | None, field: list[str]) -> None:
        if title is None and len(self.sections) > 1:
            raise InvalidInput("Give each of several sections a title.", field=field)
        check_optional_text(title, limit=ROW_TITLE_LIMIT, field=field)

    def _list_rows(self, field: list[str]) -> Iterator[tuple[Row, list[str]]]:
        for number, section in enumerate(self.sections):
            for index, row in enumerate(section.rows):
                yield row, [*field, str(number), "rows", str(index)]


def _check_row(row: Row, field: list[str]) -> None:
    with RefusalCollector() as collect:
        collect(check_tap_id, row.id, limit=ROW_ID_LIMIT, field=[*field, "id"])
        collect(check_body, row.title, limit=ROW_TITLE_LIMIT, field=[*field, "title"])
        description, place = row.description, [*field, "description"]
        collect(check_optional_text, description, limit=ROW_DESCRIPTION_LIMIT, field=place)
