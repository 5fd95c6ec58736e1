"""Reads the statements of a Dockerfile, as far as ours uses them."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

_STATEMENTS = {
    *("ARG", "CMD", "COPY", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "STOPSIGNAL"),
    *("USER", "WORKDIR"),
}
_PAIR = re.compile(r'([\w.]+)=("[^"]*"|\S*)')


@dataclass(frozen=True)
class Statement:
    """One statement; `text` is what follows its keyword, in one line."""

    keyword: str
    text: str

    def read_flags(self) -> tuple[dict[str, str], str]:
        """Returns the leading `--name=value` flags, and the rest."""
        flags, rest = {}, self.text
        while match := re.match(r"--([a-z-]+)=(\S+)\s+", rest):
            flags[match[1]] = match[2]
            rest = rest[match.end() :]
        return flags, rest

    def read_pairs(self) -> dict[str, str]:
        """Returns the pairs of ENV, LABEL or ARG."""
        return {name: value.strip('"') for name, value in _PAIR.findall(self.text)}

    def read_command(self) -> list[str]:
        """Returns the arguments of CMD or HEALTHCHECK in exec form."""
        text = self.read_flags()[1].removeprefix("CMD ")
        arguments: list[str] = json.loads(text)
        return arguments


@dataclass(frozen=True)
class Stage:
    """A stage; `base` is an image or an earlier stage."""

    name: str
    base: str
    statements: list[Statement] = field(default_factory=list)

    def list(self, keyword: str) -> list[Statement]:
        return [statement for statement in self.statements if statement.keyword == keyword]


def read_stages(path: Path) -> dict[str, Stage]:
    """Returns the stages by name.

    Raises:
        ValueError: a statement that the check can't execute.
    """
    stages: dict[str, Stage] = {}
    for statement in _read_statements(path.read_text()):
        if statement.keyword == "FROM":
            base, _, name = statement.text.split()
            stages[name] = Stage(name, base)
        else:
            stages[next(reversed(stages))].statements.append(statement)
    return stages


def _read_statements(text: str) -> list[Statement]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    statements = []
    for line in filter(str.strip, joined.splitlines()):
        keyword, _, rest = line.strip().partition(" ")
        if keyword not in _STATEMENTS:
            raise ValueError(f"{keyword} is not supported by the check of images")
        statements.append(Statement(keyword, " ".join(rest.split())))
    return statements
