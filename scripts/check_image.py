"""`make image-check`: builds the images of the Dockerfile without Docker, and runs the server.

Needs root, debootstrap and a Debian mirror. A bare Debian with its python3.11 stands in for the
base image. The server runs as in a hardened container: as the image's user, without capabilities,
on a read-only root file system, as process 1. The embedded MongoDB runs outside.
"""

import base64
import http.client
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from sandbox.mongod import EmbeddedMongod
from scripts.image.build_context import BuildContext
from scripts.image.builder import Builder, Image, enter
from scripts.image.dockerfile import read_stages

ROOT = Path(__file__).parents[1]
CACHE = Path("/var/cache/wagraph-image-check")
PACKAGES = "ca-certificates,python3.11,python3.11-venv"
BASE_IMAGE = "python:3.11-slim-bookworm"
PORT = 18_000
START_SECONDS = 120
# As in compose.yaml.
STOP_SECONDS = 15
# What may be written, as in compose.yaml: /tmp, and the sandbox's volume.
WRITABLE = ("tmp", "var/lib/wagraph")
TMPFS = 'mount -t tmpfs -o size=64m,mode=1777 tmpfs "{root}/{path}"'
READ_ONLY = 'mount --bind "{root}" "{root}" && mount -o remount,ro,bind "{root}"'
HARDENED = ("setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--")


def make_base() -> Path:
    """Returns a Debian with python3.11, kept for the next check."""
    base = CACHE / "base"
    if not base.exists():
        partial = CACHE / "partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        subprocess.run(
            ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", partial],
            check=True,
        )
        # Where the base image has its interpreter.
        (partial / "usr/local/bin/python").symlink_to("/usr/bin/python3.11")
        partial.rename(base)
    return base


def run(image: Image, command: list[str], **environment: str) -> subprocess.Popen[str]:
    """Starts a command as a hardened container does."""
    paths = [path for path in WRITABLE if (image.root / path).exists()]
    mounts = [READ_ONLY.format(root=image.root)]
    mounts += [TMPFS.format(root=image.root, path=path) for path in paths]
    words = enter(image, [*HARDENED, *command], mounts=mounts, environment=environment)
    return subprocess.Popen(words, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def check(image: Image, command: list[str], *, code: int, **environment: str) -> str:
    process = run(image, command, **environment)
    output, _ = process.communicate(timeout=START_SECONDS)
    if process.returncode != code:
        raise SystemExit(f"{command} ended with {process.returncode} instead of {code}: {output}")
    return output.strip()


def ask(path: str, *, body: str | None = None, token: str = "") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=10)
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    connection.request("POST" if body else "GET", path, body=body, headers=headers if body else {})
    response = connection.getresponse()
    return response.status, response.read().decode()


def wait_until_ready(server: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if ask("/readyz")[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.2)
    server.kill()
    raise SystemExit(f"The server is not ready: {server.communicate()[0]}")


def stop(server: subprocess.Popen[str]) -> None:
    """Sends SIGTERM to process 1 of the container and waits for its end."""
    children = Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGTERM)
    output, _ = server.communicate(timeout=STOP_SECONDS)
    if server.returncode:
        raise SystemExit(f"The server ended with {server.returncode}: {output}")


def check_server(image: Image, mongodb_uri: str) -> None:
    """Runs the server, its health check and commands in the image."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    secret = image.root / "run/encryption_keys"
    secret.write_text(f"k1:{key}\n")
    environment = {
        "ENCRYPTION_KEYS_FILE": "/run/encryption_keys",
        "MONGODB_URI": mongodb_uri,
        "HOST": "127.0.0.1",
        "PORT": str(PORT),
    }
    print(check(image, ["python", "manage.py", "--version"], code=0))
    check(image, ["touch", "file"], code=1)
    check(image, image.healthcheck, code=1, **environment)
    server = run(image, image.command, **environment)
    try:
        wait_until_ready(server)
        check(image, image.healthcheck, code=0, **environment)
        create = ["python", "manage.py", "create-api-key", "--name", "Check", "--role", "ADMIN"]
        token = check(image, create, code=0, **environment).splitlines()[-1]
        answer = ask("/graphql", body='{"query": "{ viewer { name } }"}', token=token)
        if '"name":"Check"' not in answer[1]:
            raise SystemExit(f"The server answered {answer}")
        status, page = ask("/")
        if status != 200 or 'src="./assets/' not in page:
            raise SystemExit(f"The inbox is not in the image: {status} {page}")
        stop(server)
    finally:
        server.kill()


def check_sandbox(image: Image, mongodb_uri: str) -> None:
    """Runs the sandbox until its server is ready."""
    environment = {"MONGODB_URI": mongodb_uri, "MONGODB_DATABASE": "sandbox", "PORT": str(PORT)}
    environment |= {"SANDBOX_HOST": "127.0.0.1", "SANDBOX_PORT": str(PORT + 1)}
    sandbox = run(image, image.command, **environment)
    try:
        wait_until_ready(sandbox)
        stop(sandbox)
    finally:
        sandbox.kill()


def main() -> None:
    if os.geteuid() or not shutil.which("debootstrap"):
        sys.exit("image-check needs root and debootstrap (apt-get install debootstrap).")
    stages = read_stages(ROOT / "Dockerfile")
    base = make_base()
    with tempfile.TemporaryDirectory(prefix="wagraph-image-") as folder:
        builder = Builder(base, Path(folder), BuildContext(ROOT), cache=CACHE / "pip")
        for stage in stages.values():
            if stage.base not in builder.images and stage.base != BASE_IMAGE:
                sys.exit(f"{stage.base} is not checked; use {BASE_IMAGE}.")
            builder.build(stage)
        with EmbeddedMongod(Path(folder) / "mongodb") as mongod:
            check_server(builder.images["server"], mongod.uri)
            check_sandbox(builder.images["sandbox"], mongod.uri)
    print("The images build, and the server runs.")


if __name__ == "__main__":
    main()
