"""Executes the statements of a Dockerfile in folders, each a root file system."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from scripts.image.build_context import BuildContext
from scripts.image.dockerfile import Stage, Statement

# How the machine reaches its package index; Docker has settings of its own for it.
_HOST_VARIABLES = ("PIP_INDEX_URL", "PIP_CERT", "PIP_DEFAULT_TIMEOUT", "HTTPS_PROXY", "NO_PROXY")
_HOST_FILES = ("etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PIP_CACHE = "root/.cache/pip"


@dataclass
class Image:
    """A root file system with the configuration of its image."""

    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": _PATH})
    folder: str = "/"
    user: str = "0:0"
    labels: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    healthcheck: list[str] = field(default_factory=list)


class Builder:
    """Builds the images of stages; `base` is a Debian with python3.11 in place of their base."""

    def __init__(self, base: Path, work: Path, context: BuildContext, *, cache: Path) -> None:
        self._base = base
        self._work = work
        self._context = context
        self._cache = cache
        self.images: dict[str, Image] = {}

    def build(self, stage: Stage) -> Image:
        """Executes the statements of a stage whose base is built.

        Raises:
            subprocess.CalledProcessError: a RUN step failed.
        """
        parent = self.images.get(stage.base)
        image = Image(self._work / stage.name)
        if parent is not None:
            image.environment = dict(parent.environment)
            image.folder, image.healthcheck = parent.folder, parent.healthcheck
        source = parent.root if parent is not None else self._base
        subprocess.run(["cp", "-a", "--reflink=auto", source, image.root], check=True)
        arguments: dict[str, str] = {}
        for statement in stage.statements:
            print(f"{stage.name}: {statement.keyword} {statement.text}", flush=True)
            self._execute(image, statement, arguments)
        self.images[stage.name] = image
        return image

    def _execute(self, image: Image, statement: Statement, arguments: dict[str, str]) -> None:
        match statement.keyword:
            case "RUN":
                self._run(image, statement.text)
            case "COPY":
                self._copy(image, statement)
            case "ARG":
                arguments |= statement.read_pairs()
            case "ENV":
                image.environment |= statement.read_pairs()
            case "LABEL":
                values = image.environment | arguments
                image.labels |= {
                    name: Template(value).substitute(values)
                    for name, value in statement.read_pairs().items()
                }
            case "WORKDIR":
                image.folder = statement.text
                (image.root / image.folder.lstrip("/")).mkdir(parents=True, exist_ok=True)
            case "USER":
                image.user = statement.text
            case "CMD":
                image.command = statement.read_command()
            case "HEALTHCHECK":
                image.healthcheck = statement.read_command()

    def _run(self, image: Image, text: str) -> None:
        host = {name: os.environ[name] for name in _HOST_VARIABLES if name in os.environ}
        lent = {path: image.root / path for path in _HOST_FILES if Path("/", path).exists()}
        kept = {path: file.read_bytes() for path, file in lent.items() if file.exists()}
        for path, file in lent.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(Path("/", path), file)
        cache = image.root / _PIP_CACHE
        cache.mkdir(parents=True, exist_ok=True)
        self._cache.mkdir(parents=True, exist_ok=True)
        mounts = [f"mount --bind {self._cache} {cache}"]
        try:
            subprocess.run(
                enter(image, ["sh", "-c", text], mounts=mounts, environment=host), check=True
            )
        finally:
            for path, file in lent.items():
                file.unlink() if path not in kept else file.write_bytes(kept[path])
            cache.rmdir()

    def _copy(self, image: Image, statement: Statement) -> None:
        flags, rest = statement.read_flags()
        *sources, target = rest.split()
        path = os.path.normpath(f"{image.folder}/{target}") if target[0] != "/" else target
        destination = image.root / path.lstrip("/")
        if "from" in flags:
            origin = self.images[flags["from"]].root
            for source in sources:
                subprocess.run(["cp", "-a", origin / source.lstrip("/"), destination], check=True)
            return
        for source in sources:
            files = self._context.list_files(source)
            if not files:
                raise FileNotFoundError(f"{source} is missing, or .dockerignore excludes it")
            is_file = files == [Path(source)]
            for file in files:
                into = destination / (file.name if is_file else file.relative_to(source))
                into.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self._context.folder / file, into)


def enter(
    image: Image,
    command: Sequence[str],
    *,
    mounts: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> list[str]:
    """Returns the command that runs another one in an image, as its user and as process 1."""
    values = image.environment | dict(environment or {})
    variables = [f"{name}={value}" for name, value in values.items()]
    script = " && ".join([*mounts, f"mount -t proc proc {image.root}/proc", 'exec "$@"'])
    inner = ["sh", "-c", f'cd {image.folder} && exec "$@"', "sh", *command]
    return [
        *("unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, "sh"),
        *("chroot", f"--userspec={image.user}", str(image.root), "env", "-i", *variables, *inner),
    ]
