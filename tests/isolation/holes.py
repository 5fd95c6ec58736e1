"""Seeded holes: changes of the source that let something across; each must make a proof fail.

`python -m tests.isolation.holes [NAME ...]` (or `make holes`) makes each change in a copy of the
tree and runs the test that has to fail. `test_holes` checks that the changes still fit the source.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sandbox.mongod import EmbeddedMongod

ROOT = Path(__file__).parents[2]
URI_VARIABLE = "TEST_MONGODB_URI"
FAILED, BROKEN = re.compile(r"\b\d+ failed"), re.compile(r"\b\d+ error")
"""Words in pytest's last line if tests failed, and if they could not even begin."""
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "node_modules", "web", "clients", "bench", "__pycache__", ".*_cache", "images"
)
IDS = "test_arguments.py::test_foreign_ids_are_answered_as_unknown"
STRINGS = "test_arguments.py::test_foreign_strings_are_answered_as_unknown"
READS = "test_reads.py::test_other_side_changes_no_answer"
EVENTS = "test_events.py::test_subscriptions_hear_their_side_only"
OPERATIONS = "test_concurrency.py::test_equal_operations_get_their_own_answers"
REPLAYS = "test_concurrency.py::test_equal_replays_have_their_own_events"
FILES = "test_doors.py::test_files_of_other_side_do_not_exist"
WEBHOOKS = "test_doors.py::test_webhooks_change_their_side_only"
TOKENS = "test_tokens.py::test_tokens_see_their_side_only"
PARKED = (
    "tests/webhooks/apply/test_foreign_signers.py"
    "::test_parked_items_stay_when_number_changes_workspace"
)
LATE = (
    "tests/graph/events/test_summary_gap.py"
    "::test_reader_waits_for_no_message_of_others[plans-workspace-timeouts]"
)
ACCOUNTS, WORKSPACES = "accounts", "workspaces"


@dataclass(frozen=True)
class Hole:
    """A text of a file that is replaced, and the test that has to fail with a border."""

    name: str
    file: str
    old: str
    new: str
    test: str
    border: str = WORKSPACES
    also: tuple[tuple[str, str], ...] = ()
    """Further texts, where a second check would hide the hole."""

    def seed(self, text: str) -> str:
        for old, new in ((self.old, self.new), *self.also):
            text = text.replace(old, new)
        return text

    @property
    def node(self) -> str:
        is_whole = self.test.startswith("tests/")
        return self.test if is_whole else f"tests/isolation/{self.test}[{self.border}]"


