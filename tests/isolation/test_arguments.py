"""Ids and strings of the other side in every argument: answered as what does not exist.

A mutation with such an id changes nothing at all; one with such a string changes nothing of the
other side.
"""

import hashlib
import json
import re
from typing import Any

import pytest

from graph.core.ids import split_id
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.uploads import PICTURE
from tests.isolation.sides import UNKNOWN_TEXTS, Border, Side
from tests.isolation.slots import CURSORS, UNKNOWN_ID, Slot, Writer, list_slots
from tests.isolation.snapshots import list_changes, take_snapshot, without_audit

LAST = ("disable", "discard", "revoke", "retire", "merge", "delete")
"""Mutations that remove what others need: tried last, the account at the very end."""


def is_unreached(slot: Slot, border: Border) -> bool:
    """True where a valid id is refused as an unknown one is, for another reason."""
    is_upload = slot.name == "uploadId"
    return (
        # Files of cards are given by link, and a preview shows no file.
        (is_upload and ("cards" in slot.path or slot.field_name == "previewTemplate"))
        # Operators alone give a workspace, and no credential limited to accounts moves one.
        or slot.name == "workspaceId"
        or (border is Border.ACCOUNTS and slot.field_name == "moveAccount")
    )


WITHOUT_ANSWER = {"createAccount", "moveAccount", "updateAccount", "email", "verifyToken"}
"""Strings of which an answer does not say whether they are known."""


def is_tried(slot: Slot) -> bool:
    return slot.parent != "Subscription"


def order_of(slot: Slot) -> tuple[int, bool]:
    stages = [number for number, word in enumerate(LAST, 1) if slot.field_name.startswith(word)]
    return max(stages, default=0), slot.field_name == "deleteAccount"


ID_SLOTS = sorted(filter(is_tried, list_slots(kinds={"ID"})), key=order_of)
STRING_SLOTS = [
    slot for slot in list_slots(kinds={"String", "PhoneNumber"}) if is_tried(slot) and slot.known_as
]


def group(slots: list[Slot]) -> list[tuple[str, list[Slot]]]:
    """The slots by field; queries are a group of their own."""
    named: dict[str, list[Slot]] = {}
    for slot in slots:
        name = slot.field_name if slot.parent == "Mutation" else "queries"
        named.setdefault(name, []).append(slot)
    return list(named.items())


def make_unknown(global_id: str) -> str:
    """An id of the same type and form, of nothing."""
    parts = split_id(global_id)
    assert parts is not None
    kind, key = parts
    is_digest = len(key) != len(UNKNOWN_ID)
    return encode_id(kind, hashlib.sha256(b"unknown").hexdigest() if is_digest else UNKNOWN_ID)


async def ask(client: GraphQLClient, writer: Writer, slot: Slot, value: Any) -> str:
    """Returns the answer, with the value replaced by a placeholder."""
    document, variables = writer.write(slot, value)
    if slot.path[-1] == "file" or slot.field_name == "uploadMedia":
        answer = await client.post_files(document, {"input.file": PICTURE}, **variables)
        text = answer.text
    else:
        text = json.dumps(await client.post(document, **variables))
    assert "INTERNAL_SERVER_ERROR" not in text, (str(slot), text)
    assert "VALIDATION_FAILED" not in text, (str(slot), text)
    return text.replace(str(value), "<value>")


async def test_foreign_ids_are_answered_as_unknown(
    own: Side, foreign: Side, subtests: pytest.Subtests
) -> None:
    writer = Writer(own)
    before = await take_snapshot()
    for name, slots in group(ID_SLOTS):
        for slot in slots:
            with subtests.test(slot=str(slot)):
                await check_unknown(own, foreign, writer, slot)
        with subtests.test(field=name):
            after = await take_snapshot()
            changes, before = list_changes(before, after), after
            assert without_audit(changes) == []


async def check_unknown(own: Side, foreign: Side, writer: Writer, slot: Slot) -> None:
    for kind in foreign.list_types(slot.node_types):
        foreign_id = foreign.first(kind)
        unknown = await ask(own.client, writer, slot, make_unknown(foreign_id))
        answer = await ask(own.client, writer, slot, foreign_id)
        assert answer == unknown, kind
        assert foreign.find_marks(answer) == set()


