"""Search finds matching documents and treats input as text."""

from typing import Any

import pytest

from models import Account
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import write_message

MESSAGES = "query ($text: String!) { searchMessages(text: $text) { edges { node { text } } } }"
CONTACTS = "query ($s: String!) { contacts(search: $s) { edges { node { profileName } } } }"


@pytest.fixture
async def said(account: Account) -> None:
    await write_message(account, "15550001111", "The red bicycle is late", name="Ada (Lovelace)")
    await write_message(account, "15550002222", "A red car, a blue bicycle", name="Grace")
    await write_message(account, "15550002222", "Ärger mit der Lieferung", name="Grace")
    await write_message(account, "15550002222", "आप हिन्दी बोलते हैं", name="Grace")
    await write_message(account, "15550002222", "東京都庁に行きます明日の朝", name="Grace")
    await write_message(account, "15550002222", "ไม่มีเวลา", name="Grace")
    await write_message(account, "15550002222", "Voici l’adresse", name="Grace")
    await write_message(account, "15550002222", "Supercalifragilisticexpialidocious", name="Grace")


def texts(data: dict[str, Any]) -> list[str]:
    return [edge["node"]["text"] for edge in data["searchMessages"]["edges"]]


WORDS = [
    ("bicycle", 2),
    ("RED bicycle", 2),
    ("late red", 1),
    ("ärger", 1),
    ("-red bicycle", 2),
    ("(late)", 1),
    ("lieferung!", 1),
    ("arger", 1),
    ("हिन्दी", 1),
    ("bic", 2),
    ("blu bicy", 1),
    ("icycle", 0),
    ("LIEFER", 1),
    ("हिन्", 1),
    ("東京", 1),
    ("都庁", 1),
    ("京都庁に行きます明日の朝", 1),
    ("京都庁に行きます明日の晩", 0),
    ("เวลา", 1),
    ("ladresse", 1),
    ("l'adresse", 1),
    ("adresse", 1),
    ("supercalifragilisticexpialidocious", 1),
    ("a b c d e f g h i j k l m n o p", 0),
    ('"red car"', 1),
    ('red" -"bicycle', 2),
    ("car,", 1),
    ("nothing", 0),
    ("!!!", 0),
    ("", 0),
    ("\\", 0),
]


async def test_messages_are_found_by_all_their_words(
    admin: GraphQLClient,
    said: None,
    subtests: pytest.Subtests,
) -> None:
    for text, count in WORDS:
        with subtests.test(text=text):
            assert len(texts(await admin(MESSAGES, text=text))) == count


async def test_newest_message_comes_first(admin: GraphQLClient, said: None) -> None:
    found = texts(await admin(MESSAGES, text="bicycle"))

    assert found == ["A red car, a blue bicycle", "The red bicycle is late"]


PIECES = [
    ("ada", ["Ada (Lovelace)"]),
    ("(love", ["Ada (Lovelace)"]),
    (".*", []),
    ("+1 (555) 000-2222", ["Grace"]),
    ("000", ["Grace", "Ada (Lovelace)"]),
    ("$where", []),
    ("[", []),
]


async def test_contacts_are_found_by_partial_name_or_number(
    admin: GraphQLClient,
    said: None,
    subtests: pytest.Subtests,
) -> None:
    for search, names in PIECES:
        with subtests.test(search=search):
            data = await admin(CONTACTS, s=search)

            assert [edge["node"]["profileName"] for edge in data["contacts"]["edges"]] == names


HOPELESS = ["x" * 201, "a\0b", "a\nb"]
TOO_MANY = " ".join("abcdefghijklmnopq")


async def test_search_that_no_name_has_is_bad_input(
    admin: GraphQLClient,
    subtests: pytest.Subtests,
) -> None:
    for search in HOPELESS:
        with subtests.test(search=search):
            assert await admin.find_error_code(CONTACTS, s=search) == "BAD_USER_INPUT"
            assert await admin.find_error_code(MESSAGES, text=search) == "BAD_USER_INPUT"
    assert await admin.find_error_code(MESSAGES, text=TOO_MANY) == "BAD_USER_INPUT"


async def test_contacts_are_filtered(
    admin: GraphQLClient, said: None, subtests: pytest.Subtests
) -> None:
    count = "query ($filter: ContactFilter) { contacts(filter: $filter) { edges { cursor } } }"

    for conditions, expected in (
        ({"hasUser": True}, 2),
        ({"hasUser": False}, 0),
        ({"tags": {"all": ["vip"]}}, 0),
        ({"blocked": False, "marketingOptOut": False}, 2),
        ({}, 2),
    ):
        with subtests.test(conditions=conditions):
            data = await admin(count, filter=conditions)
            assert len(data["contacts"]["edges"]) == expected
