"""Counts of conversations by several filters in one answer."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from models import Account, Conversation, Role
from models.database.base import collection, utc_now
from tests.fixtures.commands import CommandCounter
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, id_of, write_message

COUNT = """query ($filters: [ConversationFilter!]!, $account: ID) {
  conversationCounts(filters: $filters, accountId: $account) { value isCapped } }"""
CLAIM = """mutation ($id: ID!) { claimConversation(input: { conversationId: $id }) {
  userErrors { code } } }"""


async def count(client: GraphQLClient, *filters: dict[str, Any], **more: Any) -> list[int]:
    counts = (await client(COUNT, filters=list(filters), **more))["conversationCounts"]
    assert not any(one["isCapped"] for one in counts)
    return [one["value"] for one in counts]


@pytest.fixture
async def conversations(account: Account, other_account: Account) -> list[str]:
    """Two conversations of the account, and one of another account."""
    at = utc_now() - timedelta(minutes=5)
    messages = [
        await write_message(owner, f"1555000000{number}", "x", at=at)
        for number, owner in enumerate((account, account, other_account))
    ]
    return [conversation_id(message) for message in messages]


async def test_filters_are_counted_together(
    admin: GraphQLClient, account: Account, conversations: list[str]
) -> None:
    agent = (await admin("{ viewer { agent { id } } }"))["viewer"]["agent"]["id"]
    await admin(CLAIM, id=conversations[0])
    filters: list[dict[str, Any]] = [
        {},
        {"assignee": {"is": agent}},
        {"assignee": {"none": True}},
        {"assignee": {"none": False}},
        {"statuses": ["CLOSED"]},
    ]

    assert await count(admin, *filters) == [3, 1, 2, 1, 0]
    assert await count(admin, *filters, account=id_of(account)) == [2, 1, 1, 1, 0]
    assert await count(admin) == []


async def test_hidden_conversations_are_not_counted(
    make_client: Any, admin: GraphQLClient, account: Account, conversations: list[str]
) -> None:
    limited = await make_client(Role.VIEWER, [account])
    # The same request, at the same time, of a caller limited to one account.
    own, all_accounts = await asyncio.gather(count(limited, {}), count(admin, {}))

    assert (own, all_accounts) == ([2], [3])


async def test_equal_counts_share_fresh_read(
    counter: CommandCounter, admin: GraphQLClient, conversations: list[str]
) -> None:
    await count(admin, {})
    with counter.counting():
        answers = await asyncio.gather(*(count(admin, {}) for _ in range(10)))
    assert answers == [[3]] * 10
    assert counter.reads.count(("aggregate", "conversations")) == 1

    await collection(Conversation).update_one({}, {"$set": {"status": "CLOSED"}})
    assert await count(admin, {"statuses": ["CLOSED"]}) == [1]


async def test_bad_filters_are_refused(
    admin: GraphQLClient, account: Account, conversations: list[str]
) -> None:
    refused: list[dict[str, Any]] = [
        {"filters": [{}] * 21},
        {"filters": [{"assignee": {}}]},
        {"filters": [{"assignee": {"is": None}}]},
        {"filters": [{"assignee": {"is": id_of(account)}}]},
    ]
    for variables in refused:
        assert await admin.find_error_code(COUNT, **variables) == "BAD_USER_INPUT", variables
