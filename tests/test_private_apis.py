"""Private APIs of libraries are used in one file each, with a test that notices their changes."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = sorted({file.parent for file in ROOT.glob("*/__init__.py")} - {ROOT / "tests"})
FILES = [*ROOT.glob("*.py"), *(file for package in PACKAGES for file in package.rglob("*.py"))]
TREES = {str(file.relative_to(ROOT)): ast.parse(file.read_text()) for file in FILES}
# Documented, in spite of their names: `os._exit` and the fields of a named tuple.
DOCUMENTED = {"_exit", "_fields"}
ADAPTERS = {
    "graph/core/strawberry_internals.py": {
        "_execute_operation",
        "_id",
        "_provided_operation_name",
        "_raw_info",
        "_schema",
    },
    "graph/events/broadcast.py": {"_listener", "_subscribers"},
    "models/database/conversion.py": {"_class_id"},
    "models/database/deadline.py": {"_csot"},
    "serving/connections.py": {"_TrustedHosts"},
    "telemetry/metrics/mongodb.py": {"_retry_internal", "_servers", "_topology"},
    "telemetry/metrics/registry.py": {"_buckets", "_sum", "_upper_bounds", "_value"},
}


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def list_defined(tree: ast.AST) -> Iterator[str]:
    """Yields the names of functions, attributes and class variables that the module defines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id


def list_used(tree: ast.AST) -> Iterator[str]:
    """Yields the private names that the module reads from objects, modules and `super()`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from filter(is_private, (node.module or "").split("."))
            yield from (alias.name for alias in node.names if is_private(alias.name))
        elif isinstance(node, ast.Attribute) and is_private(node.attr):
            yield node.attr


def calls_super(tree: ast.AST) -> set[str]:
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "super"
        and is_private(node.attr)
    }


def test_private_apis_are_used_in_their_adapters_only() -> None:
    # A private name that a module reads without defining it belongs to a library.
    used = {
        path: (set(list_used(tree)) - set(list_defined(tree)) - DOCUMENTED) | calls_super(tree)
        for path, tree in TREES.items()
    }

    assert {path: names for path, names in used.items() if names} == ADAPTERS
