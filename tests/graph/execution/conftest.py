"""The inside of a server with plans."""

import inspect
from typing import Any

import pytest

from graph.execution.known_queries import KnownQueries


@pytest.fixture
def known_queries(app: Any) -> KnownQueries:
    """The executor of the server with plans, with its counters."""
    inner = inspect.getclosurevars(app).nonlocals["app"]
    endpoint = next(one.endpoint for one in inner.routes if getattr(one, "path", "") == "/graphql")
    known: KnownQueries = endpoint.schema.known_queries
    return known
