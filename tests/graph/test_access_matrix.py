"""Every root field and node type, with every role and with a key of another account.

The tables below give each field's requirements; a schema field missing there fails.
"""

import itertools
import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from graphql import GraphQLInterfaceType

from graph.core.strawberry_internals import get_graphql_schema
from graph.schema import create_schema
from models import (
    DOCUMENTS,
    Account,
    AccountEvent,
    Actor,
    AuditAction,
    AuditActor,
    AuditEntry,
    Contact,
    ContactExport,
    ConversationChange,
    ConversationChangeKind,
    CredentialKind,
    ExportState,
    Message,
    Note,
    ParkedItem,
    ParkedReason,
    QuickReply,
    Role,
    Template,
    UploadedMedia,
)
from models.database.base import DEFAULT_WORKSPACE_ID, collection, utc_now
from telemetry.global_ids import encode_id
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import contact_id, conversation_id, id_of, write_message
from tests.fixtures.uploads import PICTURE
from tests.fixtures.workspaces import create_workspace, make_operator
from whatsapp.auth.api_keys import create_api_key
from whatsapp.auth.audit import AuditedAction, AuditTrail

SCHEMA = get_graphql_schema(create_schema())
OWN, OTHERS = "15550001111", "15550009999"
NOT_FOUND, FORBIDDEN, DONE = "NOT_FOUND", "FORBIDDEN", None
NO_EDGES: dict[str, Any] = {"edges": []}
LIST = "{ edges { node { id } } }"

# Field: required role, a query for the hidden account, and the result or error code for a key of
# another account, which equals that for unknown ids.
QUERIES: dict[str, tuple[Role, str, Any]] = {
    "viewer": (
        Role.VIEWER,
        "viewer { accounts { nodes { name } } }",
        {"accounts": {"nodes": [{"name": "Test shop"}]}},
    ),
    "eventCursor": (Role.VIEWER, "eventCursor", ...),
    "node": (Role.VIEWER, 'node(id: "%(Message)s") { id }', None),
    "nodes": (Role.VIEWER, 'nodes(ids: ["%(Message)s", "%(User)s"]) { id }', [None, None]),
    "account": (Role.VIEWER, 'account(id: "%(Account)s") { id }', None),
    "accounts": (
        Role.VIEWER,
        "accounts { edges { node { name } } }",
        {"edges": [{"node": {"name": "Test shop"}}]},
    ),
    "contact": (Role.VIEWER, 'contact(id: "%(Contact)s") { id }', None),
    "contacts": (Role.VIEWER, f'contacts(accountId: "%(Account)s") {LIST}', NOT_FOUND),
    "contactExports": (Role.ADMIN, f'contactExports(accountId: "%(Account)s") {LIST}', NOT_FOUND),
    "conversation": (Role.VIEWER, 'conversation(id: "%(Conversation)s") { id }', None),
    "conversations": (Role.VIEWER, f'conversations(accountId: "%(Account)s") {LIST}', NOT_FOUND),
    "conversationCounts": (
        Role.VIEWER,
        'conversationCounts(accountId: "%(Account)s", filters: [{}]) { value }',
        NOT_FOUND,
    ),
    "message": (Role.VIEWER, 'message(id: "%(Message)s") { id }', None),
    "searchMessages": (Role.VIEWER, f'searchMessages(text: "hidden") {LIST}', NO_EDGES),
    "user": (Role.VIEWER, 'user(id: "%(User)s") { id }', None),
    "users": (Role.VIEWER, f'users(search: "Hidden") {LIST}', NO_EDGES),
    "templates": (Role.VIEWER, f'templates(accountId: "%(Account)s") {LIST}', NOT_FOUND),
    "previewTemplate": (
        Role.VIEWER,
        'previewTemplate(template: {reference: {templateId: "%(Template)s"}}) {'
        " content { body } userErrors { code } }",
        {"content": None, "userErrors": [{"code": "NOT_FOUND"}]},
    ),
    "quickReplies": (Role.AGENT, f'quickReplies(accountId: "%(Account)s") {LIST}', NOT_FOUND),
    "agent": (Role.VIEWER, 'agent(id: "%(Agent)s") { id }', None),
    "agents": (
        Role.VIEWER,
        "agents { edges { node { name } } }",
        {"edges": [{"node": {"name": "test admin"}}]},
    ),
    "parkedItems": (Role.ADMIN, f"parkedItems {LIST}", NO_EDGES),
    "tags": (Role.VIEWER, 'tags(accountId: "%(Account)s") { name }', NOT_FOUND),
    "apiKeys": (Role.ADMIN, "apiKeys { edges { node { name } } }", ...),
    "auditLog": (Role.ADMIN, f"auditLog {LIST}", NO_EDGES),
    "workspaces": (Role.OPERATOR, f"workspaces {LIST}", FORBIDDEN),
}

