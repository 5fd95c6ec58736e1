"""Every example and every operation in the documentation runs against the real application.

Examples have variables beside them, with placeholders in angle brackets; operations of the
documentation get variables by name.
"""

import asyncio
import contextlib
import itertools
import json
import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import httpx
import pytest
from graphql import (
    NonNullTypeNode,
    OperationDefinitionNode,
    OperationType,
    VariableDefinitionNode,
    parse,
    print_ast,
    separate_operations,
)

from models import Account, Message, ParkedItem, ParkedReason
from models.database.base import DEFAULT_WORKSPACE_ID
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import File, GraphQLClient
from tests.fixtures.said import contact_id, conversation_id, id_of
from tests.fixtures.servers import ROOT
from tests.fixtures.templates import SHIPPED, get_template, sync
from tests.fixtures.uploads import PICTURE, upload
from tests.fixtures.waiting import eventually
from tests.fixtures.workspaces import create_workspace, make_operator
from tests.fixtures.world import OTHER_NUMBER
from tests.graph.socket_kit import SocketClient
from tests.test_docs import list_blocks

FOLDER = ROOT / "graph/transport/graphiql/examples"
SAY = """mutation ($id: ID!) { sendMessage(input: {
  to: {conversationId: $id}, content: {text: {body: "hello"}}}) { userErrors { code } } }"""
CHANGE = """mutation ($account: ID!, $contact: ID!, $name: String!) {
  updateAccount(input: {accountId: $account, name: $name}) { userErrors { code } }
  updateContact(input: {contactId: $contact, name: $name}) { userErrors { code } } }"""
CREATE = 'mutation { createUser(input: {name: "Ada"}) { user { id } } }'
EXPORT = "mutation ($id: ID!) { exportContact(input: {contactId: $id}) { export { id } } }"
NEW_ACCOUNT = {
    "name": "Shop",
    "phoneNumberId": OTHER_NUMBER.phone_number_id,
    "businessAccountId": OTHER_NUMBER.business_account_id,
    "accessToken": OTHER_NUMBER.access_token,
    "appSecret": OTHER_NUMBER.app_secret,
}


class Shown(NamedTuple):
    """An operation and its source; `variables` if they are shown with it."""

    origin: str
    text: str
    node: OperationDefinitionNode
    variables: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        assert self.node.name is not None, f"an operation of {self.origin} has no name"
        return self.node.name.value


def list_operations(origin: str, text: str) -> list[Shown]:
    """Returns the operations, each with the fragments that it uses."""
    document = parse(text)
    return [
        Shown(origin, print_ast(part), node)
        for part in separate_operations(document).values()
        for node in part.definitions
        if isinstance(node, OperationDefinitionNode)
    ]


def load_examples() -> list[Shown]:
    shown = []
    for path in sorted(FOLDER.glob("*.graphql")):
        [operation] = list_operations(path.name, path.read_text())
        variables = path.with_suffix(".json")
        values = json.loads(variables.read_text()) if variables.exists() else {}
        shown.append(operation._replace(variables=values))
    return shown


EXAMPLES = load_examples()
BLOCKS = list_blocks("graphql")
# A fragment may stand in another block of the same document.
DOCUMENTED = [
    shown
    for origin in sorted({origin for origin, _block in BLOCKS})
    for shown in list_operations(origin, "\n".join(text for name, text in BLOCKS if name == origin))
]


@pytest.fixture
async def said(account: Account, sandbox: httpx.AsyncClient) -> Message:
    """Posts a message of a customer that the fake Meta knows."""
    inbound = {"from": "16505550100", "name": "Ada", "text": "hello"}
    answer = await sandbox.post("/sandbox/inbound", json=inbound)
    assert answer.json()["webhook_status"] == 200
    message = await eventually(lambda: Message.find_one({"text": "hello"}))
    assert message is not None
    return message


@pytest.fixture
async def known(admin: GraphQLClient, account: Account, said: Message) -> dict[str, Any]:
    """Values for placeholders."""
    await sync(admin, account)
    cursor = (await admin("{ eventCursor }"))["eventCursor"]
    user = (await admin(CREATE))["createUser"]["user"]
    number = NEW_ACCOUNT
    return {
        "an id from the Inbox tab": conversation_id(said),
        "a contact's id from the Inbox tab": contact_id(said),
        "an id from the History tab": id_of(said),
        "an id from the Accounts tab": id_of(account),
        "the id of order_shipped (en_US) from the Templates tab": id_of(
            await get_template("order_shipped")
        ),
        "a user's id from createUser": user["id"],
        "the cursor of a live event": cursor,
        "the number's id at Meta": number["phoneNumberId"],
        "the business account's id at Meta": number["businessAccountId"],
        "a system user's access token": number["accessToken"],
        "the Meta app's secret": number["appSecret"],
    }


def fill_in(value: Any, known: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: fill_in(one, known) for name, one in value.items()}
    if isinstance(value, list):
        return [fill_in(one, known) for one in value]
    is_gap = isinstance(value, str) and re.fullmatch("<(.*)>", value)
    return known[is_gap[1]] if is_gap else value


