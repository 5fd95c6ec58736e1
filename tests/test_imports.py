"""Rules of the layout that import-linter can't check."""

import ast
import graphlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("module", ["app", "manage"])
def test_product_never_imports_its_sandbox(module: str) -> None:
    tree = ast.parse((ROOT / f"{module}.py").read_text())
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    roots = {name.split(".")[0] for name in imported}
    assert roots & {"sandbox", "bench", "tests"} == set()


FOLDERS = sorted(
    {
        file.parent
        for package in (
            "bench",
            "graph",
            "models",
            "operations",
            "sandbox",
            "serving",
            "telemetry",
            "webhooks",
            "whatsapp",
        )
        for file in (ROOT / package).rglob("*.py")
    }
)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_folder_is_small_and_described(folder: Path) -> None:
    assert len(list(folder.glob("*.py"))) <= 16
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))


# GraphQL types refer to each other: a contact has conversations, a conversation has a contact.
GRAPHQL_TYPES = {
    f"graph.types.{name}"
    for name in (
        "contacts",
        "content.content",
        "content.reactions",
        "inbox.timeline",
        "conversations",
        "message_details",
        "messages",
        "users",
    )
}


def read_imports() -> dict[str, set[str]]:
    """Returns the product modules that each product module imports, also for annotations only."""
    files = [ROOT / "app.py", ROOT / "runtime.py", ROOT / "manage.py"]
    for package in (
        "graph",
        "models",
        "operations",
        "serving",
        "telemetry",
        "webhooks",
        "whatsapp",
    ):
        files += (ROOT / package).rglob("*.py")
    modules = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for file in files
    }
    imports: dict[str, set[str]] = {}
    for module, file in modules.items():
        names = set()
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                submodules = {f"{node.module}.{alias.name}" for alias in node.names}
                names |= submodules & modules.keys() or {node.module}
        imports[module] = names & modules.keys() - {module}
    return imports


def test_imports_have_no_circle() -> None:
    imports = read_imports()
    for module in GRAPHQL_TYPES:
        imports[module] -= GRAPHQL_TYPES

    graphlib.TopologicalSorter(imports).prepare()  # raises CycleError
