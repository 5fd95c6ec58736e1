"""The table of Meta's error codes: reaction and message."""

import pytest

from whatsapp.cloud_api.error_codes import Action, classify, is_retryable, to_message_error
from whatsapp.errors import CloudAPIError

ACTIONS = {
    Action.RETRY: [1, 131000],
    Action.RETRY_META: [2, 131016, 131057, 133004],
    Action.RETRY_RECIPIENT: [131056],
    Action.RETRY_ACCOUNT: [4, 80007, 130429],
    Action.STOP_ACCOUNT: [
        *(0, 190, 368, 130497, 131031, 131037, 131042, 131045, 131048, 131064, 133010),
    ],
    Action.FAIL: [
        *(3, 10, 33, 100, 200, 299, 130472, 131005, 131008, 131009, 131021, 131026, 131030),
        *(131047, 131049, 131050, 131051, 131052, 131053, 131062, 131063, 132000, 132016, 132068),
        *(132069, 135000, 137000),
    ],
}

# A code of each family: groups, calls, flows and blocks, usernames, templates and numbers.
FAMILIES = [131215, 138006, 139000, 147001, 2388019]


def make_error(code: int, http_status: int = 400, *, is_transient: bool = False) -> CloudAPIError:
    return CloudAPIError(
        code=code, title="a title", http_status=http_status, is_transient=is_transient
    )


@pytest.mark.parametrize(
    ("code", "action"), [(code, action) for action, codes in ACTIONS.items() for code in codes]
)
def test_each_known_code_has_its_action(code: int, action: Action) -> None:
    assert classify(make_error(code, 500)) is action


@pytest.mark.parametrize(
    ("error", "action"),
    [
        (make_error(999999), Action.FAIL),
        (make_error(999999, 500), Action.RETRY),
        (make_error(999999, 503), Action.RETRY_META),
        (make_error(999999, 429), Action.RETRY_ACCOUNT),
        (make_error(999999, is_transient=True), Action.RETRY_META),
        (make_error(131000, is_transient=True), Action.RETRY_META),
        (make_error(300, 400), Action.FAIL),
        *((make_error(code, 500), Action.FAIL) for code in FAMILIES),
        (make_error(139000, is_transient=True), Action.RETRY_META),
    ],
)
def test_unknown_code_is_judged_by_its_answer(error: CloudAPIError, action: Action) -> None:
    assert classify(error) is action


@pytest.mark.parametrize(
    ("code", "retryable"),
    [(131000, True), (131049, True), (190, True), (131047, False), (131026, False), (7, False)],
)
def test_errors_state_whether_retry_can_help(code: int, retryable: bool) -> None:
    assert is_retryable(code) is retryable
    assert to_message_error(make_error(code)).retryable is retryable
