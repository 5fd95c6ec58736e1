"""Table of Meta's error codes: their meaning and the dispatcher's action.

Source: Meta, "Cloud API error codes", and observations by API clients. The action for an unlisted
code follows from the HTTP status and `is_transient`.
"""

from dataclasses import dataclass
from enum import StrEnum

from models import MessageError
from telemetry.metrics.meta import ERRORS
from telemetry.metrics.sends import REFUSALS
from whatsapp.errors import CloudAPIError

WINDOW_CLOSED_CODE = 131047
TOKEN_CODES = frozenset({0, 102, 104, 190})  # the access token is invalid or expired
ECOSYSTEM_CODE = 131049
OPTED_OUT_CODE = 131050
# Meta no longer has the message's file, or can't process it.
MEDIA_CODES = frozenset({131052, 131053})
LOCAL_ERROR_CODE = 0  # of a MessageError that did not come from Meta
_SERVICE_DOWN = frozenset({502, 503, 504})


class Action(StrEnum):
    """Dispatcher action for a message that Meta refused."""

    RETRY = "RETRY"
    """Retry with back-off, a few times: the message may be at fault."""
    RETRY_META = "RETRY_META"
    """Retry with back-off until the message expires: Meta is down or overloaded."""
    RETRY_RECIPIENT = "RETRY_RECIPIENT"
    """Retry after a longer pause: too many messages to this customer."""
    RETRY_ACCOUNT = "RETRY_ACCOUNT"
    """Pause the account, then retry: its rate limit is reached."""
    STOP_ACCOUNT = "STOP_ACCOUNT"
    """Stop the account until an operator corrects it; its messages wait."""
    FAIL = "FAIL"
    """Final for this message."""


@dataclass(frozen=True)
class ErrorRule:
    meaning: str
    action: Action
    is_retryable: bool
    """True if sending the same content again later may succeed."""


_TOKEN = ErrorRule("the access token is invalid or expired", Action.STOP_ACCOUNT, True)
_PERMISSION = ErrorRule("the token lacks a permission", Action.FAIL, False)
_UNCLEAR = ErrorRule("unknown error at Meta", Action.RETRY, True)
_OUTAGE = ErrorRule("Meta's service is down, overloaded or in maintenance", Action.RETRY_META, True)
_RATE = ErrorRule("the account's rate limit is reached", Action.RETRY_ACCOUNT, True)
_PAIR_RATE = ErrorRule("too many messages to this customer", Action.RETRY_RECIPIENT, True)
_QUALITY = ErrorRule("sending is restricted for spam or quality", Action.STOP_ACCOUNT, True)
_BLOCKED = ErrorRule("the account is blocked, locked or not ready", Action.STOP_ACCOUNT, True)
_ECOSYSTEM = ErrorRule("the customer's marketing limit is reached; wait 24 h", Action.FAIL, True)
_UNWANTED = ErrorRule("the customer is in an experiment or opted out", Action.FAIL, False)
_UNDELIVERABLE = ErrorRule("the message can't be delivered to this customer", Action.FAIL, False)
_WINDOW = ErrorRule("the 24-hour window is closed", Action.FAIL, False)
_REQUEST = ErrorRule("the request, media or template is invalid", Action.FAIL, False)

_RULES: dict[int, ErrorRule] = {
    **dict.fromkeys(TOKEN_CODES, _TOKEN),
    **dict.fromkeys((3, 10, *range(200, 300), 131005), _PERMISSION),
    **dict.fromkeys((1, 131000), _UNCLEAR),
    **dict.fromkeys((2, 131016, 131057, 133004), _OUTAGE),
    **dict.fromkeys((4, 17, 32, 613, *range(80000, 80015), 130429), _RATE),
    131056: _PAIR_RATE,
    **dict.fromkeys((131048, 131064), _QUALITY),
    ECOSYSTEM_CODE: _ECOSYSTEM,
    **dict.fromkeys((130472, OPTED_OUT_CODE), _UNWANTED),
    131026: _UNDELIVERABLE,
    WINDOW_CLOSED_CODE: _WINDOW,
    **dict.fromkeys((368, 130497, 131031, 131042, 131037, 131045, 133010), _BLOCKED),
    **dict.fromkeys((33, 100, 131008, 131009, 131021, 131030, 131051, 131052, 131053), _REQUEST),
    **dict.fromkeys((*range(132000, 132017), 132068, 132069), _REQUEST),
    **dict.fromkeys((135000, 131062, 131063, 137000), _REQUEST),
}

# Any other code counts as `other`.
ERRORS.add_values(map(str, _RULES))
REFUSALS.add_values(map(str, _RULES))

# Only the range is documented. Applies if the response gives no HTTP status or hint to retry.
_FAMILIES: list[tuple[range, ErrorRule]] = [
    (range(131200, 131300), ErrorRule("a group error", Action.FAIL, False)),
    (range(138000, 139000), ErrorRule("a call error", Action.FAIL, False)),
    (range(139000, 140000), ErrorRule("a flow or blocking error", Action.FAIL, False)),
    (range(147000, 148000), ErrorRule("a username error", Action.FAIL, False)),
    (range(2388000, 2389000), ErrorRule("a template or phone number error", Action.FAIL, False)),
]


def find_rule(code: int) -> ErrorRule | None:
    """Returns the rule for a code, or None if the code is unknown."""
    if code in _RULES:
        return _RULES[code]
    return next((rule for codes, rule in _FAMILIES if code in codes), None)


def classify(error: CloudAPIError) -> Action:
    """Returns the action for this error."""
    rule = _RULES.get(error.code)
    if rule is not None and rule is not _UNCLEAR:
        return rule.action
    if error.is_transient or error.http_status in _SERVICE_DOWN:
        return Action.RETRY_META
    rule = find_rule(error.code)
    if rule is not None:
        return rule.action
    if error.http_status == 429:
        return Action.RETRY_ACCOUNT
    return Action.RETRY if error.http_status >= 500 else Action.FAIL


def describe_stop(error: CloudAPIError) -> str:
    """Describes for an operator why the account was stopped."""
    rule = find_rule(error.code)
    meaning = rule.meaning if rule else "refused"
    return f"{meaning} (Meta error {error.code}: {error.title})"


def is_retryable(code: int) -> bool:
    """Returns `MessageError.retryable` for a code."""
    rule = find_rule(code)
    return rule is not None and rule.is_retryable


def to_message_error(error: CloudAPIError) -> MessageError:
    """Converts Meta's error to the form stored on the message."""
    retryable = is_retryable(error.code) or classify(error) is not Action.FAIL
    return MessageError(
        code=error.code, title=error.title, details=error.details, retryable=retryable
    )
