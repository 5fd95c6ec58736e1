"""Log lines: a line per event, no input at the start, no library messages."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from pymongo.asynchronous.database import AsyncDatabase

from tests.fixtures.graphql import GraphQLClient
from tests.graph.socket_kit import serve_with
from whatsapp.logs import configure_logging

FORGED = "x\r\n2026-01-01 00:00:00,000 ERROR root: forged\n\x1b[2J\u2028\x85y"


@pytest.fixture(autouse=True)
def process_logging() -> Iterator[None]:
    """The logging of the test run comes back after the test."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    loggers = [
        one for one in logging.root.manager.loggerDict.values() if isinstance(one, logging.Logger)
    ]
    levels = {one: one.level for one in loggers}
    yield
    root.handlers = handlers
    root.setLevel(level)
    for one, its_level in levels.items():
        one.setLevel(its_level)


def test_input_can_not_forge_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")

    logging.getLogger("wagraph").warning("The name is %s", FORGED)

    [line] = capsys.readouterr().err.splitlines()
    assert "WARNING wagraph: The name is x" in line
    assert line.isprintable()


def test_line_breaks_in_error_start_no_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("INFO")
    try:
        raise ValueError(FORGED)
    except ValueError:
        logging.getLogger("wagraph").exception("It failed")

    first, *rest = capsys.readouterr().err.splitlines()
    assert first.endswith("ERROR wagraph: It failed")
    assert "  ValueError: x\\r" in rest
    assert all(line.startswith("  ") and line.isprintable() for line in rest)


@pytest.mark.parametrize("level", ["DEBUG", "INFO"])
async def test_libraries_keep_urls_and_queries_to_themselves(
    capsys: pytest.CaptureFixture[str], database: AsyncDatabase[dict[str, object]], level: str
) -> None:
    configure_logging(level)

    transport = httpx.MockTransport(lambda _request: httpx.Response(200))
    async with httpx.AsyncClient(transport=transport) as http:
        await http.get("https://meta.test/canary-in-a-url")
    await database["users"].find_one({"name": "canary-in-a-query"})

    assert "canary" not in capsys.readouterr().err


async def test_mistakes_of_clients_are_not_logged(
    app: Any, agent: GraphQLClient, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("INFO")
    form = {"Content-Type": "multipart/form-data; boundary=x", "GraphQL-Require-Preflight": "1"}
    key = {"Authorization": f"Bearer {agent.token}"}

    broken = await agent.http.post("/graphql", content=b"--y", headers=form | key)
    async with serve_with(app) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/9\r\n\r\n")
        malformed = await reader.readline()
        writer.close()

    assert broken.status_code == 400
    assert b" 400 " in malformed
    logged = capsys.readouterr().err
    assert "Invalid HTTP" not in logged
    assert "boundary" not in logged
