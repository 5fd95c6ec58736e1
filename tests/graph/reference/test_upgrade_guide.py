"""docs/upgrade.md names every change that breaks an app of 0.1."""

import re
from datetime import date

from graph.reference.schema_changes import compare_schemas
from manage import SCHEMA_FILE
from tests.fixtures.upgrade_guide import SCHEMA_0_1, list_unnamed


def find_coordinate(change: str) -> str:
    """Returns the coordinate in "Field Query.nodes changed type from [Node]! to [Node]."."""
    match = re.search(r"\b\w+\.\w+(\(\w+:\))?", change) or re.match(r"\w+", change)
    assert match
    return match[0]


def test_upgrade_guide_names_breaking_changes() -> None:
    old, new = SCHEMA_0_1.read_text(), SCHEMA_FILE.read_text()
    changes = compare_schemas(old, new, today=date(2026, 1, 1)).breaking

    assert "Field Conversation.assigneeId was removed." in changes
    assert list_unnamed(map(find_coordinate, changes)) == []
