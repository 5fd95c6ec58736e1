"""Tokens of an identity provider: their claims name a side, and nothing of the other is seen."""

import json
from dataclasses import replace

import pytest

from models import Role
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.tokens import make_token
from tests.isolation.reading import list_root_reads
from tests.isolation.sides import Border, Side
from tests.isolation.slots import Writer
from tests.isolation.snapshots import list_changes, take_snapshot, without_audit
from tests.isolation.test_arguments import ID_SLOTS, check_unknown


def with_token(side: Side) -> Side:
    """The side with a token for its credential, that sees what its key sees."""
    is_limited = side.border is Border.ACCOUNTS
    token = make_token(
        Role.ADMIN,
        [side.account] if is_limited else "*",
        org={"workspace": encode_id("Workspace", side.account.workspace_id)},
    )
    return replace(side, client=GraphQLClient(side.client.http, token))


async def test_tokens_see_their_side_only(
    own: Side, foreign: Side, subtests: pytest.Subtests
) -> None:
    # The own side is in the workspace that tokens without a claim would have.
    holder = with_token(foreign)
    # Its first request makes the token an agent.
    await holder.client("{ viewer { agent { id } } }")
    before = await take_snapshot()
    answers = []
    for document, variables in list_root_reads(holder):
        answers.append(json.dumps(await holder.client.post(document, **variables)))
        assert own.find_marks(answers[-1]) == set(), document
    assert holder.find_marks("\n".join(answers)) >= {foreign.canary, foreign.first("Message")}

    writer = Writer(holder)
    # Each root field once.
    for slot in {slot.field_name: slot for slot in ID_SLOTS}.values():
        with subtests.test(slot=str(slot)):
            await check_unknown(holder, own, writer, slot)
    assert without_audit(list_changes(before, await take_snapshot())) == []
