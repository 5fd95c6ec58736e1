"""Meta's error codes as data: what each means, and what the dispatcher does about it.

Source: Meta, "Cloud API error codes", and what clients of the API have seen. A code that is not in
the table is judged by its HTTP status and by `is_transient`.
"""

from dataclasses import dataclass
from enum import StrEnum

from models import MessageError
from whatsapp.errors import CloudAPIError

WINDOW_CLOSED_CODE = 131047
TOKEN_CODES = frozenset({0, 102, 104, 190})  # the access token is invalid or expired
ECOSYSTEM_CODE = 131049
OPTED_OUT_CODE = 131050
# Meta does not have the file of a message (any more), or can't make use of it.
MEDIA_CODES = frozenset({131052, 131053})
LOCAL_ERROR_CODE = 0  # of a MessageError about which Meta was never asked
_SERVICE_DOWN = frozenset({502, 503, 504})


class Action(StrEnum):
    """What to do with a message that Meta answered with an error object: it was not sent."""

    RETRY = "RETRY"
    """Again after a pause, a few times: the message itself may be at fault."""
    RETRY_META = "RETRY_META"
    """Again after a pause, for as long as messages are tried: Meta itself is down or overloaded."""
    RETRY_RECIPIENT = "RETRY_RECIPIENT"
    """Again after a longer pause: too many messages to this one customer."""
    RETRY_ACCOUNT = "RETRY_ACCOUNT"
    """Again after a pause of the whole account: its rate is used up."""
    STOP_ACCOUNT = "STOP_ACCOUNT"
    """Nothing can be sent until an operator mends the account; its messages wait."""
    FAIL = "FAIL"
    """Final for this message."""


@dataclass(frozen=True)
class ErrorRule:
    meaning: str
    action: Action
    is_retryable: bool
    """Whether a person who sends the same again later may succeed."""


_TOKEN = ErrorRule("the access token is invalid or expired", Action.STOP_ACCOUNT, True)
_PERMISSION = ErrorRule("the token lacks a permission", Action.FAIL, False)
_UNCLEAR = ErrorRule("something went wrong at Meta", Action.RETRY, True)
_OUTAGE = ErrorRule("Meta's service is down, overloaded or in maintenance", Action.RETRY_META, True)
_RATE = ErrorRule("the account's rate limit is reached", Action.RETRY_ACCOUNT, True)
_PAIR_RATE = ErrorRule("too many messages to this customer", Action.RETRY_RECIPIENT, True)
_QUALITY = ErrorRule("sending is restricted for spam or quality", Action.STOP_ACCOUNT, True)
_BLOCKED = ErrorRule("the account is blocked, locked or not ready", Action.STOP_ACCOUNT, True)
_ECOSYSTEM = ErrorRule("the customer gets enough marketing; not before 24 h", Action.FAIL, True)
_UNWANTED = ErrorRule("the customer takes part in an experiment, or opted out", Action.FAIL, False)
_UNDELIVERABLE = ErrorRule("the message can't be delivered to this customer", Action.FAIL, False)
_WINDOW = ErrorRule("the 24-hour window is closed", Action.FAIL, False)
_REQUEST = ErrorRule("the request, media or template is at fault", Action.FAIL, False)

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

# Of these only the family is documented; they count where the answer does not say more.
_FAMILIES: list[tuple[range, ErrorRule]] = [
    (range(131200, 131300), ErrorRule("a group is at fault", Action.FAIL, False)),
    (range(138000, 139000), ErrorRule("a call is at fault", Action.FAIL, False)),
    (range(139000, 140000), ErrorRule("a flow or a block is at fault", Action.FAIL, False)),
    (range(147000, 148000), ErrorRule("a username is at fault", Action.FAIL, False)),
    (range(2388000, 2389000), ErrorRule("a template or number is at fault", Action.FAIL, False)),
]


def find_rule(code: int) -> ErrorRule | None:
    """The table's line for a code, or None for one that this version does not know."""
    if code in _RULES:
        return _RULES[code]
    return next((rule for codes, rule in _FAMILIES if code in codes), None)


def classify(error: CloudAPIError) -> Action:
    """What to do after this answer."""
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
    """Why an account was stopped, in words for an operator."""
    rule = find_rule(error.code)
    meaning = rule.meaning if rule else "refused"
    return f"{meaning} (Meta error {error.code}: {error.title})"


def is_retryable(code: int) -> bool:
    """Whether sending the same again later can help, for `MessageError.retryable`."""
    rule = find_rule(code)
    return rule is not None and rule.is_retryable


def to_message_error(error: CloudAPIError) -> MessageError:
    """Meta's answer as it is kept on the message."""
    retryable = is_retryable(error.code) or classify(error) is not Action.FAIL
    return MessageError(
        code=error.code, title=error.title, details=error.details, retryable=retryable
    )
