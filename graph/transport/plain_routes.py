"""The routes `/` without the inbox, and `/healthz`, which need neither a credential nor MongoDB."""

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from graph.transport.media_types import MediaType, choose_media_type
from version import VERSION

START_TEXT = """\
wagraph, a GraphQL API server for WhatsApp Business

/graphql    the API, over HTTP, WebSocket and event streams
/healthz    200 if the process runs
/readyz     200 if the server can take traffic
"""


async def respond_alive(request: Request) -> Response:
    """`/healthz`: the process runs. Excludes MongoDB, which a restart of the process can't fix."""
    accept = request.headers.get("accept", "")
    headers = {"Vary": "Accept"}
    if choose_media_type(accept, (MediaType.TEXT, MediaType.JSON)) is MediaType.JSON:
        return JSONResponse({"status": "ok", "version": VERSION}, headers=headers)
    return PlainTextResponse("ok\n", headers=headers)


async def redirect_to_graphiql(_request: Request) -> Response:
    # Relative, so that it works behind a proxy with a path prefix.
    return RedirectResponse("graphql")


async def respond_start(_request: Request) -> Response:
    return PlainTextResponse(START_TEXT)


def plain_routes(*, has_graphiql: bool) -> list[Route]:
    return [
        Route("/", redirect_to_graphiql if has_graphiql else respond_start),
        Route("/healthz", respond_alive),
    ]
