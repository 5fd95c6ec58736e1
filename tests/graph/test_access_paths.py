"""The access matrix over HTTP and WebSocket, with API keys and tokens, checked byte by byte.

The tables of `test_access_matrix` have each root field's requirements.
"""

import itertools
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from graphql import GraphQLObjectType

from models import (
    Account,
    AccountEvent,
    Contact,
    Conversation,
    ConversationChange,
    Media,
    Message,
    ParkedItem,
    ParkedReason,
    QuickReply,
    Role,
    Template,
    UploadedMedia,
    User,
)
from models.database.base import DEFAULT_WORKSPACE_ID, new_id, utc_now
from telemetry.global_ids import encode_id
from tests.conftest import make_settings
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.tokens import SETTINGS, make_token
from tests.fixtures.world import OTHER_NUMBER
from tests.graph import test_access_matrix as matrix
from tests.graph.deep_queries import list_selections
from tests.graph.socket_kit import SocketClient, open_socket
from whatsapp.auth.api_keys import create_api_key
from whatsapp.settings import Settings

ids = matrix.ids
KINDS = ("API key", "token")
ROLES = (Role.VIEWER, Role.AGENT, Role.ADMIN)
# Shown to viewers of the hidden account only.
CANARIES = ("hidden", matrix.OTHERS, "other shop", OTHER_NUMBER.phone_number_id)
Ask = Callable[[str], Awaitable[str]]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return make_settings(
        mongodb_uri=settings.mongodb_uri, mongodb_database=settings.mongodb_database, **SETTINGS
    )


async def make_credential(
    kind: str, role: Role, accounts: list[Account] | None = None, *, seconds: float = 600
) -> str:
    if kind == "token":
        return make_token(role, "*" if accounts is None else accounts, seconds=seconds)
    _, key = await create_api_key(
        DEFAULT_WORKSPACE_ID,
        name="seen",
        role=role,
        account_ids=None if accounts is None else [account.id for account in accounts],
        expires_at=utc_now() + timedelta(seconds=seconds),
    )
    return key


def ask_http(client: httpx.AsyncClient, token: str) -> Ask:
    """Gives the whole answer of a document, its headers too."""

    async def ask(document: str) -> str:
        headers = {"Authorization": f"Bearer {token}"}
        answer = await client.post("/graphql", json={"query": document}, headers=headers)
        assert answer.status_code < 500, answer.text
        return f"{answer.headers}\n{answer.text}"

    return ask


def ask_socket(ws: SocketClient) -> Ask:
    """Gives all frames of a document."""

    async def ask(document: str) -> str:
        await ws.subscribe(document)
        frames = [await ws.receive()]
        while frames[-1]["type"] == "next":
            frames.append(await ws.receive())
        return json.dumps(frames)

    return ask


def list_queries(ids: dict[str, str]) -> list[tuple[Role, str]]:
    return [(role, "{ " + text % ids + " }") for role, text, _ in matrix.QUERIES.values()]


def list_documents(ids: dict[str, str]) -> list[tuple[Role, str]]:
    """Every query and mutation, with the role it needs."""
    mutations = [(role, document) for _, role, _, document in matrix.list_mutations(ids)]
    return list_queries(ids) + mutations


def find_canaries(told: str, hidden: dict[str, str]) -> set[str]:
    known = [*CANARIES, *(hidden[name] for name in matrix.list_node_types())]
    return {canary for canary in known if canary.lower() in told.lower()}


@pytest.fixture
async def linked(ids: dict[str, str], account: Account, other_account: Account) -> dict[str, str]:
    """Documents of the visible account with all possible references to the hidden account."""
    (message,) = await Message.find({"account_id": account.id}).to_list()
    (hidden,) = await Message.find({"account_id": other_account.id}).to_list()
    contact, theirs = await Contact.get(message.contact_id), await Contact.get(hidden.contact_id)
    assert contact is not None
    assert theirs is not None
    await message.set(
        {
            "reply_to_wamid": hidden.wamid,
            "retry_of": hidden.id,
            "reactions": [{"contact_id": theirs.id, "emoji": "+", "at": utc_now(), "wamid": "r"}],
        }
    )
    conversation = await Conversation.get(message.conversation_id)
    assert conversation is not None
    await conversation.set({"last_message_id": hidden.id})
    user = await User.get(contact.user_id)
    assert user is not None
    await user.set({"account_ids": [account.id, other_account.id]})
    await theirs.set({"user_id": user.id})
    upload = await UploadedMedia.find_one({"account_id": other_account.id})
    assert upload is not None
    change = await ConversationChange.find_one({"account_id": account.id})
    assert change is not None
    await change.set({"message_id": hidden.id})
    quick_replies = QuickReply.find({"account_id": account.id})
    await quick_replies.set({"upload_id": upload.id})
    return {
        "Account": id_of(account),
        "Contact": id_of(contact),
        "ContactExport": id_of(await matrix.write_export(account, theirs, "seen")),
        "Conversation": id_of(conversation),
        "Message": id_of(message),
        "ConversationChange": id_of(change),
        "Note": ids["own_note"],
        "QuickReply": ids["own_quick_reply"],
        "User": id_of(user),
        "Workspace": encode_id("Workspace", DEFAULT_WORKSPACE_ID),
        **await write_the_rest(account),
        "Agent": await write_agent(account, other_account),
    }


