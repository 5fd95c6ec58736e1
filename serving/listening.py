"""The listening sockets that all workers share."""

import errno
import socket

from whatsapp.settings import Settings

BACKLOG = 2048
# Errors for the IPv6 address of `localhost` on machines without IPv6.
_NO_SUCH_FAMILY = {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}


class ListenError(Exception):
    """HOST and PORT can't be used; the message is one line."""

    exit_code = 1


class PortTaken(ListenError):
    """Another process listens on the port."""

    exit_code = 4


def open_all_listeners(settings: Settings) -> list[socket.socket]:
    """Opens the listening sockets of PORT and, if it is set, METRICS_PORT.

    Raises:
        ListenError, PortTaken
    """
    listeners = open_listeners(settings.host, settings.port)
    if not settings.metrics_port:
        return listeners
    try:
        metrics = open_listeners(settings.metrics_host, settings.metrics_port, prefix="METRICS_")
    except ListenError:
        close_listeners(listeners)
        raise
    return [*listeners, *metrics]


def open_listeners(host: str, port: int, *, prefix: str = "") -> list[socket.socket]:
    """Opens a listening socket for each address of the host.

    `prefix` of the settings' names is for messages.

    Raises:
        ListenError, PortTaken
    """
    listeners: list[socket.socket] = []
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        for family, address in {info[0]: info[4] for info in infos}.items():
            listener = _open(family, str(address[0]), port)
            if listener is not None:
                listeners.append(listener)
    except OSError as error:
        close_listeners(listeners)
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(
                f"Port {port} is taken: stop what uses it, or set {prefix}PORT to another port."
            ) from None
        raise ListenError(
            f"{prefix}HOST {host} and {prefix}PORT {port} can't be used: {error.strerror}"
        ) from None
    if not listeners:
        raise ListenError(f"{prefix}HOST {host} is not an address of this machine")
    return listeners


def close_listeners(listeners: list[socket.socket]) -> None:
    for listener in listeners:
        listener.close()


def format_addresses(listeners: list[socket.socket]) -> str:
    names = [listener.getsockname() for listener in listeners]
    return ", ".join(
        f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port, *_ in names
    )


def _open(family: int, address: str, port: int) -> socket.socket | None:
    try:
        return socket.create_server((address, port), family=family, backlog=BACKLOG)
    except OSError as error:
        if family == socket.AF_INET6 and error.errno in _NO_SUCH_FAMILY:
            return None
        raise
