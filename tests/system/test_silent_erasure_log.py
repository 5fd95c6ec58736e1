"""A store that accepts connections and never answers, as the erasure log."""

import socket
from collections.abc import Callable

import httpx
import pytest

from tests.fixtures.servers import ServerProcess
from tests.fixtures.waiting import eventually


@pytest.mark.usefixtures("database")
async def test_silent_erasure_log_delays_no_start(
    make_server: Callable[..., ServerProcess],
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = make_server(
            {"erasure_log_seconds": 0.5, "restore_poll_seconds": 0.1},
            ERASURE_LOG_URL="s3://bucket/log",
            AWS_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}",
            AWS_ALLOW_HTTP="true",
            AWS_ACCESS_KEY_ID="test",
            AWS_SECRET_ACCESS_KEY="test",
            AWS_REGION="us-east-1",
        )
        server.start()
        async with httpx.AsyncClient(base_url=server.url, trust_env=False) as http:

            async def is_ready() -> bool:
                return (await http.get("/readyz")).status_code == 200

            await eventually(is_ready)
        server.stop()

    assert "the erasure log is unavailable (no answer within 0.5 s)" in server.log
