"""Runs GraphiQL's tests against a sandbox.

Needs node, chromium and `npm ci` in this folder: `make test-browser` sees to the last.
"""

import json

import pytest

from graph.transport.graphiql import list_examples
from tests.browser.conftest import run_node
from tests.graph.transport.test_graphiql_examples import get_title

pytestmark = pytest.mark.browser


def test_graphiql_in_chromium(sandbox: dict[str, str]) -> None:
    titles = [get_title(example) for example in list_examples()]
    run_node(sandbox | {"EXAMPLE_TITLES": json.dumps(titles)}, "graphiql.test.mjs")


@pytest.mark.parametrize("changes", [{"INTROSPECTION": "false"}])
def test_graphiql_without_schema(sandbox: dict[str, str]) -> None:
    run_node(sandbox, "private_schema.test.mjs")
