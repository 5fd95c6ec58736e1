"""Meta's errors for values that are missing or out of range."""

from typing import Any, NoReturn

from sandbox.validation.meta_errors import MetaError


def refuse_parameter(message: str, *, details: str | None = None) -> NoReturn:
    raise MetaError(100, message=f"(#100) {message}", details=details or "")


def refuse_value(details: str) -> NoReturn:
    raise MetaError(131009, details=details)


def check_length(name: str, text: Any, *, limit: int) -> None:
    if not isinstance(text, str) or not text:
        refuse_parameter(f"The parameter {name} is required.")
    if len(text) > limit:
        refuse_parameter(f"Param {name} must be at most {limit} characters long.")


def check_size(name: str, text: Any, *, limit: int) -> None:
    if not isinstance(text, str) or not 1 <= len(text) <= limit:
        refuse_value(f"{name} length invalid. Min length: 1, Max length: {limit}")


def check_link(name: str, link: Any) -> None:
    if not isinstance(link, str) or not link:
        refuse_parameter(f"The parameter {name} is required.")
    if not link.startswith(("http://", "https://")):
        refuse_parameter(f"Param {name} is not a valid URL.")
