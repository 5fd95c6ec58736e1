"""JSON about several customers loses one customer's part, and keeps everything else unchanged."""

import json
from typing import Any

import pytest

from whatsapp.common.people import NOBODY, PeopleDigests, make_matcher, redact, set_people_digests

GONE, KEPT = "4915155501234", "4915155509876"
DIGESTS = PeopleDigests(b"key")


@pytest.fixture(autouse=True)
def digests() -> None:
    set_people_digests(DIGESTS)


def redact_gone(value: Any) -> Any:
    return redact(value, make_matcher([DIGESTS.digest(GONE)]))


CARD = {"from": KEPT, "contacts": [{"phones": [{"wa_id": GONE, "phone": f"+{GONE}"}]}]}
QUOTE = {"from": KEPT, "context": {"from": GONE, "id": "wamid.x"}, "text": {"body": GONE}}


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ({"from": GONE}, None),
        ({"user_id": {"previous": GONE, "current": "DE.1"}}, None),
        ([{"wa_id": GONE}, {"wa_id": KEPT}], [{"wa_id": KEPT}]),
        ({"messages": [{"from": GONE}], "contacts": [{"wa_id": GONE}], "field": "x"}, None),
        (
            {"messages": [{"from": int(GONE)}], "contacts": [{"wa_id": KEPT}]},
            {"contacts": [{"wa_id": KEPT}]},
        ),
        ({"list": [{"phone": "+49 (151) 55-501234"}, "x"]}, {"list": ["x"]}),
        ({"messages": [CARD]}, {"messages": [CARD]}),
        ({"messages": [QUOTE]}, {"messages": [QUOTE]}),
        (
            {"a": [], "b": None, "c": [None, True, 1.5]},
            {"a": [], "b": None, "c": [None, True, 1.5]},
        ),
        ({"threads": [{"id": GONE, "messages": [{"from": "1"}]}]}, None),
    ],
)
def test_part_of_person_is_removed(value: Any, left: Any) -> None:
    before = json.dumps(value)

    assert redact_gone(value) == left
    assert json.dumps(value) == before


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f'{{"from":"{GONE}"}}', True),
        (f'{{"wa_ids": ["x", "{GONE}"]}}', True),
        (f'{{"id": {GONE}}}', True),
        ('{"phone": "+49 151 5550-1234"}', True),
        (f'{{"from": "{GONE}", broken', True),
        (f'{{"body": "call {GONE}"}}', False),
        (f'{{"from": "{KEPT}"}}', False),
    ],
)
def test_identities_are_found_in_text(text: str, found: bool) -> None:
    people = DIGESTS.list_people(text.encode())

    assert (DIGESTS.digest(GONE) in people) is found


def test_times_and_texts_name_nobody() -> None:
    assert DIGESTS.list_people(b'{"timestamp": "1750000000", "at": 1750000000000}') == [NOBODY]
