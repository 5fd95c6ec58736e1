"""`manage.py compare-schema`: breaking changes are refused unless announced."""

import subprocess
import sys
from pathlib import Path

import pytest

import manage
from graph.reference import schema_history
from manage import SCHEMA_FILE
from tests.fixtures.servers import ROOT

OLD = """
type Query { shop(id: ID, name: String): Shop shops: [Shop!]! }
type Mutation { open(input: OpenInput!): Shop }
input OpenInput { name: String! street: String }
type Shop { id: ID! name: String! state: State owner: Owner }
type Owner { name: String friends(first: Int): [Owner!] }
enum State { OPEN CLOSED }
union Thing = Shop | Owner
"""
PAST = '@deprecated(reason: "Use another. Removed on 2026-01-31.")'
FUTURE = '@deprecated(reason: "Use another. Removed on 2999-01-31.")'


class Command:
    """The command on two files, in this process."""

    def __init__(
        self,
        folder: Path,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        self.folder, self.monkeypatch, self.capsys = folder, monkeypatch, capsys

    def __call__(self, old: str, new: str) -> tuple[str | int | None, list[str]]:
        """Returns the exit status (None is success) and the lines after the first."""
        files = {"--old": old, "--new": new}
        arguments = []
        for option, text in files.items():
            path = self.folder / f"{option.strip('-')}.graphql"
            path.write_text(text)
            arguments += [option, str(path)]
        self.monkeypatch.setattr(sys, "argv", ["manage.py", "compare-schema", *arguments])
        ended: str | int | None = None
        try:
            manage.main()
        except SystemExit as error:
            ended = error.code
        return ended, self.capsys.readouterr().out.splitlines()[1:]


@pytest.fixture
def compare(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    return Command(tmp_path, monkeypatch, capsys)


COMPATIBLE = ["All operations remain valid, except for announced removals."]
REFUSED = "Deprecate the fields first; see docs/deprecation.md."
BREAKING = {
    "a field": (("name: String! state", "state"), "Field Shop.name was removed."),
    "an argument": (("id: ID, name: String", "id: ID"), "Argument Query.shop(name:) was removed."),
    "an input field": ((" street: String", ""), "Field OpenInput.street was removed."),
    "an enum value": (("OPEN CLOSED", "OPEN"), "Enum value State.CLOSED was removed."),
    "a union member": (("Shop | Owner", "Shop"), "Owner was removed from union type Thing."),
    "an answer that may be null": (
        ("id: ID! name", "id: ID name"),
        "Field Shop.id changed type from ID! to ID.",
    ),
    "a required argument": (
        ("shop(id: ID,", "shop(id: ID!,"),
        "Argument Query.shop(id:) has changed type from ID to ID!.",
    ),
    "a required input field": (
        ("street: String", "street: String city: String!"),
        "A required field OpenInput.city was added.",
    ),
    "another type": (
        ("state: State", "state: String"),
        "Field Shop.state changed type from State to String.",
    ),
}


@pytest.mark.parametrize("what", BREAKING)
def test_what_breaks_operations_is_named_and_refused(compare: Command, what: str) -> None:
    (before, after), sentence = BREAKING[what]
    assert before in OLD

    ended, lines = compare(OLD, OLD.replace(before, after))

    assert ended == REFUSED
    assert lines == [f"BREAKING     {sentence}"]


DANGEROUS = {
    "an enum value": (("OPEN CLOSED", "OPEN CLOSED MOVED"), "Enum value State.MOVED was added."),
    "a union member": (
        (
            "union Thing = Shop | Owner",
            "union Thing = Shop | Owner | Cat type Cat { name: String }",
        ),
        "Cat was added to union type Thing.",
    ),
    "an optional input field": (
        ("street: String", "street: String city: String"),
        "An optional field OpenInput.city was added.",
    ),
}


@pytest.mark.parametrize("what", DANGEROUS)
def test_what_may_surprise_clients_is_named_and_allowed(compare: Command, what: str) -> None:
    (before, after), sentence = DANGEROUS[what]

    ended, lines = compare(OLD, OLD.replace(before, after))

    assert ended is None
    assert lines == [f"DANGEROUS    {sentence}", *COMPATIBLE]


def test_more_fields_break_nothing(compare: Command) -> None:
    new = OLD.replace("name: String! state", "name: String! city: String state")

    assert compare(OLD, new) == (None, COMPATIBLE)


ANNOUNCED = {
    "a field": ("owner: Owner", "", "Shop.owner"),
    "an argument": ("name: String)", ")", "Query.shop(name:)"),
    "an input field": ("street: String", "", "OpenInput.street"),
    "an enum value": ("CLOSED", "", "State.CLOSED"),
}


@pytest.mark.parametrize("what", ANNOUNCED)
def test_announced_removal_is_allowed_after_date(compare: Command, what: str) -> None:
    before, after, name = ANNOUNCED[what]
    closing = before.endswith(")")
    announced = before.removesuffix(")") + f" {PAST}" + (")" if closing else "")

    ended, lines = compare(OLD.replace(before, announced), OLD.replace(before, after))

    assert ended is None
    assert lines == [f"RETIRED      {name} was removed as announced.", *COMPATIBLE]


@pytest.mark.parametrize("reason", [FUTURE, "@deprecated", '@deprecated(reason: "Use another.")'])
def test_it_may_not_go_before_its_day(compare: Command, reason: str) -> None:
    old = OLD.replace("owner: Owner", f"owner: Owner {reason}")

    ended, lines = compare(old, OLD.replace("owner: Owner", ""))

    assert ended == REFUSED
    assert lines == ["BREAKING     Field Shop.owner was removed."]


OWNER = "type Owner { name: String friends(first: Int): [Owner!] }"


def test_type_may_go_with_its_last_field(compare: Command) -> None:
    # Owner leads to itself too, which keeps nothing.
    outside_unions = OLD.replace("union Thing = Shop | Owner", "")
    old = outside_unions.replace("owner: Owner", f"owner: Owner {PAST}")
    gone = outside_unions.replace("owner: Owner", "").replace(OWNER, "")

    ended, lines = compare(old, gone)

    assert lines == ["RETIRED      Shop.owner was removed as announced.", *COMPATIBLE]
    assert ended is None


def test_type_with_other_fields_may_not_go(compare: Command) -> None:
    old = OLD.replace("owner: Owner", f"owner: Owner {PAST}").replace(
        "shops: [Shop!]!", "shops: [Shop!]! owners: [Owner!] @deprecated"
    )
    gone = OLD.replace("owner: Owner", "").replace(OWNER, "").replace("Shop | Owner", "Shop")

    ended, lines = compare(old, gone)

    assert ended == REFUSED
    assert "BREAKING     Owner was removed." in lines
    assert "BREAKING     Field Query.owners was removed." in lines


@pytest.mark.parametrize(
    "reason", ["Use another.", "Removed on 2999-02-31.", "Removed on 1.2.2999.", "Removed soon."]
)
def test_deprecation_names_day_of_removal(compare: Command, reason: str) -> None:
    new = OLD.replace("owner: Owner", f'owner: Owner @deprecated(reason: "{reason}")')

    ended, lines = compare(OLD, new)

    assert ended == REFUSED
    assert lines == ["UNANNOUNCED  Shop.owner is deprecated without a removal date."]


def test_deprecation_with_day_is_fine(compare: Command) -> None:
    new = OLD.replace("owner: Owner", f"owner: Owner {FUTURE}")

    assert compare(OLD, new) == (None, COMPATIBLE)


@pytest.mark.parametrize("text", ["type Query {", "type Query { a: Missing }", ""])
def test_invalid_schema_file_is_reported(compare: Command, text: str) -> None:
    ended, _ = compare(text, OLD)

    assert str(ended).startswith("Can't compare: ")


def run_command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", "compare-schema", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_this_schema_is_compared_with_file() -> None:
    result = run_command("--old", str(SCHEMA_FILE))

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[1:] == COMPATIBLE


def test_unknown_ref_is_reported() -> None:
    result = run_command("--base=--output=x")

    assert result.returncode == 1
    assert result.stderr.startswith("Can't compare: git has no schema.graphql at --output=x")
    assert "Traceback" not in result.stderr


class Repository:
    """A repository with a version of `schema.graphql` in each commit."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str) -> str:
        # The developer's git may sign commits or lack a name.
        who = ("-c", "user.name=T", "-c", "user.email=t@t.test", "-c", "commit.gpgsign=false")
        command = ["git", *who, *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self, text: str) -> str:
        (self.folder / "schema.graphql").write_text(text)
        self.git("add", "schema.graphql")
        self.git("commit", "--quiet", "--message", text)
        return self.git("rev-parse", "HEAD")


def test_base_is_newest_release_else_main(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema_history, "ROOT", tmp_path)
    with pytest.raises(schema_history.NoEarlierSchema):
        schema_history.read_earlier_schema()
    repository = Repository(tmp_path)
    first = repository.commit("first")
    with pytest.raises(schema_history.NoEarlierSchema):
        schema_history.read_earlier_schema()
    second = repository.commit("second")
    assert schema_history.read_earlier_schema() == (first, "first")

    repository.git("checkout", "--quiet", "-b", "branch")
    repository.commit("third")
    repository.commit("fourth")
    assert schema_history.read_earlier_schema() == (second, "second")

    repository.git("tag", "v1", first)
    assert schema_history.read_earlier_schema() == ("v1", "first")
    assert schema_history.read_earlier_schema("main") == ("main", "second")
