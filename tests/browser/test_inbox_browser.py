"""Runs each file of the inbox's tests, and that of uploads, against a sandbox of its own."""

import pytest

from tests.browser.conftest import HERE, run_node

pytestmark = pytest.mark.browser

# test_cuts_browser.py runs it.
CUTS = HERE / "inbox" / "cuts.test.mjs"
# The longest first, so that no worker has one left when the others have ended.
FILES = sorted(
    [path for path in HERE.glob("inbox/*.test.mjs") if path != CUTS] + [HERE / "upload.test.mjs"],
    key=lambda path: (-path.stat().st_size, path),
)


@pytest.mark.parametrize("file", [str(path.relative_to(HERE)) for path in FILES])
def test_inbox_in_chromium(sandbox: dict[str, str], file: str) -> None:
    run_node(sandbox, file)
