"""The schema as earlier states of the project had it, read from git."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCHEMA_PATH = "schema.graphql"
MAIN = "main"


class NoEarlierSchema(Exception):
    """There is nothing to compare with; the text says why."""


def read_earlier_schema(ref: str | None = None) -> tuple[str, str]:
    """Name and text of the schema at `ref`, by default at the last release.

    Raises:
        NoEarlierSchema: Git has none there, or this is no checkout.
    """
    wanted = ref or find_base()
    text = _ask("show", "--end-of-options", f"{wanted}:{SCHEMA_PATH}")
    if text is None:
        raise NoEarlierSchema(f"git has no {SCHEMA_PATH} at {wanted}.")
    return wanted, text


def find_base() -> str:
    """The newest tag; without one, where this branch left main; on main, the commit before.

    Raises:
        NoEarlierSchema: This is no checkout, or it has one commit only.
    """
    if tag := _ask("describe", "--tags", "--abbrev=0"):
        return tag.strip()
    head, base = _ask("rev-parse", "HEAD"), _ask("merge-base", MAIN, "HEAD")
    if base and base != head:
        return base.strip()
    if earlier := _ask("rev-parse", "--verify", "--quiet", "HEAD~1"):
        return earlier.strip()
    raise NoEarlierSchema("There is no earlier commit here: name files, or a git ref.")


def _ask(*arguments: str) -> str | None:
    """What git says, or None where it can't."""
    try:
        answer = subprocess.run(  # noqa: S603 - no shell, and refs can't be options
            ["git", *arguments],  # noqa: S607 - the operator's git
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        return None
    return answer.stdout if answer.returncode == 0 else None
