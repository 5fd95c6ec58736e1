"""Reading of `@oneOf` inputs."""

import dataclasses
from typing import Any


def read_one_of(input: Any) -> tuple[str, Any]:
    """Returns the name and the value of the only field that is set.

    Validation and coercion of the operation refuse all other values.
    """
    given = {field.name: getattr(input, field.name) for field in dataclasses.fields(input)}
    [(name, maybe)] = [(name, maybe) for name, maybe in given.items() if maybe is not None]
    return name, maybe.value
