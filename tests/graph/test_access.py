"""Other accounts do not exist for a key with limited accounts, on any path."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from models import Account, Message, Role
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, conversation_id, id_of, write_message

LISTS = """{
  viewer { accounts { nodes { name } } }
  accounts { edges { node { name } } }
  contacts { edges { node { name } } }
  conversations { edges { node { id } } }
  searchMessages(text: "hidden") { edges { node { id } } }
  users { edges { node { id } } }
}"""
TEXT = 'content: {text: {body: "x"}}'
SEND = f'sendMessage(input: {{to: {{conversationId: "%(conversation)s"}}, {TEXT}}})'


@pytest.fixture
async def hidden(other_account: Account) -> Message:
    """A message of an account that the limited key must not see."""
    return await write_message(other_account, "15550009999", "hidden words", name="Hidden")


@pytest.fixture
async def limited(
    make_client: Callable[..., Awaitable[GraphQLClient]], account: Account
) -> GraphQLClient:
    return await make_client(Role.ADMIN, [account])


async def test_lists_leave_other_account_out(limited: GraphQLClient, hidden: Message) -> None:
    data = await limited(LISTS)

    assert [one["name"] for one in data["viewer"].pop("accounts")["nodes"]] == ["Test shop"]
    accounts = data.pop("accounts")["edges"]
    assert [edge["node"]["name"] for edge in accounts] == ["Test shop"]
    assert all(part == {} or part["edges"] == [] for part in data.values())


async def test_hidden_ids_are_like_unknown_ids(
    limited: GraphQLClient, admin: GraphQLClient, hidden: Message, other_account: Account
) -> None:
    query = """query ($account: ID!, $contact: ID!, $conversation: ID!, $message: ID!) {
      account(id: $account) { id } contact(id: $contact) { id }
      conversation(id: $conversation) { id } message(id: $message) { id }
      nodes(ids: [$account, $contact, $conversation, $message]) { id }
    }"""
    ids = {
        "account": id_of(other_account),
        "contact": contact_id(hidden),
        "conversation": conversation_id(hidden),
        "message": id_of(hidden),
    }

    seen, unseen = await admin(query, **ids), await limited(query, **ids)

    assert [node["id"] for node in seen["nodes"]] == list(ids.values())
    assert unseen == dict.fromkeys(ids) | {"nodes": [None] * 4}


MALFORMED_IDS = ["", "x", "QWNjb3VudDp4", "QWNjb3VudA==", "é", "TWVzc2FnZTo="]
MALFORMED_IDS += [encode_id("Message", "6" * 24 + "\n"), encode_id("User", "6" * 24 + "\n")]


async def test_malformed_id_is_like_unknown_id(
    admin: GraphQLClient,
    subtests: pytest.Subtests,
) -> None:
    for global_id in MALFORMED_IDS:
        with subtests.test(global_id=global_id):
            query = """query ($id: ID!) {
              node(id: $id) { id } message(id: $id) { id } user(id: $id) { id }
            }"""

            assert await admin(query, id=global_id) == {"node": None, "message": None, "user": None}


MUTATIONS = [
    'closeConversation(input: {conversationId: "%(conversation)s"})',
    'markConversationRead(input: {conversationId: "%(conversation)s"})',
    'updateContact(input: {contactId: "%(contact)s", name: "x"})',
    'unlinkContact(input: {contactId: "%(contact)s"})',
    'deleteContact(input: {contactId: "%(contact)s"})',
    'disableAccount(input: {accountId: "%(account)s"})',
    'deleteAccount(input: {accountId: "%(account)s"})',
    'retryMessage(input: {messageId: "%(message)s"})',
    'cancelMessage(input: {messageId: "%(message)s"})',
    SEND,
]


async def test_mutations_do_not_find_hidden_nodes(
    limited: GraphQLClient,
    hidden: Message,
    other_account: Account,
    subtests: pytest.Subtests,
) -> None:
    for mutation in MUTATIONS:
        with subtests.test(mutation=mutation):
            filled = mutation % {
                "account": id_of(other_account),
                "contact": contact_id(hidden),
                "conversation": conversation_id(hidden),
                "message": id_of(hidden),
            }

            data = await limited("mutation { done: " + filled + " { userErrors { code } } }")

            assert data["done"]["userErrors"] == [{"code": "NOT_FOUND"}]


@pytest.mark.parametrize(
    ("role", "operation", "code"),
    [
        (Role.VIEWER, 'mutation { createUser(input: {name: "x"}) { user { id } } }', "FORBIDDEN"),
        (Role.VIEWER, "{ viewer { name } }", None),
        (Role.AGENT, "{ apiKeys { edges { cursor } } }", "FORBIDDEN"),
        (Role.AGENT, "{ parkedItems { edges { cursor } } }", "FORBIDDEN"),
        (Role.AGENT, 'mutation { createUser(input: {name: "x"}) { user { id } } }', None),
        (Role.ADMIN, "{ apiKeys { edges { cursor } } }", None),
    ],
)
async def test_each_role_may_do_its_own(
    make_client: Callable[..., Awaitable[GraphQLClient]], role: Role, operation: str, code: Any
) -> None:
    client = await make_client(role)

    assert await client.find_error_code(operation) == code
