"""WhatsApp's names as enums, with OTHER for names that WhatsApp may add."""

from typing import Any

import pytest

from models import Account, Template
from models.database.base import collection
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, id_of, write_message
from tests.fixtures.templates import get_template, sync

MESSAGES = """query ($id: ID!, $types: [MessageType!]) { conversation(id: $id) {
  messages(filter: {types: $types}) { nodes { type typeName } } } }"""
TEMPLATES = """query ($id: ID!, $filter: TemplateFilter) {
  templates(accountId: $id, filter: $filter) { nodes { name status statusName category categoryName
  qualityScore
  qualityScoreName } } }"""
HEALTH = """query ($id: ID!) { account(id: $id) { health {
  qualityRating qualityRatingName throughput throughputName
  messagingLimit messagingLimitName } } }"""


async def test_message_of_new_type_is_other(agent: GraphQLClient, account: Account) -> None:
    said = await write_message(account, "15550001111", "one")
    await write_message(account, "15550001111", "two", type="poll", content={"a": 1})

    async def find(*types: str) -> list[tuple[str, str]]:
        variables = {"id": conversation_id(said), "types": list(types)}
        page = (await agent(MESSAGES, **variables))["conversation"]["messages"]
        return [(node["type"], node["typeName"]) for node in page["nodes"]]

    text, other = ("TEXT", "text"), ("OTHER", "poll")
    assert await find() == [other, text]
    assert await find("OTHER") == [other]
    assert await find("TEXT") == [text]
    assert await find("TEXT", "OTHER") == [other, text]
    assert await find("IMAGE") == []


@pytest.mark.parametrize("types", [["photo"], ["text"], "x"])
async def test_unknown_type_in_filter_is_bad_input(
    agent: GraphQLClient, account: Account, types: Any
) -> None:
    said = await write_message(account, "15550001111", "one")

    code = await agent.find_error_code(MESSAGES, id=conversation_id(said), types=types)

    assert code == "BAD_USER_INPUT"


async def test_new_names_of_templates(agent: GraphQLClient, account: Account) -> None:
    await sync(agent, account)
    changed = {"status": "SLEEPING", "category": "FUN", "quality_score": "BLUE"}
    template_id = (await get_template("order_shipped")).id
    await collection(Template).update_one({"_id": template_id}, {"$set": changed})

    async def find(**filter: Any) -> list[dict[str, Any]]:
        answer = await agent(TEMPLATES, id=id_of(account), filter=filter)
        nodes: list[dict[str, Any]] = answer["templates"]["nodes"]
        return nodes

    expected = {
        "name": "order_shipped",
        "status": "OTHER",
        "statusName": "SLEEPING",
        "category": "OTHER",
        "categoryName": "FUN",
        "qualityScore": "OTHER",
        "qualityScoreName": "BLUE",
    }
    assert await find(category="OTHER") == await find(statuses=["OTHER"]) == [expected]
    assert {node["statusName"] for node in await find(statuses=["PAUSED"])} == {"PAUSED"}


async def test_new_names_of_limits(agent: GraphQLClient, account: Account) -> None:
    names = {"quality_rating": "BLUE", "throughput": "HIGH", "messaging_limit": "TIER_7M"}
    stored = {f"health.{field}": name for field, name in names.items()}
    await collection(Account).update_one({"_id": account.id}, {"$set": stored})

    shown = (await agent(HEALTH, id=id_of(account)))["account"]["health"]

    assert shown == {
        "qualityRating": "OTHER",
        "qualityRatingName": "BLUE",
        "throughput": "HIGH",
        "throughputName": "HIGH",
        "messagingLimit": "OTHER",
        "messagingLimitName": "TIER_7M",
    }
