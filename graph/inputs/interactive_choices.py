"""Reply buttons and lists to send."""

import strawberry

from graph.inputs.interactive_parts import (
    BODY,
    FOOTER,
    HEADER,
    LIST_BODY,
    InteractiveHeaderInput,
)
from whatsapp.outbox.content.interactive_choices import (
    Button,
    ChoiceList,
    ReplyButtons,
    Row,
    Section,
)


@strawberry.input(description="A button that answers for the customer.")
class ReplyButtonInput:
    id: str = strawberry.field(
        description="Your own id, which comes back as `replyId`: 1 to 256 characters."
    )
    title: str = strawberry.field(description="The words on it: 1 to 20 characters.")


@strawberry.input(description="A message with reply buttons.")
class InteractiveButtonsInput:
    header: InteractiveHeaderInput | None = strawberry.field(default=None, description=HEADER)
    body: str = strawberry.field(description=BODY)
    footer: str | None = strawberry.field(default=None, description=FOOTER)
    buttons: list[ReplyButtonInput] = strawberry.field(
        description="1 to 3 buttons with different ids and titles."
    )

    def to_action(self) -> ReplyButtons:
        return ReplyButtons([Button(one.id, one.title) for one in self.buttons])


@strawberry.input(description="One choice of a list.")
class ListRowInput:
    id: str = strawberry.field(
        description="Your own id, which comes back as `replyId`: 1 to 200 characters."
    )
    title: str = strawberry.field(description="The words: 1 to 24 characters.")
    description: str | None = strawberry.field(
        default=None, description="Small print below them: at most 72 characters."
    )


@strawberry.input(description="A part of a list.")
class ListSectionInput:
    title: str | None = strawberry.field(
        default=None,
        description="Its title: 1 to 24 characters; needed where there are several sections.",
    )
    rows: list[ListRowInput] = strawberry.field(
        description="The choices: at most 10 in all sections together, with different ids."
    )


@strawberry.input(description="A message with a list to choose from.")
class InteractiveListInput:
    header: InteractiveHeaderInput | None = strawberry.field(
        default=None, description="What stands above the text: a text, for a list."
    )
    body: str = strawberry.field(description=LIST_BODY)
    footer: str | None = strawberry.field(default=None, description=FOOTER)
    button: str = strawberry.field(
        description="The words on the button that opens the list: 1 to 20 characters."
    )
    sections: list[ListSectionInput] = strawberry.field(description="1 to 10 sections.")

    def to_action(self) -> ChoiceList:
        sections = [
            Section(
                [Row(row.id, row.title, row.description) for row in section.rows], section.title
            )
            for section in self.sections
        ]
        return ChoiceList(self.button, sections)
