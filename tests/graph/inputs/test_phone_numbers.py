"""Phone numbers are normalised; impossible numbers are refused."""

from typing import Any

import pytest

from models import Account, Contact, Message, User
from sandbox.cloud_api.fake_meta import FakeMeta
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, id_of, write_message

SEND = """mutation ($input: SendMessageInput!) { sendMessage(input: $input) {
  message { contact { waId phoneNumber } } userErrors { code field message } } }"""
CREATE_USER = """mutation ($input: CreateUserInput!) { createUser(input: $input) {
  user { phone } userErrors { code field } } }"""
CONTACTS = "query ($text: String!) { contacts(search: $text) { edges { node { waId } } } }"

BAD_NUMBERS = ["+44 7946 001", "0650 555 1234", "+1650555123412345", "+999123456789", "+1 800 ABC"]


@pytest.fixture
async def londoner(account: Account) -> Message:
    return await write_message(account, "442079460018", "Hello")


async def send(client: GraphQLClient, account: Account, phone: str) -> dict[str, Any]:
    values = {"to": {"phoneNumber": phone}, "content": {"text": {"body": "Hi"}}}
    given = {"accountId": id_of(account), **values}
    payload: dict[str, Any] = (await client(SEND, input=given))["sendMessage"]
    return payload


@pytest.mark.parametrize(
    "phone", ["+44 (0)20 7946 0018", "+44 020 7946 0018", "0044 20 7946 0018", "442079460018"]
)
async def test_typed_number_reaches_known_contact(
    agent: GraphQLClient, account: Account, londoner: Message, phone: str
) -> None:
    done = await send(agent, account, phone)

    assert done["userErrors"] == []
    assert done["message"]["contact"] == {"waId": "442079460018", "phoneNumber": "+442079460018"}
    assert await Contact.count() == 1


async def test_impossible_number_sends_nothing(
    agent: GraphQLClient,
    account: Account,
    londoner: Message,
    meta: FakeMeta,
    subtests: pytest.Subtests,
) -> None:
    for phone in BAD_NUMBERS:
        with subtests.test(phone=phone):
            values = {"to": {"phoneNumber": phone}, "content": {"text": {"body": "Hi"}}}
            answer = await agent.post(SEND, input={"accountId": id_of(account), **values})

            [error] = answer["errors"]
            assert error["extensions"]["code"] == "BAD_USER_INPUT"
            assert "at .to.phoneNumber: " in error["message"]
            assert "country code" in error["message"]
    assert (await Contact.count(), await Message.count()) == (1, 1)
    assert meta.requests.list_sends() == []


async def test_user_phone_is_normalized(agent: GraphQLClient) -> None:
    made = await agent(CREATE_USER, input={"phone": "+44 (0)20 7946 0018"})
    again = await agent(CREATE_USER, input={"phone": "442079460018"})

    assert made["createUser"]["user"] == {"phone": "+442079460018"}
    assert again["createUser"]["userErrors"] == [{"code": "CONFLICT", "field": ["phone"]}]


async def test_impossible_user_phone_is_refused(
    agent: GraphQLClient, subtests: pytest.Subtests
) -> None:
    for phone in BAD_NUMBERS:
        with subtests.test(phone=phone):
            [error] = (await agent.post(CREATE_USER, input={"phone": phone}))["errors"]

            assert error["extensions"]["code"] == "BAD_USER_INPUT"
            assert "at .phone: " in error["message"]
    assert await User.count() == 0


async def test_card_with_impossible_whatsapp_id_is_refused(
    agent: GraphQLClient, londoner: Message, subtests: pytest.Subtests
) -> None:
    for wa_id in ["+442079460018", "4402079460018", "1650", "999123456789"]:
        with subtests.test(wa_id=wa_id):
            phones = [{"phone": "+44 20 7946 0018", "waId": wa_id}]
            card = {"name": {"formattedName": "Ada"}, "phones": phones}
            values = {"to": {"contactId": contact_id(londoner)}, "content": {"contacts": [card]}}

            done = (await agent(SEND, input=values))["sendMessage"]

            assert [one["code"] for one in done["userErrors"]] == ["INVALID_INPUT"]
    assert await Message.count() == 1


@pytest.mark.parametrize(
    "text", ["+44 (0)20 7946 0018", "020 7946 0018", "(0)20 7946", "+44 020 7946 0018", "7946"]
)
async def test_search_finds_number_as_people_type_it(
    agent: GraphQLClient, londoner: Message, text: str
) -> None:
    found = await agent(CONTACTS, text=text)

    assert [edge["node"]["waId"] for edge in found["contacts"]["edges"]] == ["442079460018"]