async def test_own_ids_are_found(own: Side, border: Border, subtests: pytest.Subtests) -> None:
    """Without it, a slot that no operation reaches would prove nothing."""
    writer = Writer(own)
    for slot in ID_SLOTS:
        if is_unreached(slot, border):
            continue
        with subtests.test(slot=str(slot)):
            if order_of(slot) > (0, False):
                await own.learn_ids()
            for kind in own.list_types(slot.node_types):
                own_id = own.ids[kind][-1]
                unknown = await ask(own.client, writer, slot, make_unknown(own_id))
                answer = await ask(own.client, writer, slot, own_id)
                assert answer != unknown, (kind, answer[:400])


async def test_foreign_strings_are_answered_as_unknown(
    own: Side, foreign: Side, subtests: pytest.Subtests
) -> None:
    writer = Writer(own)
    before = await take_snapshot()
    for name, slots in group(STRING_SLOTS):
        for slot in slots:
            with subtests.test(slot=str(slot)):
                text = str(slot.known_as)
                unknown = await ask(own.client, writer, slot, UNKNOWN_TEXTS[text])
                answer = await ask(own.client, writer, slot, foreign.texts[text])
                assert hide_new(answer) == hide_new(unknown)
                assert foreign.find_marks(answer) == set()
        with subtests.test(field=name):
            after = await take_snapshot()
            changes, before = list_changes(before, after), after
            assert {key for _, key in changes} & set(foreign.ids["hex"]) == set()
            if slots[0].parent != "Mutation":
                assert changes == []


def hide_new(answer: str) -> str:
    """Hides what each new document has of its own: ids, cursors and times."""
    return re.sub(r'"[A-Za-z0-9+/=_-]{16,}"|"20[0-9T:.+-]+"', '"new"', answer)


async def test_own_strings_are_found(own: Side, subtests: pytest.Subtests) -> None:
    writer = Writer(own)
    for number, slot in enumerate(STRING_SLOTS):
        name = str(slot.known_as)
        if slot.field_name in WITHOUT_ANSWER or name in WITHOUT_ANSWER:
            continue
        with subtests.test(slot=str(slot)):
            # Others than before, which have been created by now.
            text = f"{UNKNOWN_TEXTS[name][:-2]}{number:02}"
            unknown = await ask(own.client, writer, slot, text)
            answer = await ask(own.client, writer, slot, own.texts[name])
            assert hide_new(answer) != hide_new(unknown), answer[:400]


PAGE = "{ pageInfo { startCursor endCursor } edges { cursor node { id } } }"
EMPTY = ("Query.workspaces", "User.contacts")
"""Lists that are for operators, or empty for the first of the objects."""
CURSOR_SLOTS = [
    slot for slot in list_slots(kinds={"String"}) if is_tried(slot) and slot.name in CURSORS
]


async def test_foreign_cursors_reveal_nothing(
    own: Side, foreign: Side, subtests: pytest.Subtests
) -> None:
    """A cursor is a position: with it a list has items of the caller only, or is refused."""
    assert len(CURSOR_SLOTS) > 25
    for slot in CURSOR_SLOTS:
        with subtests.test(slot=str(slot)):
            found = await read_page(foreign, slot, None)
            cursors = set(re.findall(r'"(?:start|end)Cursor": "([^"]+)"', found))
            assert cursors or str(slot).startswith(EMPTY)
            for cursor in cursors:
                answer = (await read_page(own, slot, cursor)).replace(cursor, "<cursor>")
                assert foreign.find_marks(answer) == set()


async def read_page(side: Side, slot: Slot, cursor: str | None) -> str:
    """Reads a list of the side that its texts and ids select."""
    writer = Writer(side)
    writer.base |= {"text": side.texts["search"], "first": 100}
    document, variables = writer.write(slot, cursor)
    document = re.sub(r"\{ __typename pageInfo .*", PAGE, document)
    return json.dumps(await side.client.post(close(document), **variables))


def close(document: str) -> str:
    return document + " }" * (document.count("{") - document.count("}"))
