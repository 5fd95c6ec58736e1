"""Checks of the trusted documents."""

from graphql import GraphQLError, parse

from graph.core.strawberry_internals import get_graphql_schema
from graph.documents.trusted_files import read_trusted_documents
from graph.limits.bounds import Limits
from graph.limits.gate import Gate
from graph.limits.places import Places
from graph.schema import create_schema
from operations.findings import Finding, failed, passed
from whatsapp.settings import Settings, SettingsError

NAME = "documents"
REMEDY = "Correct the document, or write the files again with your app's code generator."


def check_trusted_documents(settings: Settings) -> list[Finding]:
    """Checks that each document is valid for the schema and within the limits."""
    try:
        trusted = read_trusted_documents(settings.trusted_documents)
    except SettingsError as error:
        return [failed(NAME, f"{error}.", "Correct TRUSTED_DOCUMENTS or the file.")]
    gate = Gate(Limits.from_settings(settings), Places())
    schema = get_graphql_schema(create_schema(gate.documents.limits))
    ids: dict[str, list[str]] = {}
    for document_id, text in trusted.items():
        ids.setdefault(text, []).append(document_id)
    problems = []
    for text, names in ids.items():
        try:
            gate.check_text(text, None)
            errors = gate.documents.add(text, parse(text), schema, None).errors
        except GraphQLError as error:
            errors = [error]
        if errors:
            problems.append(failed(NAME, f"{min(names, key=len)}: {errors[0].message}", REMEDY))
    return problems or [passed(NAME, f"{len(ids)} trusted documents fit the schema and limits.")]
