"""The limits in the proxies' files are the server's own."""

import re

from graph.transport.http import MAX_BODY_BYTES as MAX_OPERATION_BYTES
from tests.fixtures.servers import ROOT
from webhooks.route import MAX_BODY_BYTES as MAX_WEBHOOK_BYTES
from whatsapp.common.timeouts import Timeouts
from whatsapp.settings import Settings

MIB = 1024 * 1024
TIMEOUTS = Timeouts()
UPLOAD_BYTES = Settings.model_fields["upload_max_bytes"].default + 2 * MAX_OPERATION_BYTES
NGINX = (ROOT / "deploy/nginx.conf").read_text()
CADDY = (ROOT / "deploy/Caddyfile").read_text()


def test_body_limits_are_the_servers() -> None:
    nginx = [int(size) * MIB for size in re.findall(r"client_max_body_size (\d+)m;", NGINX)]
    caddy = [int(size) * MIB for size in re.findall(r"max_size (\d+)MiB", CADDY)]

    declared = [int(size) for size in re.findall(r"[?:] (\d{6,})", CADDY)]

    assert nginx == sorted(caddy) == sorted(declared) == [MAX_WEBHOOK_BYTES, UPLOAD_BYTES]


def test_timeouts_suit_the_servers() -> None:
    reading = re.findall(r"(?:proxy_read_timeout|proxy_send_timeout) (\d+)s;", NGINX)
    reading += re.findall(r"response_header_timeout (\d+)s", CADDY)
    idle = re.findall(r"keepalive(?:_timeout)? (\d+)s", NGINX + CADDY)

    assert len(reading) == 3
    assert min(map(int, reading)) > TIMEOUTS.upload_deadline_seconds
    # A proxy would send a request over a connection that the server is closing.
    assert len(idle) == 2
    assert max(map(int, idle)) < TIMEOUTS.http_idle_seconds
