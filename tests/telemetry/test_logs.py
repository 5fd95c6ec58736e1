"""Log lines: a line per event, no input at the start, no library messages."""

import ast
import asyncio
import json
import logging
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from beanie import PydanticObjectId
from pymongo.asynchronous.database import AsyncDatabase

from telemetry.global_ids import encode_id
from telemetry.log_context import log_fields
from telemetry.log_levels import parse_levels
from telemetry.logs import configure_logging
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.servers import ROOT
from tests.graph.socket_kit import serve_with
from tests.telemetry.conftest import ReadLines

FORGED = "x\r\n2026-01-01 00:00:00,000 ERROR root: forged\n\x1b[2J\u2028\x85y"


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
    assert rest[0] == "  Traceback of ValueError"
    assert "forged" not in "".join(rest)
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
    assert "WARNING" not in logged
    assert "boundary" not in logged


def test_json_line_can_not_be_forged(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", log_format="json")

    logging.getLogger("wagraph").warning("The name is %s", FORGED + "\x7f\ud800")
    with log_fields(request_id=FORGED):
        logging.getLogger("wagraph").warning("plain")

    lines = capsys.readouterr().err.split("\n")
    assert lines.pop() == ""
    assert len(lines) == 2
    assert all(line.isprintable() for line in lines)
    named, plain = map(json.loads, lines)
    assert named["event"] == f"The name is {FORGED}\x7f\ud800"
    assert (named["level"], named["logger"]) == ("WARNING", "wagraph")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", named["timestamp"])
    assert plain["request_id"] == FORGED


def test_fields_can_not_forge_text(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO")

    with log_fields(request_id=f'a b="c" level=ERROR {FORGED}'):
        logging.getLogger("wagraph").warning("plain")

    [line] = capsys.readouterr().err.splitlines()
    assert line.isprintable()
    assert 'WARNING wagraph: plain request_id="a b=\\"c\\" level=ERROR' in line


def test_exception_shows_classes_and_frames_only(read_lines: ReadLines) -> None:
    configure_logging("INFO", log_format="json")
    try:
        try:
            raise ValueError("canary")
        except ValueError as error:
            raise ExceptionGroup("canary", [KeyError("canary")]) from error
    except ExceptionGroup:
        logging.getLogger("wagraph").exception("It failed")

    [line] = read_lines()
    assert [each["class"] for each in line["exception"]] == [
        "ExceptionGroup",
        "ValueError",
        "KeyError",
    ]
    assert "test_exception_shows_classes_and_frames_only" in line["exception"][0]["frames"][0]
    assert "canary" not in str(line)


def test_ids_are_shown_as_in_api(read_lines: ReadLines) -> None:
    configure_logging("INFO", log_format="json")
    account_id, message_id = PydanticObjectId(), PydanticObjectId()

    with log_fields(account_id=account_id):
        logging.getLogger("wagraph").info("sent", extra={"message_id": message_id})
    logging.getLogger("wagraph").info("idle")

    sent, idle = read_lines()
    assert sent["account_id"] == encode_id("Account", account_id)
    assert sent["message_id"] == encode_id("Message", message_id)
    assert "account_id" not in idle


def test_levels_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    levels = parse_levels(["webhooks=DEBUG", "whatsapp.dispatch=ERROR"])
    configure_logging("INFO", levels=levels)

    for name in ("webhooks.route", "whatsapp.dispatch.sending", "whatsapp.media"):
        logging.getLogger(name).debug("%s debug", name)
        logging.getLogger(name).warning("%s warning", name)

    logged = capsys.readouterr().err
    assert [line.split(": ")[1] for line in logged.splitlines()] == [
        "webhooks.route debug",
        "webhooks.route warning",
        "whatsapp.media warning",
    ]


@pytest.mark.parametrize(
    "name", ["opentelemetry.trace", "opentelemetry.trace.span", "uvicorn.websockets"]
)
def test_level_can_not_show_input(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} can't go below"):
        parse_levels([f"{name}=INFO"])


def test_every_package_has_level() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = {*project["tool"]["importlinter"]["root_packages"]} - {"sandbox"}

    levels = parse_levels([f"{name}=DEBUG" for name in packages])

    assert levels.keys() == packages


def list_logged_values() -> Iterator[str]:
    """Yields the expressions in the texts of all log calls of the product."""
    for package in ("graph", "models", "operations", "serving", "webhooks", "whatsapp"):
        for file in (ROOT / package).rglob("*.py"):
            calls = (
                node
                for node in ast.walk(ast.parse(file.read_text()))
                if isinstance(node, ast.Call) and ast.unparse(node.func).startswith("logger.")
            )
            for call in calls:
                values = (value for value in call.args if not isinstance(value, ast.Constant))
                yield from map(ast.unparse, values)


def test_texts_have_no_raw_ids() -> None:
    # Ids of webhooks and requests are shown as they are.
    values = [value for value in list_logged_values() if "event" not in value]

    assert len(values) > 50
    assert {value for value in values if re.search(r"\bid\b|_id\b", value)} == {
        *("request_id", "error.fbtrace_id")
    }
