"""Parts of a release: licence, changelog, policies, and licences of vendored files."""

import re
import subprocess

from tests.fixtures.servers import ROOT
from version import VERSION

LICENCES = ROOT / "docs/licences.md"
VENDOR = ROOT / "graph/transport/graphiql/static/vendor"
WORKFLOW = ROOT / ".github/workflows/ci.yml"


def list_project_files() -> list[str]:
    command = ["git", "ls-files", "-co", "--exclude-standard"]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_vendored_folders_are_listed() -> None:
    text = LICENCES.read_text()
    vendored = re.search(r"^Folders with files of other projects: (.*?)\.( |$)", text, re.MULTILINE)
    listed = set(re.findall(r"`([\w/.-]+/)`", vendored[1])) if vendored else set()

    pattern = r"^(?:.*/)?(?:vendor|vendored|third_party)/|\.min\.(?:js|css)$|\.(?:woff2?|ttf|otf)$"
    foreign = [name for name in list_project_files() if re.search(pattern, name)]
    assert foreign
    assert [name for name in foreign if not name.startswith(tuple(listed))] == []
    assert all((ROOT / folder).is_dir() for folder in listed)


def test_each_vendored_file_has_licence() -> None:
    text = LICENCES.read_text()
    names = {path.name for path in VENDOR.iterdir() if path.is_file()} - {"SHA384SUMS"}
    licences = {path.name for path in (VENDOR / "licenses").iterdir()}

    assert {name for name in names if f"`{name}`" not in text} == set()
    assert {name for name in licences if f"/{name})" not in text} == set()


def test_packages_inside_graphiql_are_listed() -> None:
    bundle = (VENDOR / "graphiql.min.js").read_text()
    rows = LICENCES.read_text().partition("## Packages inside GraphiQL")[2]
    listed = {
        name
        for row in re.findall(r"^\| (`.*?`) \| (?:MIT|BSD|0BSD)", rows, re.MULTILINE)
        for name in re.findall(r"`(.*?)`", row)
    }

    headers = re.findall(r"/\*!\*+!\*\\\s+!\*\*\* (\S+) ", bundle)
    modules = [re.search(r"node_modules/((?:@[^/]+/)?[^/]+)/", header) for header in headers]
    siblings = [re.match(r"\.\./\.\./([\w-]+)/", header) for header in headers]
    assert listed == {match[1] for match in (*modules, *siblings) if match}


def test_changelog_begins_with_this_version() -> None:
    text = (ROOT / "CHANGELOG.md").read_text()

    sections = re.findall(r"^## \[([\d.]+)\] - (?:Unreleased|\d{4}-\d\d-\d\d)$", text, re.MULTILINE)
    kinds = set(re.findall(r"^### (.*)$", text, re.MULTILINE))
    assert sections[0] == VERSION
    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_licence_is_mit_and_linked() -> None:
    assert (ROOT / "LICENSE").read_text().startswith("MIT License\n\nCopyright (c) ")
    assert "](LICENSE)" in (ROOT / "README.md").read_text()


def test_pages_at_top_are_linked() -> None:
    text = (ROOT / "README.md").read_text() + (ROOT / "docs/index.md").read_text()

    pages = {path.name for path in ROOT.glob("*.md")} - {"README.md"}
    assert {page for page in pages if f"{page})" not in text} == set()


def test_workflow_runs_ci_script_with_pinned_actions() -> None:
    text = WORKFLOW.read_text()

    actions = re.findall(r"uses: (\S+)", text)
    assert "- run: bash .ci/run\n" in text
    assert [
        action for action in actions if not re.fullmatch(r"[\w/-]+@v\d+\.\d+\.\d+", action)
    ] == []
