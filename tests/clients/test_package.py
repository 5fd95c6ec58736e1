"""`npm pack` gives a small package with types for each module."""

import gzip
import json
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.fixtures.servers import ROOT

pytestmark = pytest.mark.clients

CLIENT = ROOT / "clients/typescript"
MAX_BYTES = 25_000


@pytest.fixture
def package(tmp_path: Path) -> dict[str, bytes]:
    """Returns the packed files by name."""
    command = ["npm", "pack", "--silent", "--pack-destination", str(tmp_path)]
    subprocess.run(command, cwd=CLIENT, check=True, timeout=120)
    with tarfile.open(next(tmp_path.glob("*.tgz"))) as archive:
        members = [(member.name, archive.extractfile(member)) for member in archive]
        return {name.removeprefix("package/"): file.read() for name, file in members if file}


def test_package_is_small_and_typed(package: dict[str, bytes]) -> None:
    manifest = json.loads(package["package.json"])
    modules = {name for name in package if name.endswith(".js")}
    entries = list(manifest["exports"].values())

    assert {path.removeprefix("./") for entry in entries for path in entry.values()} <= set(package)
    assert {name.removesuffix(".js") + ".d.ts" for name in modules} <= set(package)
    assert manifest["type"] == "module"
    assert all(name.startswith("dist/") for name in set(package) - {"package.json", "README.md"})
    # All modules together; an app's bundler leaves out what it does not use.
    code = b"".join(package[name] for name in sorted(modules))
    assert len(gzip.compress(code)) <= MAX_BYTES
