"""Findings of a check, and their text and JSON."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum


class Outcome(StrEnum):
    OK = "OK"
    WARNING = "WARNING"
    FAILED = "FAILED"


@dataclass(frozen=True)
class Finding:
    """The result of a check. No text contains a secret."""

    name: str
    """The subject, such as `mongodb.oplog`."""
    outcome: Outcome
    message: str
    """A sentence that describes the state."""
    remedy: str | None = None
    """The operator's next step."""


def passed(name: str, message: str) -> Finding:
    return Finding(name, Outcome.OK, message)


def warned(name: str, message: str, remedy: str) -> Finding:
    return Finding(name, Outcome.WARNING, message, remedy)


def failed(name: str, message: str, remedy: str | None = None) -> Finding:
    return Finding(name, Outcome.FAILED, message, remedy)


def find_worst(findings: Sequence[Finding]) -> Outcome:
    outcomes = {finding.outcome for finding in findings}
    order = (Outcome.FAILED, Outcome.WARNING)
    return next((outcome for outcome in order if outcome in outcomes), Outcome.OK)


def to_json(findings: Sequence[Finding]) -> str:
    """Returns an object with the worst outcome and all findings."""
    report = {
        "outcome": find_worst(findings),
        "findings": [asdict(finding) for finding in findings],
    }
    return json.dumps(report, indent=2, ensure_ascii=False)


def to_text(findings: Sequence[Finding]) -> str:
    """Returns the lines of findings and remedies, and the totals."""
    lines = []
    for finding in findings:
        lines.append(f"{finding.outcome:8} {finding.name}: {finding.message}")
        if finding.remedy:
            lines.append(f"{'':8} → {finding.remedy}")
    totals = Counter(finding.outcome for finding in findings)
    lines.append(", ".join(f"{totals[outcome]} {outcome}" for outcome in Outcome))
    return "\n".join(lines)
