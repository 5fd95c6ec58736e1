"""Reads trusted documents from the files that client tools write.

Files with ids and documents are those of GraphQL Code Generator (`persisted-documents.json`),
Relay (`persistConfig.file`) and Apollo (`persisted-query-manifest.json`). The id of a `.graphql`
file is its name without the suffix. Each document also has its hash as an id.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from whatsapp.settings import SettingsError

HASH_PREFIX = "sha256:"
_DOCUMENT_SUFFIXES = frozenset({".graphql", ".gql"})
_SUFFIXES = _DOCUMENT_SUFFIXES | {".json"}


def hash_document(text: str) -> str:
    """Returns the id of a document in the form `sha256:` and 64 hexadecimal digits."""
    return HASH_PREFIX + hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def read_trusted_documents(location: str | None) -> dict[str, str]:
    """Returns the text of each id; empty without a location.

    Args:
        location: Path of a file, or of a folder whose files are all read.

    Raises:
        SettingsError: a file is missing or malformed, or an id has two documents.
    """
    documents: dict[str, str] = {}
    for file in _list_files(Path(location)) if location else ():
        for document_id, text in _read_file(file):
            for key in {document_id, hash_document(text)}:
                if documents.setdefault(key, text) != text:
                    raise _fail(file, f"another document has the id {key}")
    return documents


def _list_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.rglob("*") if file.suffix in _SUFFIXES and file.is_file())
    if not files:
        raise _fail(path, "the folder has no .json or .graphql file")
    return files


def _read_file(file: Path) -> Iterator[tuple[str, str]]:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise _fail(file, error.strerror or "it can't be read") from None
    except ValueError:
        raise _fail(file, "it is not UTF-8 text") from None
    if file.suffix in _DOCUMENT_SUFFIXES:
        yield file.stem, text
        return
    for document_id, document in _parse_manifest(file, text):
        if not isinstance(document_id, str) or not isinstance(document, str) or not document_id:
            raise _fail(file, "ids and documents must be texts")
        if document_id.startswith(HASH_PREFIX) and document_id != hash_document(document):
            raise _fail(file, f"{document_id} is not the hash of its document")
        yield document_id, document


def _parse_manifest(file: Path, text: str) -> list[tuple[Any, Any]]:
    try:
        manifest = orjson.loads(text)
    except ValueError:
        raise _fail(file, "it is not JSON") from None
    if not isinstance(manifest, Mapping):
        raise _fail(file, "it must be an object with a document for each id")
    operations = manifest.get("operations")
    if not isinstance(operations, list):
        return list(manifest.items())
    return [
        (operation.get("id"), operation.get("body")) if isinstance(operation, Mapping) else ("", "")
        for operation in operations
    ]


def _fail(path: Path, problem: str) -> SettingsError:
    return SettingsError(f"TRUSTED_DOCUMENTS can't be read: {path}: {problem}")
