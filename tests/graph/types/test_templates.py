"""The list of templates: filters, components and parameters."""

from typing import Any

import pytest

from models import Account, Template
from models.database.base import DEFAULT_WORKSPACE_ID, collection
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.templates import add_template, sync

LIST = """query ($id: ID!, $filter: TemplateFilter) { templates(accountId: $id, filter: $filter) {
  edges { node { name sendable obstacle } } } }"""
SHOW = """query ($id: ID!, $name: String!) { templates(accountId: $id, filter: {name: $name}) {
  edges { node { parameterFormat subCategory category qualityScore syncedAt statusChangedAt
    components { type format text buttons { type text url phoneNumber }
      cards { components { type text } } raw }
    parameters { place kind name cardIndex buttonIndex label example required } } } } }"""
PICTURE = "https://scontent.example/spring.jpg"


@pytest.fixture(autouse=True)
async def synced(agent: GraphQLClient, account: Account, meta: FakeMeta) -> None:
    await sync(agent, account)


async def list_names(client: GraphQLClient, account: Account, **filter: Any) -> list[str]:
    found = await client(LIST, id=id_of(account), filter=filter)
    return sorted(edge["node"]["name"] for edge in found["templates"]["edges"])


async def show(client: GraphQLClient, account: Account, name: str) -> dict[str, Any]:
    found = await client(SHOW, id=id_of(account), name=name)
    [edge] = found["templates"]["edges"]
    node: dict[str, Any] = edge["node"]
    return node


async def test_filters_narrow_list(
    agent: GraphQLClient, account: Account, subtests: pytest.Subtests
) -> None:
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"category": "AUTHENTICATION"}, ["login_code"]),
        ({"language": "de"}, ["invoice"]),
        ({"statuses": ["PAUSED", "REJECTED"]}, ["appointment_reminder", "cheap_loans"]),
        ({"search": "OFFER"}, ["intro_catalog_offer", "spring_offer"]),
        ({"search": "."}, []),
        ({"search": "order", "language": "pt_BR"}, ["order_shipped"]),
        ({"sendable": False}, ["appointment_reminder", "cheap_loans", "product_picks"]),
        ({"sendable": True, "category": "AUTHENTICATION"}, ["login_code"]),
    ]
    for wanted, names in cases:
        with subtests.test(wanted=wanted):
            assert await list_names(agent, account, **wanted) == names


async def test_sendable_means_same_in_filter_and_in_field(
    agent: GraphQLClient, account: Account, meta: FakeMeta, subtests: pytest.Subtests
) -> None:
    product = {"type": "HEADER", "format": "PRODUCT"}
    items = {"type": "BUTTONS", "buttons": [{"type": "SPM", "text": "View"}]}
    body = {"type": "BODY", "text": "x"}
    parts: list[dict[str, Any]] = [product, items]
    for number, part in enumerate(parts):
        carousel = {"type": "CAROUSEL", "cards": [{"components": [part]}]}
        add_template(meta, f"odd_{number}", body, part)
        add_template(meta, f"odd_card_{number}", body, carousel)
    await sync(agent, account)
    await Template(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=account.id,
        template_id="told",
        name="told",
        status="APPROVED",
    ).insert()

    for sendable in (True, False):
        with subtests.test(sendable=sendable):
            found = await agent(LIST, id=id_of(account), filter={"sendable": sendable})
            nodes = [edge["node"] for edge in found["templates"]["edges"]]
            assert {node["sendable"] for node in nodes} == {sendable}
            assert {node["obstacle"] is None for node in nodes} == {sendable}


async def test_what_is_to_be_filled_in_is_listed(agent: GraphQLClient, account: Account) -> None:
    found = await show(agent, account, "spring_offer")

    empty = {"cardIndex": None, "buttonIndex": None, "label": None, "name": None, "example": None}
    header = {"place": "HEADER", "kind": "IMAGE", "example": PICTURE, "required": True}
    body = {"place": "BODY", "kind": "TEXT", "required": True}
    button = {"place": "BUTTON", "kind": "PAYLOAD", "required": False}
    assert found["parameterFormat"] == "NAMED"
    assert found["parameters"] == [
        empty | header,
        empty | body | {"name": "first_name", "example": "Ana"},
        empty | body | {"name": "discount", "example": "20 %"},
        empty | button | {"buttonIndex": 0, "label": "Show me"},
        empty | button | {"buttonIndex": 1, "label": "Stop promotions"},
    ]


KINDS = {
    "hello_world": [],
    "order_shipped": [("BODY", "1", "Ana"), ("BODY", "2", "A-1001"), ("BUTTON", None, "A-1001")],
    "login_code": [("BODY", "1", "123456"), ("BUTTON", None, "123456")],
    "table_booking": [("BUTTON", None, None)],
    "flash_sale": [
        ("LIMITED_TIME_OFFER", None, None),
        ("BODY", "1", "red"),
        ("BUTTON", None, "RED50"),
        ("BUTTON", None, "RED50"),
    ],
}


@pytest.mark.parametrize("name", KINDS)
async def test_each_parameter_has_its_example(
    agent: GraphQLClient, account: Account, name: str
) -> None:
    await collection(Template).delete_many({"language": "pt_BR"})

    found = await show(agent, account, name)

    given = [(one["place"], one["name"], one["example"]) for one in found["parameters"]]
    assert given == KINDS[name]


async def test_cards_have_distinct_positions(agent: GraphQLClient, account: Account) -> None:
    found = await show(agent, account, "boots_carousel")

    places = [(one["cardIndex"], one["place"], one["kind"]) for one in found["parameters"]]
    card = [("HEADER", "IMAGE"), ("BODY", "TEXT"), ("BUTTON", "PAYLOAD"), ("BUTTON", "URL_SUFFIX")]
    assert places == [
        (None, "BODY", "TEXT"),
        *[(number, *one) for number in (0, 1) for one in card],
    ]
    [_, carousel] = found["components"]
    texts = [[part["text"] for part in card["components"]] for card in carousel["cards"]]
    assert texts == [[None, "Black boots, {{1}}", None], [None, "Brown boots, {{1}}", None]]


async def test_components_are_typed_and_whole(
    agent: GraphQLClient, account: Account, meta: FakeMeta
) -> None:
    found = await show(agent, account, "appointment_confirmed")

    [header, body, footer, buttons] = found["components"]
    assert (header["format"], header["text"]) == ("TEXT", "See you {{day}}")
    assert (body["type"], footer["text"]) == ("BODY", "Call us if you can't come")
    assert buttons["buttons"] == [
        {"type": "PHONE_NUMBER", "text": "Call us", "url": None, "phoneNumber": "+15550783881"},
        {
            "type": "URL",
            "text": "Our page",
            "url": "https://shop.example/visit",
            "phoneNumber": None,
        },
    ]
    [at_meta] = [one for one in meta.templates.templates if one.name == "appointment_confirmed"]
    assert [one["raw"] for one in found["components"]] == list(at_meta.components)
    assert found["syncedAt"] is not None
    assert found["statusChangedAt"] is None
