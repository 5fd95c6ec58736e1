"""Finds the document of a request by its id.

Ids are those of GraphQL over HTTP (`documentId`) and of Apollo's automatic persisted queries
(`extensions.persistedQuery`), which register a document under its hash by sending both once.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from graph.core.context import Context
from graph.core.errors import ErrorCode, RequestError, bad_input, forbidden
from graph.documents.trusted_files import HASH_PREFIX, hash_document
from graph.limits.bounds import Limits
from graph.limits.fair_cache import FairCache

# Characters of registered documents in a process; a document has 1,000 on average.
MAX_REGISTERED_CHARACTERS = 2 * 1024 * 1024
APQ_VERSION = 1
_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_MISS_COST = 1


class DocumentRequest(NamedTuple):
    """A document as a request gives it: by its text, by its id, or by both to register it."""

    query: str | None
    document_id: str | None
    is_automatic: bool = False
    """True for Apollo's automatic persisted queries."""


def read_document_request(
    query: str | None, document_id: str | None, extensions: Mapping[str, Any] | None
) -> DocumentRequest:
    """Returns the text or id of the request's document.

    Raises:
        RequestError: BAD_USER_INPUT, two different ids or a malformed hash;
            PERSISTED_QUERY_NOT_SUPPORTED, another version of persisted queries.
    """
    persisted = (extensions or {}).get("persistedQuery")
    if persisted is None:
        return DocumentRequest(query or None, document_id)
    if not isinstance(persisted, Mapping) or persisted.get("version") != APQ_VERSION:
        raise _not_supported()
    digest = persisted.get("sha256Hash")
    if not isinstance(digest, str) or not _HASH.fullmatch(digest):
        raise bad_input("`sha256Hash` must have 64 hexadecimal digits in lower case.")
    if document_id not in (None, digest, HASH_PREFIX + digest):
        raise bad_input("`documentId` and `persistedQuery` name different documents.")
    return DocumentRequest(query or None, HASH_PREFIX + digest, is_automatic=True)


class Documents:
    """The trusted documents of the deployment, and those that clients have registered."""

    def __init__(
        self,
        trusted: Mapping[str, str] | None = None,
        *,
        limits: Limits,
        allows_others: bool = True,
    ) -> None:
        """`allows_others` is False if only trusted documents may be executed."""
        self._trusted = dict(trusted or {})
        self._trusted_texts = frozenset(self._trusted.values())
        self._allows_others = allows_others
        self._max_characters = limits.characters
        self._registered: FairCache[str, str] = FairCache(MAX_REGISTERED_CHARACTERS)

    def find_text(self, request: DocumentRequest, context: Context) -> str:
        """Returns the text to execute. Registers a document that is given with its hash.

        Raises:
            RequestError: PERSISTED_QUERY_NOT_FOUND, an unknown id; PERSISTED_QUERY_NOT_SUPPORTED or
                FORBIDDEN, not a trusted document; BAD_USER_INPUT, id and text differ.
            RateLimited
        """
        query, document_id = request.query, request.document_id
        if document_id is None:
            return self._check_text(query or "", may_register=False)
        trusted = self._find_trusted(document_id)
        if trusted is not None:
            if query is not None and query != trusted:
                raise bad_input("The id belongs to another document than `query`.")
            return trusted
        if query is not None:
            return self._register(document_id, query, context)
        text = self._registered.get(document_id, context.caller)
        if text is None:
            rates, caller = context.services.rate_limits, (context.viewer, context.client_address)
            rates.charge(*caller, _MISS_COST)
            raise _not_found(request)
        return text

    def _find_trusted(self, document_id: str) -> str | None:
        # Tools write hashes without the prefix.
        text = self._trusted.get(document_id)
        return self._trusted.get(document_id.removeprefix(HASH_PREFIX)) if text is None else text

    def _check_text(self, text: str, *, may_register: bool) -> str:
        if self._allows_others or text in self._trusted_texts:
            return text
        if may_register:
            raise _not_supported()
        raise forbidden("This server executes trusted documents only; send a `documentId`.")

    def _register(self, document_id: str, query: str, context: Context) -> str:
        text = self._check_text(query, may_register=True)
        if len(text) > self._max_characters:
            return text  # its execution is refused
        if hash_document(text) != document_id:
            raise bad_input("The id is not the SHA-256 hash of `query`.")
        # Anonymous callers can only read the schema.
        if context.viewer is not None and self._allows_others:
            self._registered.add(document_id, text, context.caller, size=len(text))
        return text


def _not_found(request: DocumentRequest) -> RequestError:
    # Clients compare this text.
    message = "PersistedQueryNotFound" if request.is_automatic else "Unknown `documentId`."
    return RequestError(ErrorCode.PERSISTED_QUERY_NOT_FOUND, message)


def _not_supported() -> RequestError:
    return RequestError(ErrorCode.PERSISTED_QUERY_NOT_SUPPORTED, "PersistedQueryNotSupported")
