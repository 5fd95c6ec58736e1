"""docs/upgrade.md names the changes that @graphql-inspector calls breaking."""

import json
import subprocess
from pathlib import Path

import pytest

from manage import SCHEMA_FILE
from tests.fixtures.upgrade_guide import SCHEMA_0_1, list_unnamed

pytestmark = pytest.mark.clients


def test_upgrade_guide_names_inspected_changes() -> None:
    output = subprocess.check_output(
        ["node", "breaking_changes.mjs", SCHEMA_0_1, SCHEMA_FILE], cwd=Path(__file__).parent
    )
    coordinates = json.loads(output)

    assert "Conversation.assigneeId" in coordinates
    assert list_unnamed(coordinates) == []
