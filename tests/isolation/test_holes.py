"""The seeded holes still fit the source; `make holes` shows that a test finds each of them."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

from tests.isolation.holes import HOLES, ROOT, Hole, main
from tests.isolation.sides import Border


@pytest.mark.parametrize("hole", HOLES, ids=lambda hole: hole.name)
def test_hole_fits_source(hole: Hole) -> None:
    text = (ROOT / hole.file).read_text()

    for old in (hole.old, *(old for old, _ in hole.also)):
        assert text.count(old) == 1
    ast.parse(hole.seed(text))


def test_holes_name_existing_tests() -> None:
    borders = {border.name.lower() for border in Border}
    for hole in HOLES:
        file, _, name = hole.node.partition("::")
        assert f"async def {name.partition('[')[0]}(" in (ROOT / file).read_text()
        assert hole.border in borders


def test_there_are_twenty_different_holes() -> None:
    assert len(HOLES) >= 20
    assert max(Counter(hole.name for hole in HOLES).values()) == 1


def test_guide_has_working_commands() -> None:
    """Each command of the guide is a target of the Makefile, and its files exist."""
    guide, makefile = (ROOT / "docs/isolation.md").read_text(), (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"make ([a-z-]+)", guide))
    assert targets == {"holes", "test"}
    assert all(f"\n{target}: " in makefile for target in targets)
    assert "$(BIN)/python -m tests.isolation.holes $(ARGS)" in makefile
    named = set(re.findall(r"`tests/isolation/(test_\w+\.py)`", guide))
    found = {path.name for path in Path(__file__).parent.glob("test_*.py")}
    assert found - named == {"test_holes.py", "test_rows.py"}


def test_unknown_hole_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no such hole"]) == 1
    assert capsys.readouterr().out == "No hole has such a name.\n"
