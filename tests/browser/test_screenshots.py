"""Takes the pictures of README.md and docs/ from the demo shop: `make screenshots`."""

import pytest

from tests.browser.conftest import ROOT, run_node

pytestmark = pytest.mark.screenshots

PICTURES = ROOT / "docs" / "images"
MAX_BYTES = 1_500_000


def test_pictures_are_taken(sandbox: dict[str, str]) -> None:
    run_node(sandbox | {"PICTURES": str(PICTURES)}, "screenshots.mjs")

    assert sum(path.stat().st_size for path in PICTURES.iterdir()) < MAX_BYTES