async def find_values(
    shown: Shown, known: dict[str, Any], admin: GraphQLClient, account: Account
) -> dict[str, Any]:
    """The variables of an operation that is shown without any."""
    conversation = known["an id from the Inbox tab"]
    contact = known["a contact's id from the Inbox tab"]
    template_id = known["the id of order_shipped (en_US) from the Templates tab"]
    to_conversation = {"to": {"conversationId": conversation}, "content": {"text": {"body": "x"}}}
    values: dict[str, Any] = {
        "id": id_of(account) if "account(" in shown.text else conversation,
        "conversationId": conversation,
        "accountId": id_of(account),
        "contactId": contact,
        "messageId": known["an id from the History tab"],
        "agentId": (await admin("{ viewer { agent { id } } }"))["viewer"]["agent"]["id"],
        "templateId": template_id,
        "template": {"reference": {"templateId": template_id}, "parameters": SHIPPED["parameters"]},
        "parameters": SHIPPED["parameters"],
        "phone": "16505551234",
        "emoji": "👍",
        "colleaguesOnly": True,
        "filters": [{}],
        "body": "hello",
        "text": "hel",
        "key": shown.name,
        "input": to_conversation if "$input: SendMessageInput" in shown.text else NEW_ACCOUNT,
        "ids": [encode_id("ParkedItem", "a" * 64)],
        "workspaceId": encode_id("Workspace", (await create_workspace(shown.name)).id),
        "name": "Acme",
        "exportId": (await admin(EXPORT, id=contact))["exportContact"]["export"]["id"],
        "uploadId": (await upload(admin, account))["upload"]["id"],
    }
    if shown.node.operation is OperationType.SUBSCRIPTION:
        values["after"] = known["the cursor of a live event"]
    return {
        name: values[name]
        for definition in shown.node.variable_definitions or ()
        if (name := definition.variable.name.value) in values or is_required(definition)
    }


def is_required(definition: VariableDefinitionNode) -> bool:
    return isinstance(definition.type, NonNullTypeNode) and (
        definition.default_value is None and definition.variable.name.value not in FILES
    )


FILES = {"file", "photo"}


@pytest.fixture
async def parked(account: Account) -> None:
    await ParkedItem(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id="a" * 64,
        event_id="b" * 64,
        account_id=account.id,
        phone_number_id=account.phone_number_id,
        pointer="/entry/0/changes/0",
        item=json.dumps({"id": 5}),
        secret_digest="c" * 64,
        reason=ParkedReason.INVALID_ITEM,
    ).insert()


async def test_examples_run(known: dict[str, Any], admin: GraphQLClient, ws: SocketClient) -> None:
    for shown in EXAMPLES:
        await run(shown, fill_in(shown.variables, known), known, admin, ws)


@pytest.mark.parametrize("origin", sorted({shown.origin for shown in DOCUMENTED}))
async def test_operations_of_document_run(
    origin: str,
    known: dict[str, Any],
    admin: GraphQLClient,
    account: Account,
    parked: None,
    ws: SocketClient,
) -> None:
    operations = [shown for shown in DOCUMENTED if shown.origin == origin]
    # A blocked customer can't be written to.
    for shown in sorted(operations, key=lambda shown: "blockContact" in shown.text):
        variables = await find_values(shown, known, admin, account)
        is_for_operators = "orkspaceId:" in shown.text or "createWorkspace" in shown.text
        caller = await make_operator(admin.http) if is_for_operators else admin
        await run(shown, variables, known, caller, ws)


async def run(
    shown: Shown,
    variables: dict[str, Any],
    known: dict[str, Any],
    admin: GraphQLClient,
    ws: SocketClient,
) -> None:
    if shown.node.operation is OperationType.SUBSCRIPTION:
        data = await listen(shown, variables, known, admin, ws)
    else:
        data = await ask(shown, variables, admin)
    for value in data.values():
        assert value is not None, shown.name
        assert not isinstance(value, dict) or not value.get("userErrors"), (shown.name, value)


async def ask(shown: Shown, variables: dict[str, Any], admin: GraphQLClient) -> Any:
    names = {one.variable.name.value for one in shown.node.variable_definitions or ()}
    files: dict[str, File] = dict.fromkeys(names & FILES, PICTURE)
    if not files:
        return await admin(shown.text, **variables)
    given = variables | dict.fromkeys(files)
    answer = (await admin.post_files(shown.text, files, **given)).json()
    assert "errors" not in answer, (shown.name, answer["errors"])
    return answer["data"]


async def listen(
    shown: Shown,
    variables: dict[str, Any],
    known: dict[str, Any],
    admin: GraphQLClient,
    ws: SocketClient,
) -> Any:
    """The first event of a subscription."""
    operation = await ws.subscribe(shown.text, **variables)
    async with keep_working(admin, known):
        frame = await ws.receive()
        # Events of earlier operations, and pings.
        while frame.get("id") != operation:
            frame = await ws.receive()
    assert frame["type"] == "next", (shown.name, frame)
    assert "errors" not in frame["payload"], (shown.name, frame)
    await ws.send({"id": operation, "type": "complete"})
    return frame["payload"]["data"]


@contextlib.asynccontextmanager
async def keep_working(admin: GraphQLClient, known: dict[str, Any]) -> AsyncIterator[None]:
    """Changes what is watched repeatedly, because the start of a subscription is not visible."""

    async def work() -> None:
        for number in itertools.count():
            await admin.post(SAY, id=known["an id from the Inbox tab"])
            changed = {
                "account": known["an id from the Accounts tab"],
                "contact": known["a contact's id from the Inbox tab"],
            }
            await admin.post(CHANGE, **changed, name=f"Name {number}")
            await asyncio.sleep(0.2)

    working = asyncio.create_task(work())
    try:
        yield
    finally:
        working.cancel()
        await asyncio.wait([working])