async def write_the_rest(account: Account) -> dict[str, str]:
    now = utc_now()
    template = await Template(
        workspace_id=DEFAULT_WORKSPACE_ID, account_id=account.id, template_id="2"
    ).insert()
    await AccountEvent(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id="seen",
        account_id=account.id,
        field="flows",
        summary="flows",
        at=now,
    ).insert()
    await ParkedItem(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id="seen",
        event_id="e",
        account_id=account.id,
        pointer="",
        item="{}",
        secret_digest="s",
        reason=ParkedReason.INVALID_ITEM,
    ).insert()
    key, _ = await create_api_key(
        DEFAULT_WORKSPACE_ID, name="seen", role=Role.VIEWER, account_ids=[account.id]
    )
    entry = await matrix.write_audit_entry(account)
    upload = await matrix.write_upload(account)
    await entry.set({"actor.id": "seen", "actor.name": "seen"})
    return {
        "AccountEvent": encode_id("AccountEvent", "seen"),
        "ApiKey": id_of(key),
        "AuditEntry": id_of(entry),
        "ParkedItem": encode_id("ParkedItem", "seen"),
        "Template": id_of(template),
        "UploadedMedia": id_of(upload),
    }


async def write_agent(*accounts: Account) -> str:
    """Creates an agent of all these accounts."""
    account_ids = [account.id for account in accounts]
    key, _ = await create_api_key(
        DEFAULT_WORKSPACE_ID, name="both", role=Role.AGENT, account_ids=account_ids
    )
    return encode_id("Agent", key.agent_id)


def list_deep_queries(linked: dict[str, str]) -> list[str]:
    """Walks from every visible node through every field."""
    documents = []
    for name in sorted(matrix.list_node_types()):
        node_type = matrix.SCHEMA.type_map[name]
        assert isinstance(node_type, GraphQLObjectType)
        assert name in linked, f"{name} has no entry in `linked`"
        for selection in list_selections(matrix.SCHEMA, node_type, 1):
            inner = f"__typename ... on {name} {{ {selection} }}"
            documents.append(f'{{ node(id: "{linked[name]}") {{ {inner} }} }}')
    return documents


async def test_responses_contain_no_hidden_account_data(
    client: httpx.AsyncClient,
    port: int,
    account: Account,
    ids: dict[str, str],
    linked: dict[str, str],
    subtests: pytest.Subtests,
) -> None:
    documents = list_deep_queries(linked) + [document for _, document in list_documents(ids)]
    key, token = [await make_credential(kind, Role.ADMIN, [account]) for kind in KINDS]
    async with open_socket(port, token=token) as by_token, open_socket(port, token=key) as by_key:
        for asks in (
            (ask_http(client, key), ask_socket(by_token)),
            (ask_http(client, token), ask_socket(by_key)),
        ):
            for document, ask in itertools.product(documents, asks):
                with subtests.test(document=document):
                    answer = await ask(document)
                    assert find_canaries(answer, ids) == set()
                    assert "INTERNAL_SERVER_ERROR" not in answer
                    assert "VALIDATION_FAILED" not in answer
            # The other pair is tested with queries, which change nothing.
            documents = [document for _, document in list_queries(ids)]


async def test_permitted_viewer_sees_all_canaries(
    admin: GraphQLClient, ids: dict[str, str], linked: dict[str, str]
) -> None:
    told = [await ask_http(admin.http, str(admin.token))(one) for one in list_deep_queries(linked)]
    told += [await ask_http(admin.http, str(admin.token))(one) for _, one in list_queries(ids)]

    assert set(CANARIES) <= find_canaries("\n".join(told), ids)


async def test_required_role_is_enforced(
    client: httpx.AsyncClient, port: int, app: Any, subtests: pytest.Subtests
) -> None:
    # Unknown ids, so that permitted callers change nothing.
    names = [*matrix.list_node_types(), *matrix.OWN_IDS]
    documents = list_documents({name: encode_id(name, new_id()) for name in names})
    for kind, role in itertools.product(KINDS, ROLES):
        with subtests.test(kind=kind, role=role.value):
            credential = await make_credential(kind, role)
            async with open_socket(port, token=credential) as ws:
                for needed, document in documents:
                    # Roles further away are in the matrix itself.
                    if role is not needed and role not in matrix.LOWER[needed][-1:]:
                        continue
                    if "$file" in document:
                        continue  # a file only comes in a form, which is refused before it is read
                    if 'updateWorkspace(input: {workspaceId: "' in document:
                        continue  # see tests/graph/types/test_retention_rules.py
                    for ask in (ask_http(client, credential), ask_socket(ws)):
                        told = await ask(document)
                        assert ("FORBIDDEN" in told) == (role is not needed), (kind, role, document)
                        assert "UNAUTHENTICATED" not in told, (kind, role, document)