CONTENT = 'content: {text: {body: "x"}}'
NUMBER = 'name: "x", phoneNumberId: "1", businessAccountId: "2", accessToken: "x"'

# Field: the role it needs, inputs that name the hidden account's things, and the refusal of each.
MUTATIONS: dict[str, tuple[Role, list[str], str | None]] = {
    "createAccount": (Role.ADMIN, [NUMBER], FORBIDDEN),
    "updateAccount": (Role.ADMIN, ['accountId: "%(Account)s", name: "x"'], NOT_FOUND),
    "moveAccount": (
        Role.ADMIN,
        [
            'accountId: "%(Account)s", phoneNumberId: "1"',
            'accountId: "%(own_account)s", phoneNumberId: "1"',
            'accountId: "%(own_account)s", businessAccountId: "1"',
        ],
        FORBIDDEN,
    ),
    "enableAccount": (Role.ADMIN, ['accountId: "%(Account)s"'], NOT_FOUND),
    "disableAccount": (Role.ADMIN, ['accountId: "%(Account)s"'], NOT_FOUND),
    "deleteAccount": (Role.ADMIN, ['accountId: "%(Account)s"'], NOT_FOUND),
    "checkAccount": (Role.ADMIN, ['accountId: "%(Account)s"'], NOT_FOUND),
    "subscribeWebhooks": (
        Role.ADMIN,
        [
            'accountId: "%(Account)s"',
            'accountId: "%(Account)s", callbackUrl: "https://x.example", level: PHONE_NUMBER',
        ],
        NOT_FOUND,
    ),
    "unsubscribeWebhooks": (
        Role.ADMIN,
        ['accountId: "%(Account)s"', 'accountId: "%(Account)s", level: PHONE_NUMBER'],
        NOT_FOUND,
    ),
    "sendMessage": (
        Role.AGENT,
        [
            f'to: {{conversationId: "%(Conversation)s"}}, {CONTENT}',
            f'to: {{contactId: "%(Contact)s"}}, {CONTENT}',
            f'to: {{conversationId: "%(own)s"}}, onBehalfOfAgentId: "%(Agent)s", {CONTENT}',
            f'accountId: "%(Account)s", to: {{phoneNumber: "{OTHERS}"}}, {CONTENT}',
            f'to: {{conversationId: "%(own)s"}}, replyToMessageId: "%(Message)s", {CONTENT}',
            'to: {conversationId: "%(own)s"},'
            ' content: {reaction: {messageId: "%(Message)s", emoji: "👍"}}',
        ],
        NOT_FOUND,
    ),
    "uploadMedia": (Role.AGENT, ['accountId: "%(Account)s", file: $file'], NOT_FOUND),
    "retryMessage": (Role.AGENT, ['messageId: "%(Message)s"'], NOT_FOUND),
    "cancelMessage": (Role.AGENT, ['messageId: "%(Message)s"'], NOT_FOUND),
    "createConversation": (Role.AGENT, ['contactId: "%(Contact)s"'], NOT_FOUND),
    "markConversationRead": (
        Role.AGENT,
        [
            'conversationId: "%(Conversation)s"',
            'conversationId: "%(own)s", upToMessageId: "%(Message)s"',
        ],
        NOT_FOUND,
    ),
    "setTyping": (Role.AGENT, ['conversationId: "%(Conversation)s"'], NOT_FOUND),
    "closeConversation": (Role.AGENT, ['conversationId: "%(Conversation)s"'], NOT_FOUND),
    "reopenConversation": (Role.AGENT, ['conversationId: "%(Conversation)s"'], NOT_FOUND),
    "assignConversation": (
        Role.AGENT,
        [
            'conversationId: "%(Conversation)s", assigneeId: null',
            'conversationId: "%(own)s", assigneeId: "%(Agent)s"',
        ],
        NOT_FOUND,
    ),
    "claimConversation": (Role.AGENT, ['conversationId: "%(Conversation)s"'], NOT_FOUND),
    "updateConversation": (
        Role.AGENT,
        ['conversationId: "%(Conversation)s", tags: ["x"]'],
        NOT_FOUND,
    ),
    "addTags": (
        Role.AGENT,
        [
            'taggableId: "%(Contact)s", tags: ["x"]',
            'taggableId: "%(Conversation)s", tags: ["x"]',
        ],
        NOT_FOUND,
    ),
    "removeTags": (
        Role.AGENT,
        [
            'taggableId: "%(Contact)s", tags: ["x"]',
            'taggableId: "%(Conversation)s", tags: ["x"]',
        ],
        NOT_FOUND,
    ),
    "addNote": (
        Role.AGENT,
        [
            'conversationId: "%(Conversation)s", body: "x"',
            'conversationId: "%(own)s", body: "x", mentionedAgentIds: ["%(Agent)s"]',
        ],
        NOT_FOUND,
    ),
    "editNote": (
        Role.AGENT,
        [
            'noteId: "%(Note)s", body: "x"',
            'noteId: "%(own_note)s", mentionedAgentIds: ["%(Agent)s"]',
        ],
        NOT_FOUND,
    ),
    "deleteNote": (Role.AGENT, ['noteId: "%(Note)s"'], NOT_FOUND),
    "updateContact": (Role.AGENT, ['contactId: "%(Contact)s", name: "x"'], NOT_FOUND),
    "setAttributes": (
        Role.AGENT,
        ['contactId: "%(Contact)s", attributes: {a: 1}'],
        NOT_FOUND,
    ),
    "removeAttributes": (Role.AGENT, ['contactId: "%(Contact)s", names: ["a"]'], NOT_FOUND),
    "linkContact": (
        Role.AGENT,
        [
            'contactId: "%(Contact)s", userId: "%(User)s"',
            'contactId: "%(own_contact)s", userId: "%(User)s"',
        ],
        NOT_FOUND,
    ),
    "unlinkContact": (Role.AGENT, ['contactId: "%(Contact)s"'], NOT_FOUND),
    "blockContact": (Role.AGENT, ['contactId: "%(Contact)s"'], NOT_FOUND),
    "unblockContact": (Role.AGENT, ['contactId: "%(Contact)s"'], NOT_FOUND),
    "mergeContacts": (
        Role.AGENT,
        [
            'contactId: "%(Contact)s", intoContactId: "%(own_contact)s"',
            'contactId: "%(own_contact)s", intoContactId: "%(Contact)s"',
        ],
        NOT_FOUND,
    ),
    "exportContact": (Role.ADMIN, ['contactId: "%(Contact)s"'], NOT_FOUND),
    "deleteContact": (Role.ADMIN, ['contactId: "%(Contact)s"'], NOT_FOUND),
    "syncTemplates": (Role.AGENT, ['accountId: "%(Account)s"'], NOT_FOUND),
    "createQuickReply": (
        Role.AGENT,
        [
            'accountId: "%(Account)s", shortcut: "x", text: "x"',
            'accountId: "%(own_account)s", shortcut: "x", uploadId: "%(UploadedMedia)s"',
        ],
        NOT_FOUND,
    ),
    "updateQuickReply": (
        Role.AGENT,
        [
            'quickReplyId: "%(QuickReply)s", text: "x"',
            'quickReplyId: "%(own_quick_reply)s", uploadId: "%(UploadedMedia)s"',
        ],
        NOT_FOUND,
    ),
    "deleteQuickReply": (Role.AGENT, ['quickReplyId: "%(QuickReply)s"'], NOT_FOUND),
    "createUser": (Role.AGENT, ['name: "x"'], DONE),
    "updateUser": (Role.AGENT, ['userId: "%(User)s", name: "x"'], NOT_FOUND),
    "replayParkedItems": (Role.ADMIN, ['ids: ["%(ParkedItem)s"]'], NOT_FOUND),
    "discardParkedItems": (Role.ADMIN, ['ids: ["%(ParkedItem)s"]'], NOT_FOUND),
    "createApiKey": (
        Role.ADMIN,
        [
            'name: "x", role: VIEWER, accountIds: ["%(Account)s"]',
            'name: "x", role: VIEWER, accountIds: ["%(own_account)s"], agentId: "%(Agent)s"',
        ],
        NOT_FOUND,
    ),
    "createAgent": (Role.ADMIN, ['name: "x", accountIds: ["%(Account)s"]'], NOT_FOUND),
    "updateAgent": (Role.ADMIN, ['agentId: "%(Agent)s", name: "x"'], NOT_FOUND),
    "retireAgent": (Role.ADMIN, ['agentId: "%(Agent)s"'], NOT_FOUND),
    "reactivateAgent": (Role.ADMIN, ['agentId: "%(Agent)s"'], NOT_FOUND),
    "revokeApiKey": (Role.ADMIN, ['apiKeyId: "%(ApiKey)s"'], NOT_FOUND),
    "createWorkspace": (Role.OPERATOR, ['name: "x"'], FORBIDDEN),
    "suspendWorkspace": (Role.OPERATOR, ['workspaceId: "%(Workspace)s"'], FORBIDDEN),
    "resumeWorkspace": (Role.OPERATOR, ['workspaceId: "%(Workspace)s"'], FORBIDDEN),
    "deleteWorkspace": (Role.OPERATOR, ['workspaceId: "%(Workspace)s"'], FORBIDDEN),
    "updateWorkspace": (
        Role.ADMIN,
        ['workspaceId: "%(Workspace)s", name: "x"', "retention: {mediaDays: 1}"],
        FORBIDDEN,
    ),
}
WORKSPACE_MUTATIONS = {field for field in MUTATIONS if field.endswith("Workspace")}
# Fields that serve operators, too, with what belongs to no workspace.
FOR_OPERATORS = {
    "viewer",
    "node",
    "nodes",
    "parkedItems",
    "auditLog",
    "workspaces",
    "createApiKey",
    *WORKSPACE_MUTATIONS,
}
# Subscriptions need VIEWER, take these arguments and refuse hidden ids.
SUBSCRIPTIONS = {
    "messageAdded",
    "messageStatusChanged",
    "messageUpdated",
    "conversationUpdated",
    "timelineItemAdded",
    "noteAdded",
    "noteUpdated",
    "noteDeleted",
    "conversationChangeAdded",
    "presenceChanged",
    "events",
}
# These take `accountId` only.
ACCOUNT_SUBSCRIPTIONS = {
    "contactUpdated",
    "contactDeleted",
    "userUpdated",
    "templateUpdated",
    "accountUpdated",
    "accountDeleted",
    "agentUpdated",
}
COUNTING_SUBSCRIPTION = "conversationCountsChanged"
SUBSCRIBED_TO = ['accountId: "%(Account)s"', 'conversationId: "%(Conversation)s"']


