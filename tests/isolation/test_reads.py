"""Reads of one side, with every field: the other side is not in them, and changes nothing in them.

The answers are compared with those of a world in which the other side did not exist.
"""

from tests.isolation.conftest import Sides
from tests.isolation.reading import (
    list_fields_read,
    list_node_reads,
    list_readable_fields,
    list_root_reads,
    read_all,
)
from tests.isolation.sides import Side
from tests.isolation.snapshots import list_changes, take_snapshot


async def test_other_side_changes_no_answer(sides: Sides) -> None:
    own = await sides.fill(await sides.connect_own())
    operations = list_node_reads(own) + list_root_reads(own)
    before, stored = await read_all(own), await take_snapshot()
    foreign = await sides.fill(await sides.connect_foreign())

    assert own.list_touched(list_changes(stored, await take_snapshot())) == set()
    after = await read_all(own)

    for operation, old, new in zip(operations, before, after, strict=True):
        assert foreign.find_marks(new) == set(), operation
        assert new == old, operation
    # Without it, answers without canaries would prove nothing.
    ids = {one for kind, ids in own.ids.items() if kind != "hex" for one in ids}
    assert {*ids, *own.sums, own.canary} - own.find_marks("\n".join(after)) == set()


async def test_each_field_is_read(own: Side) -> None:
    operations = list_node_reads(own) + list_root_reads(own)

    assert list_readable_fields() - list_fields_read(operations) == set()
