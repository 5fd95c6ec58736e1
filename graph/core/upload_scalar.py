"""The scalar Upload: a file that a variable of a multipart request brings."""

from typing import Any, NewType

import strawberry
from graphql import GraphQLError, ValueNode
from strawberry.types.scalar import ScalarDefinition

from graph.core.errors import bad_input
from whatsapp.media.received_file import ReceivedFile

Upload = NewType("Upload", ReceivedFile)


class FileVariables(dict[str, Any]):
    """The variables of an operation that came with files: storing them may take `seconds`."""

    seconds = 0.0


def _read_value(value: object) -> ReceivedFile:
    if isinstance(value, ReceivedFile):
        return value
    raise bad_input("A file comes as a part of a multipart request over HTTP, by a variable.")


def _read_literal(_node: ValueNode, _variables: object = None) -> ReceivedFile:
    raise bad_input("A file can't stand in the document: give it by a variable.")


def _refuse_output(_value: object) -> None:
    raise GraphQLError("An Upload is only an input.")


UPLOAD_SCALAR: ScalarDefinition = strawberry.scalar(
    name="Upload",
    description="A file: a variable that is null in `operations` of a multipart request, and that"
    " its `map` names.",
    serialize=_refuse_output,
    parse_value=_read_value,
    parse_literal=_read_literal,
    specified_by_url="https://github.com/jaydenseric/graphql-multipart-request-spec",
)
