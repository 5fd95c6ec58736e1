"""Retention rules remove everything of age, at any interruption, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest
from beanie import Document
from pymongo.errors import AutoReconnect

from models import (
    Account,
    AuditEntry,
    AuditOutcome,
    Contact,
    Conversation,
    Media,
    Message,
    Note,
    OutboxState,
    QuickReply,
    UploadedMedia,
    User,
    Workspace,
    WorkspaceState,
)
from models.database.base import DEFAULT_WORKSPACE_ID, WORKSPACE_FIELD, collection, utc_now
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import id_of
from tests.fixtures.waiting import eventually
from tests.whatsapp.privacy.erasure_world import GONE, ErasureWorld
from tests.whatsapp.privacy.retention_rules import (
    AUDIT,
    LATER,
    OTHER_WORKSPACE_ID,
    apply_rules,
    list_runs,
    make_job,
    set_rules,
)
from whatsapp.privacy.retention import RetentionRules

MODULES = (
    "models.database.bulk_writes",
    "whatsapp.auth.audit",
    "whatsapp.common.erased_people",
    "whatsapp.conversations.conversations",
    "whatsapp.media.media",
    "whatsapp.messages.removal",
    "whatsapp.privacy.closed_conversations",
    "whatsapp.privacy.old_messages",
    "whatsapp.privacy.old_records",
    "whatsapp.privacy.retention",
    "whatsapp.privacy.retention_run",
)
# No messages: customers, prepared answers, and bodies with a rule of their own.
OTHER_PLACES = {"contacts", "conversations", "quick_replies", "users", "webhook_events"}
FILES = {"media", "media.files", "media.chunks", "uploads"}
RULES: dict[str, Any] = {"messages_days": 300}
CLOSE = """mutation ($id: ID!) { closeConversation(input: {conversationId: $id}) {
  userErrors { code } } }"""
AUDIT_LOG = """{ auditLog(action: RETENTION_APPLIED) { nodes {
  actor { kind name } targets { type } outcome counts { kind count } accounts { id } } } }"""


async def find_places(world: ErasureWorld, *, but: set[str] = OTHER_PLACES) -> set[str]:
    places = [
        place.split()[0]
        for customer in (world.gone, world.kept)
        for place in await world.find_canaries(customer)
    ]
    return set(places) - but


async def test_old_messages_leave_no_trace(erasure_world: ErasureWorld) -> None:
    before = await find_places(erasure_world)
    assert before >= {
        "account_events",
        "conversation_changes",
        "media.chunks",
        "messages",
        "notes",
        "parked_items",
        "pending_updates",
        "uploads",
    }
    contacts = await Contact.count()
    conversations = await Conversation.count()

    [run] = await apply_rules(**RULES)

    assert await find_places(erasure_world, but=OTHER_PLACES | FILES) == set()
    await eventually(lambda: is_gone(erasure_world))
    assert run.outcome is AuditOutcome.DONE
    assert {kind for kind, count in run.counts.items() if count > 0} == {
        "ACCOUNT_EVENTS",
        "CONVERSATION_CHANGES",
        "FILES",
        "MESSAGES",
        "NOTES",
        "PARKED_ITEMS",
        "PENDING_UPDATES",
    }
    assert await Contact.count() == contacts
    assert await Conversation.count() == conversations
    assert await User.count() == contacts
    for conversation in await Conversation.find_all().to_list():
        assert conversation.last_message_id is None
        assert conversation.unanswered_at == []


async def is_gone(world: ErasureWorld) -> bool:
    return await find_places(world) == set()


async def test_younger_messages_stay(erasure_world: ErasureWorld) -> None:
    before = await read_everything()

    assert await apply_rules(later=timedelta(days=299), messages_days=300) == []
    assert await apply_rules(later=timedelta(days=299), closed_conversations_days=300) == []
    assert await apply_rules(later=timedelta(days=299), media_days=300) == []

    assert await read_everything() == before


async def read_everything() -> dict[str, list[dict[str, Any]]]:
    """All documents that rules may remove."""
    database = collection(Message).database
    names = ("messages", "media", "notes", "conversation_changes", "conversations", "contacts")
    return {
        name: await database[name].find().sort("_id").to_list()
        for name in (*names, "account_events", "parked_items", "pending_updates", "uploads")
    }


@pytest.mark.parametrize("rules", [RULES, {"closed_conversations_days": 300}, {"media_days": 300}])
async def test_run_killed_at_each_step_is_completed(
    erasure_world: ErasureWorld, monkeypatch: pytest.MonkeyPatch, rules: dict[str, Any]
) -> None:
    await close_all(erasure_world)
    left = steps = 0

    def reach_or_end(document_class: type[Document]) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise AutoReconnect("the process ends here")
        return collection(document_class)

    is_done = False
    await set_rules(**rules)
    while not is_done:
        left, steps = steps, steps + 1
        with monkeypatch.context() as patch:
            for module in MODULES:
                patch.setattr(f"{module}.collection", reach_or_end)
            try:
                await make_job().apply_due()
            except AutoReconnect:
                continue
            is_done = True

    assert steps > 9
    workspace = await Workspace.get(DEFAULT_WORKSPACE_ID)
    assert workspace is not None
    assert workspace.retention_due_at is not None
    assert workspace.retention_due_at > utc_now() + LATER
    if "messages_days" in rules:
        assert await find_places(erasure_world, but=OTHER_PLACES | FILES) == set()
        assert await Message.count() == 0
        assert await Conversation.find({"last_message_id": {"$ne": None}}).count() == 0
        assert await Conversation.find({"unanswered_at": {"$ne": []}}).count() == 0
    elif "media_days" in rules:
        assert await Media.find({"erased_at": None}).count() == 0
        assert await Message.find({"media_state": {"$nin": [None, "EXPIRED"]}}).count() == 0
    else:
        assert await Conversation.count() == await Message.count() == await Note.count() == 0
        assert await Contact.find({"has_conversation": True}).count() == 0
    await eventually(is_without_files)
    # Each interrupted run with removals has an entry; the last one is complete.
    entries = await list_runs()
    assert {entry.outcome for entry in entries[:-1]} <= {AuditOutcome.STARTED}


async def close_all(world: ErasureWorld) -> None:
    for conversation in await Conversation.find_all().to_list():
        closed = await world.admin(CLOSE, id=id_of(conversation))
        assert closed["closeConversation"]["userErrors"] == []


async def is_without_files() -> bool:
    database = collection(Message).database
    return not await database["media.chunks"].count_documents({})


async def test_rules_leave_other_workspaces_alone(
    erasure_world: ErasureWorld, other_account: Account
) -> None:
    """The data of the world moves into another workspace, as a twin of an equal account."""
    database = collection(Message).database
    # The other workspace has all the data; the account of the default workspace has a copy.
    for name in ("messages", "notes", "conversation_changes", "conversations", "media"):
        await database[name].update_many({}, {"$set": {WORKSPACE_FIELD: OTHER_WORKSPACE_ID}})
    for name in ("account_events", "parked_items", "pending_updates", "audit_entries", "uploads"):
        await database[name].update_many({}, {"$set": {WORKSPACE_FIELD: OTHER_WORKSPACE_ID}})
    await database["accounts"].update_one(
        {"_id": erasure_world.account.id}, {"$set": {WORKSPACE_FIELD: OTHER_WORKSPACE_ID}}
    )
    await set_rules(OTHER_WORKSPACE_ID)
    before = await read_everything()
    entries = await collection(AuditEntry).find().sort("_id").to_list()

    everything: dict[str, Any] = dict.fromkeys(
        ("messages_days", "media_days", "closed_conversations_days", "audit_days"), 1
    )
    assert await apply_rules(**everything) == []

    assert await read_everything() == before
    assert await collection(AuditEntry).find().sort("_id").to_list() == entries
    [run] = await apply_rules(OTHER_WORKSPACE_ID, **everything)
    assert run.workspace_id == OTHER_WORKSPACE_ID
    assert run.account_ids == [erasure_world.account.id]
    assert await Message.count() == 0


async def test_files_of_quick_replies_stay(erasure_world: ErasureWorld) -> None:
    [upload, other] = await UploadedMedia.find_all().sort("_id").to_list()
    await collection(QuickReply).update_one({}, {"$set": {"upload_id": upload.id}})
    messages = await Message.count()
    files = await Media.count()

    [run] = await apply_rules(media_days=300)

    assert run.counts == {"FILES": files}
    assert await Message.count() == messages
    states = await collection(Message).distinct("media_state")
    assert set(states) == {None, "EXPIRED"}

    async def is_other_removed() -> bool:
        return await UploadedMedia.get(other.id) is None

    await eventually(is_other_removed)
    assert await UploadedMedia.get(upload.id) is not None
    assert await collection(Message).database["media.files"].count_documents({}) == 1
    assert await apply_rules(media_days=300) == [run]


async def test_file_of_unsent_message_stays_without_entry(erasure_world: ErasureWorld) -> None:
    files = await Media.find_all().sort("_id").to_list()
    with_files = {"_id": {"$in": [file.message_id for file in files]}}
    held = {"outbox_state": OutboxState.HOLDING.value, "hold_until": utc_now() + LATER}
    result = await collection(Message).update_many(with_files, {"$set": held})
    assert result.matched_count == len(files)

    assert [run.counts for run in await apply_rules(media_days=300)] == []
    assert await Media.find_all().sort("_id").to_list() == files


async def test_audit_log_shows_counts(erasure_world: ErasureWorld) -> None:
    messages = await Message.count()
    await apply_rules(**RULES)

    [entry] = (await erasure_world.admin(AUDIT_LOG))["auditLog"]["nodes"]

    assert entry["actor"] == {"kind": "SERVER", "name": "Retention rules"}
    assert entry["targets"] == [{"type": "Workspace"}]
    assert entry["outcome"] == "DONE"
    assert len(entry["accounts"]) == 1
    counts = {count["kind"]: count["count"] for count in entry["counts"]}
    assert counts["MESSAGES"] == messages
    text = str(await collection(AuditEntry).find({"action": "RETENTION_APPLIED"}).to_list())
    assert GONE not in text
    assert erasure_world.gone.phone not in text


async def test_audit_entries_end_earlier(admin: GraphQLClient, account: Account) -> None:
    mutation = """mutation { createApiKey(input: {name: "k", role: VIEWER}) {
      userErrors { code } } }"""
    await admin(mutation)
    [entry] = await AuditEntry.find_all().to_list()
    assert await apply_rules(later=timedelta(days=20), audit_days=30) == []
    assert (await AuditEntry.find_all().to_list())[0].expires_at == entry.expires_at

    assert await apply_rules(later=timedelta(days=40), audit_days=30) == []

    [entry] = await AuditEntry.find_all().to_list()
    assert entry.expires_at == entry.created_at + timedelta(days=30)


async def test_run_ends_when_rules_change(
    erasure_world: ErasureWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_rules(**RULES)
    messages = await Message.count()
    removed = 0

    async def remove_one(*args: Any, **more: Any) -> tuple[int, int]:
        nonlocal removed
        removed += 1
        await collection(Workspace).update_one(
            {"_id": DEFAULT_WORKSPACE_ID}, {"$set": {"retention.messages_days": 3000}}
        )
        batch = args[1][:1]
        result = await collection(Message).delete_one({"_id": batch[0]["_id"]})
        return result.deleted_count, 0

    monkeypatch.setattr("whatsapp.privacy.old_messages.remove_batch", remove_one)
    await make_job().apply_due()

    assert removed == 1
    assert await Message.count() == messages - 1
    [run] = await list_runs()
    assert run.counts == {"MESSAGES": 1}
    monkeypatch.undo()
    await make_job().apply_due()
    assert await Message.count() == messages - 1
    assert await list_runs() == [run]


async def test_workspace_being_deleted_is_left_to_its_deletion(erasure_world: ErasureWorld) -> None:
    await set_rules(state=WorkspaceState.DELETING, **RULES)
    messages = await Message.count()

    await make_job().apply_due()

    assert await Message.count() == messages
    assert await list_runs() == []


async def test_job_of_server_waits_for_due_rules(erasure_world: ErasureWorld) -> None:
    await set_rules(later=timedelta(days=1), **RULES)
    messages = await Message.count()

    await RetentionRules(AUDIT).apply_due()

    assert await Message.count() == messages
