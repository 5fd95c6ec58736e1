"""The import contract of the modules beside the packages, which import-linter can't see."""

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
