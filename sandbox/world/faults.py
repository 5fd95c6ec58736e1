"""Fault rules: make the fake Cloud API misbehave for the next matching requests."""

import itertools
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

from sandbox.world.identifiers import read_phone


class FaultKind(StrEnum):
    """Kinds of faults. The first group changes an answer, the second the webhooks."""

    ERROR = "error"  # answers with Meta's error `code`, and Retry-After if given
    THROTTLE = "throttle"  # the same; `code` defaults to 130429
    TIMEOUT = "timeout"  # accepts the request, then waits for `seconds`
    RESET_BEFORE = "reset_before"  # resets the connection (RST) and takes nothing
    RESET_AFTER = "reset_after"  # takes the request, then resets the connection
    TRUNCATED = "truncated"  # a complete 200 whose JSON breaks off
    CUT = "cut"  # the connection closes in the middle of the announced body
    HTML = "html"  # an HTML error page; `http_status` defaults to 502
    SLOW_DRIP = "slow_drip"  # a byte of the answer each `seconds`
    HUGE = "huge"  # an answer of `megabytes`
    REDIRECT = "redirect"  # 302 to `location`

    STATUS_BEFORE_ANSWER = "status_before_answer"  # the statuses come before the send's answer
    BATCH = "batch"  # collects entries * changes * items updates into a webhook
    DUPLICATE_WEBHOOKS = "duplicate_webhooks"  # each webhook comes `copies` more times
    SHUFFLE_STATUSES = "shuffle_statuses"  # in the given `statuses` order, else a random one
    STATUS_FAILED = "status_failed"  # `failed` with `code`, after the given `statuses`
    NO_STATUSES = "no_statuses"  # the message is accepted and gets no status


ANSWER_FAULTS = tuple(FaultKind)[: tuple(FaultKind).index(FaultKind.STATUS_BEFORE_ANSWER)]
# Worst case for a client: every message with an unknown outcome was accepted.
ACCEPTED_BY_DEFAULT = {
    FaultKind.TIMEOUT,
    FaultKind.RESET_AFTER,
    FaultKind.TRUNCATED,
    FaultKind.CUT,
    FaultKind.SLOW_DRIP,
    FaultKind.HUGE,
}
StatusName = Literal["sent", "delivered", "read", "played"]


@dataclass(frozen=True, slots=True)
class FaultSubject:
    """The subject of a rule: a request, or a webhook (`endpoint` is "webhook")."""

    endpoint: str
    phone_number_id: str | None = None
    to: str = ""
    text: str = ""
    type: str = ""


class FaultRule(BaseModel):
    """A rule. A missing field matches everything; `times` null means until deleted."""

    model_config = ConfigDict(extra="forbid")

    kind: FaultKind
    times: int | None = Field(default=1, ge=1)
    endpoint: Literal[
        "messages",
        "media",
        "media_content",
        "node",
        "templates",
        "block_users",
        "subscribed_apps",
        "permissions",
        "any",
    ] = "messages"
    phone_number_id: str | None = None
    to: str | None = None
    text: str | None = None  # a part of the text body
    type: str | None = (
        None  # of the message, "read", "typing"; for webhook faults also "messages" or "statuses"
    )

    accept: bool | None = None  # the message is accepted and sent nevertheless
    code: int | None = None
    subcode: int | None = None
    http_status: int | None = Field(default=None, ge=200, le=599)
    message: str | None = None
    details: str | None = None
    retry_after: float | None = None
    seconds: float | None = Field(default=None, ge=0)
    megabytes: float = Field(default=5, gt=0, le=2048)
    location: str | None = None
    entries: int = Field(default=1, ge=1)
    changes: int = Field(default=1, ge=1)
    items: int = Field(default=2, ge=1)
    copies: int = Field(default=1, ge=1)
    together: bool = False  # copies race with the original
    statuses: list[StatusName] | None = None

    _id: int = PrivateAttr(default=0)
    _hits: int = PrivateAttr(default=0)

    @property
    def id(self) -> int:
        return self._id

    @property
    def hits(self) -> int:
        return self._hits

    @property
    def accepts(self) -> bool:
        return self.kind in ACCEPTED_BY_DEFAULT if self.accept is None else self.accept

    @property
    def needs_no_body(self) -> bool:
        """Returns True if the request's head alone decides whether the rule matches."""
        return self.to is None and self.text is None and self.type is None

    def matches(self, subject: FaultSubject) -> bool:
        return (
            (self.endpoint == "any" or subject.endpoint in (self.endpoint, "webhook"))
            and self.phone_number_id in (None, subject.phone_number_id)
            and (self.to is None or _same_person(self.to, subject.to))
            and (self.text is None or self.text in subject.text)
            and self.type in (None, subject.type)
        )


class FaultBook:
    """The active rules, oldest first. The first match is used."""

    def __init__(self) -> None:
        self.rules: list[FaultRule] = []
        self._ids = itertools.count(1)

    def add(self, rule: FaultRule) -> FaultRule:
        rule._id = next(self._ids)
        self.rules.append(rule)
        return rule

    def clear(self) -> None:
        self.rules.clear()

    def find(self, kind: FaultKind, subject: FaultSubject) -> FaultRule | None:
        """Returns the matching rule without counting a use."""
        return next((r for r in self.rules if r.kind is kind and r.matches(subject)), None)

    def take(self, kind: FaultKind, subject: FaultSubject) -> FaultRule | None:
        rule = self.find(kind, subject)
        if rule is not None:
            self.count_hit(rule)
        return rule

    def take_answer_fault(self, subject: FaultSubject) -> FaultRule | None:
        for rule in self.rules:
            if rule.kind in ANSWER_FAULTS and rule.matches(subject):
                self.count_hit(rule)
                return rule
        return None

    def take_early_reset(self, subject: FaultSubject) -> FaultRule | None:
        """Takes a reset rule that needs no body, so that the reset precedes reading."""
        for rule in self.rules:
            if rule.kind in ANSWER_FAULTS and rule.matches(subject):
                if rule.kind is not FaultKind.RESET_BEFORE or not rule.needs_no_body:
                    return None
                self.count_hit(rule)
                return rule
        return None

    def count_hit(self, rule: FaultRule) -> None:
        rule._hits += 1
        if rule.times is not None and rule.hits >= rule.times and rule in self.rules:
            self.rules.remove(rule)


def _same_person(expected: str, actual: str) -> bool:
    return expected == actual or (read_phone(expected) or expected) == (
        read_phone(actual) or actual
    )