ACCESS, STORED = "whatsapp/auth/access.py", "graph/core/stored.py"
HOLES = (
    Hole(
        "documents are not compared with the workspace",
        ACCESS,
        "return document.workspace_id == self.workspace_id and (\n"
        "            self.account_ids is None or document.account_id",
        "return (\n            self.account_ids is None or document.account_id",
        IDS,
    ),
    Hole(
        "documents are not compared with the accounts of a key",
        ACCESS,
        "self.account_ids is None or document.account_id in self.account_ids",
        "True",
        IDS,
        ACCOUNTS,
    ),
    Hole(
        "filters have no workspace",
        ACCESS,
        "return match_workspace(self.workspace_id)",
        "return {}",
        READS,
    ),
    Hole(
        "filters have no accounts",
        ACCESS,
        'return {field: {"$in": sorted(self.account_ids)}}',
        "return match_workspace(self.workspace_id)",
        READS,
        ACCOUNTS,
    ),
    Hole(
        "accounts are not compared with the workspace",
        ACCESS,
        "return account.workspace_id == self.workspace_id and self.is_allowed(account.id)",
        "return self.is_allowed(account.id)",
        IDS,
    ),
    Hole(
        "agents and people are not compared",
        ACCESS,
        "return document.workspace_id == self.workspace_id and (\n"
        "            self.account_ids is None or bool(",
        "return (\n            self.account_ids is None or bool(",
        IDS,
    ),
    Hole(
        "loaders show what they find",
        STORED,
        "    return viewer.can_see(document)\n",
        "    return True\n",
        IDS,
        ACCOUNTS,
    ),
    Hole(
        "uploads are shown to all",
        STORED,
        "return is_usable and viewer.can_see(upload)",
        "return is_usable",
        IDS,
    ),
    Hole(
        "assigned agents are loaded from any workspace",
        "whatsapp/auth/agents.py",
        "    if agent.workspace_id != viewer.workspace_id:\n        return False\n",
        "",
        IDS,
    ),
    Hole(
        "lists of an account are not limited to the workspace",
        "graph/types/connection_field.py",
        'return {"account_id": document_id if known else {"$in": []}}',
        'return {"account_id": document_id}',
        IDS,
    ),
    Hole(
        "the list of people has no filter",
        "graph/types/users.py",
        'conditions = [get_viewer(info).limit_accounts("account_ids")]',
        "conditions: list[Any] = [{}]",
        READS,
    ),
    Hole(
        "contacts of a shared person have no filter",
        "graph/types/users.py",
        "visible = get_viewer(info).limit_accounts()",
        "visible: dict[str, Any] = {}",
        READS,
        ACCOUNTS,
    ),
    Hole(
        "API keys have no filter",
        "graph/types/auth/api_keys.py",
        "limited = match_workspace(viewer.workspace_id)",
        "limited: dict[str, Any] = {}",
        READS,
    ),
    Hole(
        "the list of agents has no filter",
        "whatsapp/auth/agents.py",
        "limited = match_workspace(viewer.workspace_id)",
        "limited: dict[str, Any] = {}",
        READS,
    ),
    Hole(
        "the audit log has no filter",
        "whatsapp/auth/audit.py",
        "limited = match_workspace(viewer.workspace_id)",
        "limited: dict[str, Any] = {}",
        READS,
    ),
    Hole(
        "exports are found by their id alone",
        "graph/types/inbox/contact_exports.py",
        '"erased_at": None, **viewer.limit_accounts()}',
        '"erased_at": None}',
        IDS,
        ACCOUNTS,
    ),
    Hole(
        "dead letters are found by their id alone",
        "graph/types/parked_items.py",
        '{"_id": {"$in": ids}, **viewer.limit_accounts()}',
        '{"_id": {"$in": ids}}',
        IDS,
        ACCOUNTS,
    ),
    Hole(
        "templates are previewed by their id alone",
        "graph/types/template_preview.py",
        '"Template", *place), **viewer.limit_accounts()}',
        '"Template", *place)}',
        IDS,
    ),
    Hole(
        "sends are not limited to conversations of the sender",
        "whatsapp/outbox/recipients.py",
        "or found.contact is None or not viewer.can_see(found.contact):",
        "or found.contact is None:",
        IDS,
    ),
    Hole(
        "messages are retried and cancelled by their id alone",
        "whatsapp/outbox/outbox.py",
        "if message is None or not viewer.can_see(message):",
        "if message is None:",
        IDS,
        ACCOUNTS,
    ),
    Hole(
        "people are unique over all workspaces",
        "whatsapp/contacts/users.py",
        '"_id": {"$ne": except_for}, **viewer.limit_accounts("account_ids")}',
        '"_id": {"$ne": except_for}}',
        STRINGS,
    ),
    Hole(
        "customers are linked to people of other workspaces",
        "whatsapp/contacts/user_linking.py",
        'match_workspace(contact.workspace_id) | {"phone": {"$in": phones}, "$or": usable}',
        '{"phone": {"$in": phones}, "$or": usable}',
        READS,
    ),
    Hole(
        "events are not compared with the workspace",
        "graph/events/subscription.py",
        "workspace_id == self.viewer.workspace_id and self.viewer.is_allowed(account_id)",
        "self.viewer.is_allowed(account_id)",
        EVENTS,
    ),
    Hole(
        "equal subscriptions of all rights share a group",
        "graph/fanout/event_execution.py",
        "return Rights(viewer.role, viewer.workspace_id, viewer.account_ids)",
        "return Rights(viewer.role, viewer.workspace_id, None)",
        EVENTS,
        ACCOUNTS,
    ),
    Hole(
        "the key of a group has no workspace",
        "graph/fanout/event_execution.py",
        "return Rights(viewer.role, viewer.workspace_id, viewer.account_ids)",
        "return Rights(viewer.role, viewer.role, viewer.account_ids)  # type: ignore[arg-type]",
        REPLAYS,
    ),
    Hole(
        "the key of shared counts has no workspace",
        "graph/types/inbox/conversation_counts.py",
        "return (viewer.workspace_id, viewer.account_ids, account_id, repr(filters))",
        "return (account_id, repr(filters))",
        OPERATIONS,
    ),
    Hole(
        "cursors are sealed for no workspace",
        "graph/events/feed.py",
        "seal(await self._present.read(), workspace_id)",
        'seal(await self._present.read(), type(workspace_id)("64656661756c740000000000"))',
        EVENTS,
    ),
    Hole(
        "presence is told to all",
        "graph/presence.py",
        "if viewer.can_see(agents[0]) and self.account_id in",
        "if self.account_id in",
        EVENTS,
        also=(
            (
                "if document is not None and viewer.can_see(document):",
                "if document is not None:",
            ),
        ),
    ),
    Hole(
        "files are served to each credential",
        "graph/transport/files/media_route.py",
        "if media is None or (viewer is not None and not viewer.can_see(media)):",
        "if media is None:",
        FILES,
    ),
    Hole(
        "a signed link opens every file",
        "whatsapp/media/media_urls.py",
        'f"{id}:{expires}".encode()',
        'f"{expires}".encode()',
        FILES,
        ACCOUNTS,
    ),
    Hole(
        "webhooks are not compared with the secret of the account",
        "webhooks/apply/processing.py",
        "            if is_signer_allowed(\n"
        "                task,\n"
        "                account,\n"
        "                self._default_digest,\n"
        "                uses_default=lookup.uses_default_secret(account),\n"
        "            )\n",
        "",
        WEBHOOKS,
    ),
    Hole(
        "tokens are of the default workspace",
        "whatsapp/auth/identity_provider.py",
        "        return await self._workspaces.find(text) if isinstance(text, str) else None\n",
        "        return DEFAULT_WORKSPACE_ID\n",
        TOKENS,
    ),
    Hole(
        "tokens are not limited to accounts",
        "whatsapp/auth/identity_provider.py",
        "return frozenset(account_id for account_id in account_ids if account_id is not None)",
        "return None",
        TOKENS,
        ACCOUNTS,
    ),
    Hole(
        "the usage is that of the newest workspace",
        "graph/types/auth/workspace_usage.py",
        "    measured = await get_loaders(info).workspace_usages.load(key)\n",
        "    measured = (await models.WorkspaceUsage.find().sort('-_id').to_list())[0]\n",
        READS,
    ),
    Hole(
        "an item that waited for a number is applied in the number's new workspace",
        "webhooks/apply/processing.py",
        "if task.workspace_id in (None, account.workspace_id)",
        "if True",
        PARKED,
    ),
    Hole(
        "reads wait for the summaries of all workspaces",
        "graph/events/summary_watch.py",
        "            if viewer.can_see(unnoted.message)\n",
        "",
        LATE,
    ),
)


