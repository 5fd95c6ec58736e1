"""Reads earlier versions of the schema from git."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCHEMA_PATH = "schema.graphql"
MAIN = "main"


class NoEarlierSchema(Exception):
    """No earlier schema was found; the message gives the reason."""


def read_earlier_schema(ref: str | None = None) -> tuple[str, str]:
    """Returns name and text of the schema at `ref`, by default at the last release.

    Raises:
        NoEarlierSchema: Git has no schema there, or this is not a checkout.
    """
    base = ref or find_base()
    text = _ask("show", "--end-of-options", f"{base}:{SCHEMA_PATH}")
    if text is None:
        raise NoEarlierSchema(f"git has no {SCHEMA_PATH} at {base}.")
    return base, text


def find_base() -> str:
    """Returns the newest tag; without tags, the merge base with main; on main, the previous commit.

    Raises:
        NoEarlierSchema: This is not a checkout, or it has only one commit.
    """
    if tag := _ask("describe", "--tags", "--abbrev=0"):
        return tag.strip()
    head, base = _ask("rev-parse", "HEAD"), _ask("merge-base", MAIN, "HEAD")
    if base and base != head:
        return base.strip()
    if earlier := _ask("rev-parse", "--verify", "--quiet", "HEAD~1"):
        return earlier.strip()
    raise NoEarlierSchema("There is no earlier commit; give files or a git ref.")


def _ask(*arguments: str) -> str | None:
    """Runs git and returns its output, or None if it failed."""
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
