"""Rules of the layout that import-linter can't check."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("module", ["app", "manage"])
def test_the_product_never_imports_its_sandbox(module: str) -> None:
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
        for package in ("bench", "graph", "models", "sandbox", "serving", "webhooks", "whatsapp")
        for file in (ROOT / package).rglob("*.py")
    }
)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_folder_is_small_and_described(folder: Path) -> None:
    assert len(list(folder.glob("*.py"))) <= 16
    assert ast.get_docstring(ast.parse((folder / "__init__.py").read_text()))
