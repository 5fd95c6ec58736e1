"""The files that `.dockerignore` lets into images."""

import re
from functools import cache
from pathlib import Path


class BuildContext:
    """A folder without what its `.dockerignore` excludes; the last matching line decides."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        lines = (folder / ".dockerignore").read_text().splitlines()
        self._lines = [line for line in lines if line and not line.startswith("#")]

    def list_files(self, source: str = ".") -> list[Path]:
        """Returns the files at or below a path, relative to the folder."""
        path = self.folder / source
        files = [path] if path.is_file() else sorted(path.rglob("*"))
        relative = [file.relative_to(self.folder) for file in files if file.is_file()]
        return [file for file in relative if self.contains(file)]

    def contains(self, file: Path) -> bool:
        is_excluded = False
        names = [str(path) for path in (file, *file.parents) if path != Path()]
        for line in self._lines:
            if any(_compile(line.removeprefix("!")).fullmatch(name) for name in names):
                is_excluded = not line.startswith("!")
        return not is_excluded


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    regex = re.escape(pattern.strip("/"))
    regex = regex.replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
    return re.compile(regex)