def is_found(hole: Hole, tree: Path, uri: str) -> bool:
    """Makes the change in the copy, runs the test and takes the change back."""
    file = tree / hole.file
    text = file.read_text()
    file.write_text(hole.seed(text))
    try:
        last = run_tests(tree, uri, hole.node).stdout.strip().rpartition("\n")[2]
    finally:
        file.write_text(text)
    return bool(FAILED.search(last)) and not BROKEN.search(last)


def run_tests(tree: Path, uri: str, *nodes: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *nodes]
    environment = os.environ | {URI_VARIABLE: uri}
    return subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, check=False
    )


def main(names: Sequence[str]) -> int:
    chosen = [hole for hole in HOLES if not names or any(name in hole.name for name in names)]
    if not chosen:
        print("No hole has such a name.")
        return 1
    missed = []
    with tempfile.TemporaryDirectory() as folder, EmbeddedMongod(Path(folder) / "data") as mongod:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=LEFT_OUT)
        uri = f"{mongod.uri}&serverMonitoringMode=poll"
        sound = sorted({hole.node for hole in chosen})
        tried = run_tests(tree, uri, *sound)
        if tried.returncode != 0:
            print(f"The tests fail without a hole.\n{tried.stdout}")
            return 1
        for hole in chosen:
            found = is_found(hole, tree, uri)
            missed += [] if found else [hole]
            print(f"{'found' if found else 'MISSED':7} {hole.name}: {hole.node}", flush=True)
    print(f"{len(chosen) - len(missed)} of {len(chosen)} holes found")
    return len(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