def list_subscriptions() -> list[tuple[str, str]]:
    """Each subscription with each argument that refuses a hidden id."""
    narrowed = itertools.product(SUBSCRIPTIONS, SUBSCRIBED_TO)
    counting = (COUNTING_SUBSCRIPTION, f"{SUBSCRIBED_TO[0]}, filters: [{{}}]")
    return [*narrowed, *((field, SUBSCRIBED_TO[0]) for field in ACCOUNT_SUBSCRIPTIONS), counting]


OWN_IDS = ("own", "own_account", "own_contact", "own_quick_reply", "own_note")
FOR_ADMINS_ONLY = {"ApiKey", "AuditEntry", "ContactExport", "ParkedItem"}
LOWER = {
    Role.VIEWER: [],
    Role.AGENT: [Role.VIEWER],
    Role.ADMIN: [Role.VIEWER, Role.AGENT],
    Role.OPERATOR: [Role.VIEWER, Role.AGENT, Role.ADMIN],
}
MakeClient = Callable[..., Awaitable[GraphQLClient]]


@pytest.fixture
async def ids(account: Account, other_account: Account) -> dict[str, str]:
    """Creates a node of each type in the hidden account, and two in the visible account."""
    own = await write_message(account, OWN, "seen", name="Seen")
    message = await write_message(other_account, OTHERS, "hidden words", name="Hidden")
    contact = await Contact.get(message.contact_id)
    assert contact is not None
    await park(other_account)
    template = Template(
        workspace_id=DEFAULT_WORKSPACE_ID, account_id=other_account.id, template_id="1"
    )
    await template.insert()
    now = utc_now()
    await AccountEvent(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id="e",
        account_id=other_account.id,
        field="flows",
        summary="flows",
        at=now,
    ).insert()
    entry = await write_audit_entry(other_account)
    quick_reply = await write_quick_reply(other_account, "hidden words")
    note, change = await write_timeline(message, "hidden words")
    own_note, _ = await write_timeline(own, "seen")
    own_quick_reply = await write_quick_reply(account, "seen")
    upload = await write_upload(other_account)
    key, _ = await create_api_key(
        DEFAULT_WORKSPACE_ID, name="hidden", role=Role.VIEWER, account_ids=[other_account.id]
    )
    return {
        "Agent": encode_id("Agent", key.agent_id),
        "Account": id_of(other_account),
        "AccountEvent": encode_id("AccountEvent", "e"),
        "ApiKey": id_of(key),
        "AuditEntry": id_of(entry),
        "Contact": contact_id(message),
        "ContactExport": id_of(await write_export(other_account, contact, "hidden")),
        "Conversation": conversation_id(message),
        "ConversationChange": id_of(change),
        "Message": id_of(message),
        "Note": id_of(note),
        "ParkedItem": encode_id("ParkedItem", "p"),
        "QuickReply": id_of(quick_reply),
        "Template": id_of(template),
        "UploadedMedia": id_of(upload),
        "User": encode_id("User", contact.user_id),
        "Workspace": id_of(await create_workspace("hidden")),
        "own": conversation_id(own),
        "own_account": id_of(account),
        "own_contact": contact_id(own),
        "own_note": id_of(own_note),
        "own_quick_reply": id_of(own_quick_reply),
    }


