"""LOG_FORMAT and LOG_LEVELS of a whole deployment: supervisor, workers, uvicorn and requests."""

import json
from collections.abc import Callable

import httpx
import pytest

from tests.fixtures.servers import ServerProcess


@pytest.mark.usefixtures("database")
def test_every_process_writes_json(make_server: Callable[..., ServerProcess]) -> None:
    server = make_server(
        WORKERS="2",
        LOG_FORMAT="json",
        LOG_LEVEL="INFO",
        LOG_LEVELS="models=DEBUG",
        ACCESS_LOG_CLIENTS="true",
    )
    server.start()
    headers = {"X-Request-Id": "from-the-proxy", "X-Forwarded-For": "192.0.2.7"}
    answer = httpx.get(f"{server.url}/graphql", headers=headers, trust_env=False)
    with httpx.Client(base_url=server.url, trust_env=False) as client:
        later = [client.get("/graphql").headers["X-Request-Id"] for _ in range(20)]
    server.stop()  # directly after an answer: no line of the access log is lost

    lines = [json.loads(line) for line in server.log.splitlines()]
    requests = {line["request_id"]: line for line in lines if line["event"] == "http"}
    assert requests.keys() == {"from-the-proxy", *later}
    request = requests["from-the-proxy"]
    loggers = {line["logger"] for line in lines}
    assert loggers >= {"access", "serving.serve", "serving.supervisor", "uvicorn.error"}
    assert len({line["process"] for line in lines}) == 3
    assert request["request_id"] == answer.headers["X-Request-Id"] == "from-the-proxy"
    assert (request["method"], request["client"]) == ("GET", "192.0.2.7")
