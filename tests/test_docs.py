"""The documentation is true: queries fit the schema, settings and files exist."""

import json
import re
from pathlib import Path

import pytest
from graphql import build_schema, parse, validate

from manage import SCHEMA_FILE
from tests.fixtures.servers import ROOT
from whatsapp.settings import Settings

DOCUMENTS = [
    ROOT / "README.md",
    *sorted(set(ROOT.glob("*.md")) - {ROOT / "README.md"}),
    *sorted((ROOT / "docs").rglob("*.md")),
]
PACKAGES = sorted(file.parent.name for file in ROOT.glob("*/__init__.py"))
SCHEMA = build_schema(SCHEMA_FILE.read_text())


def list_blocks(language: str) -> list[tuple[str, str]]:
    return [
        (document.name, block)
        for document in DOCUMENTS
        for block in re.findall(rf"```{language}\n(.*?)```", document.read_text(), re.DOTALL)
    ]


@pytest.mark.parametrize(("name", "operation"), list_blocks("graphql"))
def test_shown_operations_fit_schema(name: str, operation: str) -> None:
    assert validate(SCHEMA, parse(operation)) == []


def test_settings_table_is_complete() -> None:
    text = (ROOT / "docs/settings.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \| (.*?) \| (.*?) \|$", text, re.MULTILINE)

    assert rows == list_settings()


def list_settings() -> list[tuple[str, str, str]]:
    """Name, default and meaning of each setting, in the order of docs/settings.md."""
    return [
        (name.upper(), describe_default(name), Settings.model_fields[name].description or "")
        for name in Settings.model_fields
    ]


def describe_default(name: str) -> str:
    field = Settings.model_fields[name]
    if field.is_required():
        return "required"
    value = getattr(field.default, "get_secret_value", lambda: field.default)()
    if isinstance(value, tuple):
        value = ",".join(value)
    return f"`{value}`" if value not in (None, "") else "–"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_named_files_exist(document: Path) -> None:
    folders = "|".join([*PACKAGES, "deploy", "docs"])
    named = re.findall(rf"`((?:{folders})/[\w/.-]*)`", document.read_text())
    links = re.findall(r"\]\((?!http)([^)#]+)\)", document.read_text())

    paths = [ROOT / path for path in named] + [document.parent / link for link in links]
    assert [str(path) for path in paths if not path.exists()] == []


def test_architecture_names_every_package() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    packages = {
        f"{file.parent.relative_to(ROOT).as_posix()}/"
        for name in PACKAGES
        if name != "tests"
        for file in (ROOT / name).rglob("__init__.py")
    }

    assert {package for package in packages if f"`{package}`" not in text} == set()


def list_anchors(document: Path) -> set[str]:
    text = re.sub(r"```.*?```", "", document.read_text(), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_link_anchors_exist(document: Path) -> None:
    links = re.findall(r"\]\((?!http)([^)#]*)#([^)]+)\)", document.read_text())

    targets = [(document.parent / path if path else document, anchor) for path, anchor in links]
    assert [link for link in targets if link[1] not in list_anchors(link[0])] == []


def test_decision_list_is_complete() -> None:
    folder = ROOT / "docs/decisions"
    listed = re.findall(r"^- \[(.*)\]\((.*)\)$", (folder / "README.md").read_text(), re.MULTILINE)
    titles = [
        (path.read_text().splitlines()[0].removeprefix("# "), path.name)
        for path in folder.glob("0*.md")
    ]

    assert sorted(listed) == sorted(titles)


def test_index_links_every_guide() -> None:
    text = (ROOT / "docs/index.md").read_text()

    guides = {path.name for path in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert {guide for guide in guides if f"({guide})" not in text} == set()


def test_readme_is_short() -> None:
    assert len(DOCUMENTS[0].read_text().splitlines()) <= 150


def test_readme_sections_are_in_order() -> None:
    headings = re.findall(r"^## (.*)$", DOCUMENTS[0].read_text(), re.MULTILINE)

    assert headings == [
        "Run it",
        "First query",
        "Connect a real number",
        "Layout",
        "Documentation",
        "Licence",
    ]


GUIDE = ROOT / "docs/spa-guide.md"


def list_shown_code() -> dict[str, str]:
    """Returns the files shown in the guide for apps, and the shown code."""
    blocks = r"^<!-- (\S+) -->\n```(?:ts|js|graphql)\n(.*?)^```$"
    return dict(re.findall(blocks, GUIDE.read_text(), re.DOTALL | re.MULTILINE))


def test_guide_code_equals_tested_code() -> None:
    shown = list_shown_code()

    assert {name: (ROOT / name).read_text() for name in shown} == shown
    code = [name for name in shown if not name.endswith(".graphql")]
    assert len(re.findall(r"^```(?:ts|js)$", GUIDE.read_text(), re.MULTILINE)) == len(code)
    folder = ROOT / "tests/clients"
    files = {*folder.glob("guide/*.ts"), *folder.glob("app/*.ts"), *folder.glob("app/*.graphql")}
    assert {str(path.relative_to(ROOT)) for path in files} <= set(shown)


def test_guide_installs_tested_versions() -> None:
    package = json.loads((ROOT / "tests/clients/package.json").read_text())
    named = re.findall(r" ([@\w/-]+)@(\d+\.\d+\.\d+)", GUIDE.read_text())

    assert named
    assert dict(named).items() <= package["devDependencies"].items()


def test_guide_names_every_subscription() -> None:
    assert SCHEMA.subscription_type is not None
    text = GUIDE.read_text()

    assert [name for name in SCHEMA.subscription_type.fields if f"`{name}`" not in text] == []
