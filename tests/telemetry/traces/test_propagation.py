"""`traceparent` of requests: a parent from trusted proxies, a link from anybody else."""

import httpx
import pytest

from telemetry.logs import configure_logging
from tests.fixtures.graphql import GraphQLClient
from tests.telemetry.traces.span_kit import Spans, get_trace

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
QUERY = {"query": "{ viewer { role } }"}


async def post(
    http: httpx.AsyncClient, admin: GraphQLClient, traceparent: str, tracestate: str = ""
) -> None:
    headers = {"Authorization": f"Bearer {admin.token}", "traceparent": traceparent}
    headers["tracestate"] = tracestate
    answer = await http.post("/graphql", json=QUERY, headers=headers)
    assert answer.json()["data"]["viewer"]["role"] == "ADMIN"


async def test_trusted_traceparent_is_parent(admin: GraphQLClient, spans: Spans, port: int) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        await post(http, admin, f"00-{TRACE}-{SPAN}-01")

    request = await spans.wait_for("POST /graphql")
    assert request.parent is not None
    assert (f"{get_trace(request):032x}", f"{request.parent.span_id:016x}") == (TRACE, SPAN)
    assert request.links == ()


async def test_unsampled_trusted_traceparent_is_not_recorded(
    admin: GraphQLClient, spans: Spans, port: int
) -> None:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http:
        await post(http, admin, f"00-{TRACE}-{SPAN}-00")
        await post(http, admin, f"00-{TRACE[::-1]}-{SPAN}-01")

    await spans.wait_for("POST /graphql")
    assert {f"{get_trace(span):032x}" for span in spans.all} == {TRACE[::-1]}


async def test_untrusted_traceparent_is_link(admin: GraphQLClient, spans: Spans) -> None:
    for flags in ("00", "01"):
        await post(admin.http, admin, f"00-{TRACE}-{SPAN}-{flags}")

    requests = spans.find("POST /graphql")
    assert len(requests) == 2
    for request in requests:
        assert request.parent is None
        assert f"{get_trace(request):032x}" != TRACE
        [link] = request.links
        assert f"{link.context.span_id:016x}" == SPAN


async def test_malformed_traceparent_is_ignored(admin: GraphQLClient, spans: Spans) -> None:
    for text in ("", "x", f"00-{'0' * 32}-{SPAN}-01", f"ff-{TRACE}-{SPAN}-01"):
        await post(admin.http, admin, text)

    requests = spans.find("POST /graphql")
    assert len(requests) == 4
    assert all((request.parent, request.links) == (None, ()) for request in requests)


@pytest.mark.parametrize(
    "tracestate", ["canary=1,canary=2", "canary=1," * 1000], ids=["duplicate", "long"]
)
async def test_mistakes_in_trace_headers_are_not_logged(
    admin: GraphQLClient, spans: Spans, capsys: pytest.CaptureFixture[str], tracestate: str
) -> None:
    configure_logging("INFO")

    await post(admin.http, admin, f"00-{TRACE}-{SPAN}-01", tracestate)
    await post(admin.http, admin, "0" * 1000)

    assert len(spans.find("POST /graphql")) == 2
    logged = capsys.readouterr().err
    assert "canary" not in logged
    assert "opentelemetry" not in logged