async def park(account: Account) -> None:
    await ParkedItem(
        workspace_id=DEFAULT_WORKSPACE_ID,
        id="p",
        event_id="e",
        account_id=account.id,
        pointer="",
        item="{}",
        secret_digest="s",
        reason=ParkedReason.ACCOUNT_DISABLED,
    ).insert()


async def write_timeline(message: Message, text: str) -> tuple[Note, ConversationChange]:
    """A note and a change in the conversation of the message."""
    place = {"account_id": message.account_id, "conversation_id": message.conversation_id}
    actor = Actor(credential=text, name=text)
    note = Note(workspace_id=DEFAULT_WORKSPACE_ID, **place, author=actor, body=text)
    await note.insert()
    change = ConversationChange(
        workspace_id=DEFAULT_WORKSPACE_ID,
        **place,
        kind=ConversationChangeKind.TAGGED,
        timestamp=utc_now(),
        actor=actor,
        added_tags=[text],
    )
    await change.insert()
    return note, change


async def write_quick_reply(account: Account, text: str) -> QuickReply:
    quick_reply = QuickReply(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=account.id,
        shortcut="hello",
        shortcut_key="hello",
        text=text,
    )
    await quick_reply.insert()
    return quick_reply


async def write_upload(account: Account) -> UploadedMedia:
    upload = UploadedMedia(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=account.id,
        kind="image",
        mime_type="image/png",
        stated_type="image/png",
        size_bytes=1,
        sha256="00",
        store="gridfs",
        stored_as="x",
        media_id="1",
    )
    await upload.insert()
    return upload


