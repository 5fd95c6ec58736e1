"""HTML of an export, built from elements: the serializer escapes every text and attribute."""

from typing import Any
from xml.etree.ElementTree import Element, tostring

Child = Element | str | None


def element(tag: str, *children: Child, **attributes: str | None) -> Element:
    """Makes an element; an attribute `class_` is `class`, and one that is None is left out."""
    made = Element(tag)
    for name, value in attributes.items():
        if value is not None:
            made.set(name.rstrip("_").replace("_", "-"), value)
    last: Element | None = None
    for child in children:
        if isinstance(child, str):
            if last is None:
                made.text = (made.text or "") + child
            else:
                last.tail = (last.tail or "") + child
        elif child is not None:
            made.append(child)
            last = child
    return made


def isolate(text: object) -> Element:
    """Shows a foreign text: letters from right to left, or their marks, reorder nothing outside."""
    return element("bdi", str(text))


def paragraph(text: str, class_: str = "text") -> Element:
    return element("p", text, class_=class_, dir="auto")


def describe_value(value: Any) -> Element:
    """Shows a JSON value of any shape."""
    if isinstance(value, dict):
        return describe_fields(value)
    if isinstance(value, list):
        return element("ul", *(element("li", describe_value(each)) for each in value))
    return isolate(value)


def describe_fields(fields: dict[str, Any]) -> Element:
    """Shows named values, without empty ones."""
    rows: list[Child] = []
    for name, value in fields.items():
        if value not in (None, "", [], {}):
            label = element("bdi", str(name).replace("_", " "))
            rows += [element("dt", label), element("dd", describe_value(value))]
    return element("dl", *rows)


def write_html(root: Element) -> bytes:
    return b"<!doctype html>\n" + tostring(root, encoding="unicode", method="html").encode()
