"""Each id, cursor and string of the schema has a row: a new one fails until it has one."""

from tests.isolation.sides import NODES, list_node_types
from tests.isolation.slots import CURSORS, IDS, KNOWN, NOT_LOOKED_UP, PLAIN_TYPES, list_slots


def test_each_id_has_a_row() -> None:
    assert {str(slot) for slot in list_slots(kinds={"ID"}) if slot.name not in IDS} == set()


def test_each_string_has_a_row() -> None:
    known = CURSORS | set(KNOWN) | NOT_LOOKED_UP
    strings = [slot for slot in list_slots() if slot.kind not in {*PLAIN_TYPES, "ID"}]

    assert {str(slot) for slot in strings if slot.name not in known} == set()


def test_no_row_is_left_over() -> None:
    names = {slot.name for slot in list_slots()}
    names |= {f"{slot.field_name}.{slot.name}" for slot in list_slots()}

    assert {*IDS, *CURSORS, *KNOWN, *NOT_LOOKED_UP} - names == set()


def test_each_node_type_is_on_both_sides() -> None:
    assert {one.__name__ for one in NODES} == list_node_types()