async def write_export(account: Account, contact: Contact, name: str) -> ContactExport:
    """A file that is ready."""
    export = ContactExport(
        workspace_id=DEFAULT_WORKSPACE_ID,
        account_id=account.id,
        contact_id=contact.id,
        requested_by=Actor(credential=name, name=name),
        state=ExportState.READY,
        next_attempt_at=None,
        expires_at=utc_now() + timedelta(days=1),
        stored_as="x",
    )
    await export.insert()
    return export


async def write_audit_entry(account: Account) -> AuditEntry:
    actor = AuditActor(kind=CredentialKind.JWT, id="hidden subject", name="Hidden")
    act = AuditedAction(
        AuditAction.ACCOUNT_UPDATED, actor, DEFAULT_WORKSPACE_ID, account_ids=[account.id]
    )
    return await AuditTrail(days=1).begin(act)


def list_mutations(ids: dict[str, str]) -> list[tuple[str, Role, str | None, str]]:
    """Field, role, refusal and document of each case."""
    return [
        (field, role, refusal, write_mutation(field, text % ids))
        for field, (role, texts, refusal) in MUTATIONS.items()
        for text in texts
    ]


def write_mutation(field: str, values: str) -> str:
    variables = " ($file: Upload!)" if "$file" in values else ""
    return f"mutation{variables} {{ {field}(input: {{{values}}}) {{ userErrors {{ code }} }} }}"


