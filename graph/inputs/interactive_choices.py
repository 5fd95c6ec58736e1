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


@strawberry.input(description="Reply button.")
class ReplyButtonInput:
    id: str = strawberry.field(description="Id of 1 to 256 characters, returned as `replyId`.")
    title: str = strawberry.field(description="Button label of 1 to 20 characters.")


@strawberry.input(description="Message with reply buttons.")
class InteractiveButtonsInput:
    header: InteractiveHeaderInput | None = strawberry.field(default=None, description=HEADER)
    body: str = strawberry.field(description=BODY)
    footer: str | None = strawberry.field(default=None, description=FOOTER)
    buttons: list[ReplyButtonInput] = strawberry.field(
        description="1 to 3 buttons with different ids and titles."
    )

    def to_action(self) -> ReplyButtons:
        return ReplyButtons([Button(button.id, button.title) for button in self.buttons])


@strawberry.input(description="Row of a list.")
class ListRowInput:
    id: str = strawberry.field(description="Id of 1 to 200 characters, returned as `replyId`.")
    title: str = strawberry.field(description="Row title of 1 to 24 characters.")
    description: str | None = strawberry.field(
        default=None, description="Row description of up to 72 characters, shown below the title."
    )


@strawberry.input(description="Section of a list.")
class ListSectionInput:
    title: str | None = strawberry.field(
        default=None,
        description="Section title of 1 to 24 characters; required if there are several sections.",
    )
    rows: list[ListRowInput] = strawberry.field(
        description="Rows with different ids; up to 10 in all sections together."
    )


@strawberry.input(description="Message with a list to choose from.")
class InteractiveListInput:
    header: InteractiveHeaderInput | None = strawberry.field(
        default=None, description="Header above the body; lists allow text only."
    )
    body: str = strawberry.field(description=LIST_BODY)
    footer: str | None = strawberry.field(default=None, description=FOOTER)
    button: str = strawberry.field(
        description="Label of 1 to 20 characters on the button that opens the list."
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