async def test_expired_or_missing_credential_is_refused(
    client: httpx.AsyncClient, port: int, ids: dict[str, str], subtests: pytest.Subtests
) -> None:
    before = await matrix.read_database()
    for kind in KINDS:
        with subtests.test(kind=kind):
            expired = await make_credential(kind, Role.ADMIN, seconds=-1)
            for _, document in list_documents(ids):
                told = await ask_http(client, expired)(document)
                assert "UNAUTHENTICATED" in told, document
                assert find_canaries(told, ids) == set(), document
            async with open_socket(port) as ws:
                await ws.send({"type": "connection_init", "payload": {"Authorization": expired}})
                assert await ws.find_close() == (4403, "Forbidden")
    for message in ({"type": "connection_init"}, {"id": "1", "type": "subscribe", "payload": {}}):
        async with open_socket(port) as ws:
            await ws.send(message | {"payload": {"query": "{ viewer { name } }"}})
            assert await ws.find_close() == (4401, "Unauthorized")

    after = await matrix.read_database()
    for name in ("api_keys", "agents"):
        assert after.pop(name) != before.pop(name)  # the expired key created here
    assert after == before


async def test_subscriptions_refuse_hidden_ids(
    client: httpx.AsyncClient,
    port: int,
    account: Account,
    ids: dict[str, str],
    subtests: pytest.Subtests,
) -> None:
    for kind in KINDS:
        with subtests.test(kind=kind):
            credential = await make_credential(kind, Role.VIEWER, [account])
            async with open_socket(port, token=credential) as ws:
                for field, argument in matrix.list_subscriptions():
                    document = f"subscription {{ {field}({argument % ids}) {{ __typename }} }}"
                    assert await ws.find_error(document) == "NOT_FOUND", document
                    assert "BAD_USER_INPUT" in await ask_http(client, credential)(document)


async def test_foreign_cursors_reveal_nothing(
    admin: GraphQLClient,
    account: Account,
    ids: dict[str, str],
    linked: dict[str, str],
    subtests: pytest.Subtests,
) -> None:
    root = matrix.SCHEMA.query_type
    assert root is not None
    lists = [name for name, field in root.fields.items() if "after" in field.args]
    lists.remove("workspaces")  # for operators only
    needed = {
        "templates": f'accountId: "{linked["Account"]}", ',
        "quickReplies": f'accountId: "{linked["Account"]}", ',
        "searchMessages": 'text: "seen", ',
    }
    limited = ask_http(admin.http, await make_credential("token", Role.ADMIN, [account]))
    for name in lists:
        with subtests.test(name=name):
            foreign = needed.get(name, "").replace(linked["Account"], ids["Account"])
            foreign = foreign.replace("seen", "hidden")
            shown = await admin(f"{{ {name}({foreign}first: 100) {{ edges {{ cursor }} }} }}")
            cursors = [edge["cursor"] for edge in shown[name]["edges"]]
            assert cursors
            for cursor, side in itertools.product(cursors, ("first: 9, after", "last: 9, before")):
                page = f'{needed.get(name, "")}{side}: "{cursor}"'
                told = await limited(f"{{ {name}({page}) {{ edges {{ node {{ id }} }} }} }}")
                assert '"errors"' not in told, told
                assert find_canaries(told, ids) == set()


async def test_files_require_access_to_account(
    client: httpx.AsyncClient, account: Account, ids: dict[str, str], other_account: Account
) -> None:
    (message,) = await Message.find({"account_id": other_account.id}).to_list()
    await Media(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id=message.id,
        account_id=other_account.id,
        message_id=message.id,
        conversation_id=message.conversation_id,
        media_id="1",
        kind="image",
        next_attempt_at=utc_now() + timedelta(days=1),
    ).insert()
    told = []
    for kind, accounts in itertools.product(KINDS, ([other_account], None, [account], [])):
        credential = await make_credential(kind, Role.VIEWER, accounts)
        headers = {"Authorization": f"Bearer {credential}"}
        answer = await client.get(f"/media/{message.id}", headers=headers)
        # Still being fetched: permitted callers get a Retry-After.
        told.append("retry-after" in answer.headers)

    assert told == [True, True, False, False] * len(KINDS)