async def post(client: GraphQLClient, document: str) -> dict[str, Any]:
    """Returns the response; sends a file if the document has an upload variable."""
    if "$file" not in document:
        return await client.post(document)
    answer: dict[str, Any] = (
        await client.post_files(document, {"file": PICTURE}, file=None)
    ).json()
    return answer


def test_tables_cover_schema() -> None:
    assert SCHEMA.query_type is not None
    assert SCHEMA.mutation_type is not None
    assert set(SCHEMA.query_type.fields) == set(QUERIES)
    assert set(SCHEMA.mutation_type.fields) == set(MUTATIONS)
    assert SCHEMA.subscription_type is not None
    known = SUBSCRIPTIONS | ACCOUNT_SUBSCRIPTIONS | {COUNTING_SUBSCRIPTION}
    assert set(SCHEMA.subscription_type.fields) == known


def list_node_types() -> set[str]:
    node = SCHEMA.type_map["Node"]
    assert isinstance(node, GraphQLInterfaceType)
    return {one.name for one in SCHEMA.get_possible_types(node)}


async def test_limited_key_reads_no_other_account(
    make_client: MakeClient, account: Account, ids: dict[str, str], subtests: pytest.Subtests
) -> None:
    limited = await make_client(Role.ADMIN, [account])

    for field, (_, text, expected) in QUERIES.items():
        with subtests.test(field=field):
            answer = await limited.post("{ " + text % ids + " }")
            if expected in (NOT_FOUND, FORBIDDEN):
                assert answer["data"] == {field: None}
                assert [error["extensions"]["code"] for error in answer["errors"]] == [expected]
            else:
                assert "errors" not in answer
                assert expected in (answer["data"][field], ...)

    keys = (await limited("{ apiKeys { edges { node { name } } } }"))["apiKeys"]["edges"]
    assert [key["node"]["name"] for key in keys] == ["test admin"]


async def test_node_has_access_rules_of_its_field(
    make_client: MakeClient, account: Account, ids: dict[str, str], subtests: pytest.Subtests
) -> None:
    query = "query ($id: ID!) { node(id: $id) { __typename } }"
    admin, agent = await make_client(Role.ADMIN), await make_client(Role.AGENT)
    limited = await make_client(Role.ADMIN, [account])

    for name in list_node_types() - {"Workspace"}:
        with subtests.test(name=name):
            to_admin = await admin(query, id=ids[name])
            to_agent = await agent(query, id=ids[name])
            to_limited = await limited(query, id=ids[name])

            assert to_admin["node"] == {"__typename": name}
            assert (to_agent["node"] is None) == (name in FOR_ADMINS_ONLY)
            assert to_limited["node"] is None


