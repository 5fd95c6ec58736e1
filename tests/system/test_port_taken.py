"""A port that another process uses: one line and exit code 4."""

import socket
from collections.abc import Callable, Iterator

import pytest

from tests.fixtures.servers import ServerProcess

EXIT_CODE = 4


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


@pytest.mark.parametrize("workers", [1, 2])
def test_server_ends_with_one_line(
    make_server: Callable[..., ServerProcess], taken_port: int, workers: int
) -> None:
    server = make_server(PORT=str(taken_port), WORKERS=str(workers), LOG_LEVEL="INFO")

    server.start(wait_for="")

    assert server.wait(60) == EXIT_CODE
    errors = [line for line in server.log.splitlines() if " INFO " not in line]
    assert errors == [
        f"wagraph: Port {taken_port} is taken: stop what uses it, or set PORT to another port."
    ]
    assert "Serving on" not in server.log


@pytest.mark.parametrize("workers", [1, 2])
def test_server_names_its_address_in_log(
    make_server: Callable[..., ServerProcess], workers: int
) -> None:
    server = make_server(WORKERS=str(workers))

    server.start()

    assert f"Serving on 127.0.0.1:{server.port}" in server.log
