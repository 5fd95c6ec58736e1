"""Interactive messages that offer a choice: reply buttons, and lists."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from whatsapp.errors import InvalidInput
from whatsapp.outbox.content.checks import (
    check_count,
    check_different,
    check_optional_text,
    check_text,
)
from whatsapp.outbox.content.interactive import check_tap_id

# Meta, "Interactive reply buttons messages".
BUTTON_LIMIT = 3
BUTTON_TITLE_LIMIT = 20
BUTTON_ID_LIMIT = 256
# Meta, "Interactive list messages"; its button has the limit of the others.
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
    """1 to 3 buttons with different ids and titles."""

    buttons: list[Button]

    @property
    def name(self) -> str:
        return "buttons"

    @property
    def type(self) -> str:
        return "button"

    def build(self) -> dict[str, Any]:
        replies = [{"id": one.id, "title": one.title} for one in self.buttons]
        return {"buttons": [{"type": "reply", "reply": reply} for reply in replies]}

    def check(self, field: list[str]) -> None:
        """Raises InvalidInput."""
        place = [*field, "buttons"]
        check_count(self.buttons, limit=BUTTON_LIMIT, what="buttons", field=place)
        placed = [(one, [*place, str(index)]) for index, one in enumerate(self.buttons)]
        for button, at in placed:
            check_tap_id(button.id, limit=BUTTON_ID_LIMIT, field=[*at, "id"])
            check_text(button.title, limit=BUTTON_TITLE_LIMIT, field=[*at, "title"])
        check_different([(button.id, [*at, "id"]) for button, at in placed], what="id")
        check_different([(button.title, [*at, "title"]) for button, at in placed], what="title")


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
    """A button that opens 1 to 10 sections with 10 rows in all."""

    button: str
    sections: list[Section]

    @property
    def name(self) -> str:
        return "list"

    @property
    def type(self) -> str:
        return "list"

    def build(self) -> dict[str, Any]:
        sections = [section.build() for section in self.sections]
        return {"button": self.button, "sections": sections}

    def check(self, field: list[str]) -> None:
        """Raises InvalidInput."""
        check_text(self.button, limit=BUTTON_TITLE_LIMIT, field=[*field, "button"])
        place = [*field, "sections"]
        check_count(self.sections, limit=SECTION_LIMIT, what="sections", field=place)
        for index, section in enumerate(self.sections):
            self._check_section(section, [*place, str(index)])
        rows = list(self._list_rows(place))
        check_count(rows, limit=ROW_LIMIT, what="rows in all", field=place)
        for row, at in rows:
            _check_row(row, at)
        check_different([(row.id, [*at, "id"]) for row, at in rows], what="id")

    def _check_section(self, section: Section, field: list[str]) -> None:
        if section.title is None and len(self.sections) > 1:
            raise InvalidInput("Each of several sections needs a title.", field=[*field, "title"])
        check_optional_text(section.title, limit=ROW_TITLE_LIMIT, field=[*field, "title"])
        check_count(section.rows, limit=ROW_LIMIT, what="rows", field=[*field, "rows"])

    def _list_rows(self, field: list[str]) -> Iterator[tuple[Row, list[str]]]:
        for number, section in enumerate(self.sections):
            for index, row in enumerate(section.rows):
                yield row, [*field, str(number), "rows", str(index)]


def _check_row(row: Row, field: list[str]) -> None:
    check_tap_id(row.id, limit=ROW_ID_LIMIT, field=[*field, "id"])
    check_text(row.title, limit=ROW_TITLE_LIMIT, field=[*field, "title"])
    check_optional_text(row.description, limit=ROW_DESCRIPTION_LIMIT, field=[*field, "description"])