async def test_limited_key_changes_no_other_account(
    make_client: MakeClient, account: Account, ids: dict[str, str], subtests: pytest.Subtests
) -> None:
    limited = await make_client(Role.ADMIN, [account])
    before = await read_database()

    for field, _, refusal, document in list_mutations(ids):
        with subtests.test(field=field):
            answer = await post(limited, document)
            assert find_refusal(answer, field) == refusal, document

    after = await read_database()
    assert {name: after[name] for name in before if name != "users"} == {
        name: before[name] for name in before if name != "users"
    }
    assert before["users"] == [user for user in after["users"] if user["name"] != "x"]


async def test_role_that_is_too_low_is_forbidden(
    make_client: MakeClient, ids: dict[str, str], subtests: pytest.Subtests
) -> None:
    clients = {role: await make_client(role) for role in LOWER[Role.OPERATOR]}
    before = await read_database()

    cases = [(role, "{ " + text % ids + " }") for role, text, _ in QUERIES.values()]
    cases += [(role, document) for _, role, _, document in list_mutations(ids)]
    for needed, document in cases:
        with subtests.test(document=document):
            for role in LOWER[needed]:
                answer = await post(clients[role], document)
                assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"

    assert await read_database() == before


async def test_operator_reads_and_changes_no_content(
    admin: GraphQLClient, ids: dict[str, str], subtests: pytest.Subtests
) -> None:
    operator = await make_operator(admin.http)
    queries = [(field, "{ " + text % ids + " }") for field, (_, text, _) in QUERIES.items()]
    mutations = [(field, document) for field, *_, document in list_mutations(ids)]
    before = await read_database()

    for field, document in [*queries, *mutations]:
        if field in FOR_OPERATORS - WORKSPACE_MUTATIONS:
            told = json.dumps(await operator.post(document))
            hidden = {key: value for key, value in ids.items() if key != "Workspace"}
            assert not [value for value in hidden.values() if value in told], field
        elif field not in FOR_OPERATORS:
            with subtests.test(document=document):
                answer = await post(operator, document)
                assert [error["extensions"]["code"] for error in answer["errors"]] == [FORBIDDEN]

    assert await read_database() == before


async def test_operator_finds_no_node_of_workspace(
    admin: GraphQLClient, ids: dict[str, str], subtests: pytest.Subtests
) -> None:
    operator = await make_operator(admin.http)
    for name in list_node_types():
        with subtests.test(name=name):
            answer = await operator("query ($id: ID!) { node(id: $id) { id } }", id=ids[name])
            assert answer["node"] == ({"id": ids[name]} if name == "Workspace" else None)


async def test_anonymous_caller_gets_no_data(
    admin: GraphQLClient, ids: dict[str, str], subtests: pytest.Subtests
) -> None:
    anonymous = GraphQLClient(admin.http, None)
    before = await read_database()

    documents = ["{ " + text % ids + " }" for _, text, _ in QUERIES.values()]
    documents += [document for *_, document in list_mutations(ids)]
    for document in documents:
        with subtests.test(document=document):
            answer = await post(anonymous, document)
            assert not any((answer.get("data") or {}).values())
            assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"

    assert await read_database() == before


def find_refusal(answer: dict[str, Any], field: str) -> str | None:
    """The code of the first error, in the payload or beside it."""
    if "errors" in answer:
        code: str = answer["errors"][0]["extensions"]["code"]
        return code
    refused = answer["data"][field]["userErrors"]
    return refused[0]["code"] if refused else None


async def read_database() -> dict[str, list[dict[str, Any]]]:
    """Returns all documents that mutations change, without fields of background work."""
    return {
        kind.get_collection_name(): await collection(kind)
        .find({}, {"last_used_at": 0, "last_seen_at": 0, "replay_due_at": 0})
        .sort("_id")
        .to_list()
        for kind in DOCUMENTS
        if kind is not AuditEntry
    }
