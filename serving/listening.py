"""The sockets that all workers accept connections from."""

import errno
import socket

BACKLOG = 2048
# What a machine without IPv6 answers for the second address of `localhost`.
_NO_SUCH_FAMILY = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


class ListenError(Exception):
    """Nobody can be served at HOST and PORT; the message is one line."""


def open_listeners(host: str, port: int) -> list[socket.socket]:
    """One listening socket for each address of the host.

    Raises:
        ListenError
    """
    listeners: list[socket.socket] = []
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, address in {one[0]: one[4] for one in found}.items():
            listener = _open(family, str(address[0]), port)
            if listener is not None:
                listeners.append(listener)
    except OSError as error:
        for listener in listeners:
            listener.close()
        raise ListenError(f"HOST {host} and PORT {port} can't be used: {error.strerror}") from None
    if not listeners:
        raise ListenError(f"HOST {host} is no address of this machine")
    return listeners


def _open(family: int, address: str, port: int) -> socket.socket | None:
    try:
        return socket.create_server((address, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if family == socket.AF_INET6 and error.errno in _NO_SUCH_FAMILY:
            return None
        raise
