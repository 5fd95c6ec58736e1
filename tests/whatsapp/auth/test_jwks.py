"""Keys that an identity provider publishes: fetched, kept, changed, and never trusted blindly."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as make_ec_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as make_rsa_key
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from models import Role
from models.database.base import DEFAULT_WORKSPACE_ID
from tests.conftest import make_settings
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.timeouts import with_timeouts
from tests.fixtures.tokens import AUDIENCE, ISSUER, SECRET, make_token
from tests.fixtures.waiting import eventually
from tests.graph.socket_kit import open_socket, serve
from version import USER_AGENT
from whatsapp.auth.api_keys import create_api_key
from whatsapp.settings import Settings

RSA, SHORT_RSA = make_rsa_key(65537, 2048), make_rsa_key(65537, 1024)
EC, OTHER_EC, OKP = make_ec_key(SECP256R1()), make_ec_key(SECP256R1()), Ed25519PrivateKey.generate()
_ALGORITHMS = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}


def publish(key: Any, kid: str | None, **fields: Any) -> dict[str, Any]:
    """The public half as a provider shows it."""
    name = type(key).__name__
    kind = "RSA" if "RSA" in name else "OKP" if "25519" in name else "EC"
    algorithm = jwt.get_algorithm_by_name(_ALGORITHMS[kind])
    shown: dict[str, Any] = algorithm.to_jwk(key.public_key(), as_dict=True)
    shown.pop("key_ops", None)
    return shown | ({} if kid is None else {"kid": kid}) | fields


class Provider:
    """The response of `/keys`, and its number of requests."""

    def __init__(self) -> None:
        self.keys: list[Any] = [publish(EC, "one")]
        self.answer: Response | None = None
        self.requests = 0
        self.user_agents: set[str] = set()

    async def show_keys(self, request: Request) -> Response:
        self.requests += 1
        self.user_agents.add(request.headers["User-Agent"])
        return self.answer or JSONResponse({"keys": self.keys})


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
async def settings(settings: Settings, provider: Provider) -> AsyncIterator[Settings]:
    site = Starlette(routes=[Route("/keys", provider.show_keys)])
    async with serve(site) as port:
        yield make_settings(
            mongodb_uri=settings.mongodb_uri,
            mongodb_database=settings.mongodb_database,
            jwt_jwks_url=f"http://127.0.0.1:{port}/keys",
            jwt_algorithms="RS256,PS256,ES256,EdDSA",
            jwt_issuer=ISSUER,
            jwt_audience=f"other,{AUDIENCE}",
        )


pytestmark = with_timeouts(jwks_keep_seconds=0.2, jwks_pause_seconds=0.1)


def sign(key: Any, kid: str | None, algorithm: str = "ES256", **changes: Any) -> str:
    headers = None if kid is None else {"kid": kid}
    return make_token(key=key, algorithm=algorithm, headers=headers, **changes)


async def find_code(client: httpx.AsyncClient, token: str) -> str | None:
    return await GraphQLClient(client, token).find_error_code("{ viewer { name } }")


async def test_every_kind_of_published_key_is_used(
    client: httpx.AsyncClient, provider: Provider
) -> None:
    provider.keys = [publish(RSA, "r"), publish(EC, "e"), publish(OKP, "o")]
    tokens = [
        sign(RSA, "r", "RS256"),
        sign(RSA, "r", "PS256"),
        sign(EC, "e"),
        sign(OKP, "o", "EdDSA"),
        sign(OKP, None, "EdDSA"),
    ]

    assert [await find_code(client, token) for token in tokens] == [None] * 5
    assert provider.requests >= 1
    assert provider.user_agents == {USER_AGENT}


@pytest.mark.filterwarnings("ignore:The RSA key is 1024 bits long")  # PyJWT, while signing
async def test_token_must_fit_its_key(client: httpx.AsyncClient, provider: Provider) -> None:
    provider.keys = [
        "nonsense",
        {"kty": "RSA", "kid": "broken", "n": 1},
        {"kty": "EC", "kid": "nowhere", "crv": "P-1"},
        {"kty": "oct", "kid": "shared", "k": "c2VjcmV0LW9mLWF0LWxlYXN0LTMyLWJ5dGVzLXllcw"},
        publish(SHORT_RSA, "short"),
        publish(EC, "encryption", use="enc"),
        publish(RSA, "only-ps", alg="PS256"),
        publish(EC, "one"),
    ]
    tokens = {
        "a key that is too short": sign(SHORT_RSA, "short", "RS256"),
        "a key for encryption": sign(EC, "encryption"),
        "the key's other algorithm": sign(RSA, "only-ps", "RS256"),
        "another key under this id": sign(OTHER_EC, "one"),
        "an unknown id": sign(EC, "unknown"),
        "an id of another key": sign(EC, "only-ps"),
        "a secret that is published": sign(SECRET, "shared", "HS256"),
        "an algorithm that is not allowed": sign(RSA, "only-ps", "RS512"),
    }

    found = {name: await find_code(client, token) for name, token in tokens.items()}

    assert found == dict.fromkeys(tokens, "UNAUTHENTICATED")
    assert await find_code(client, sign(EC, "one")) is None
    assert await find_code(client, sign(RSA, "only-ps", "PS256")) is None


async def test_new_key_replaces_old_key(client: httpx.AsyncClient, provider: Provider) -> None:
    old, new = sign(EC, "one"), sign(OTHER_EC, "two")
    assert await find_code(client, old) is None
    provider.keys = [publish(OTHER_EC, "two")]

    async def is_known() -> bool:
        return await find_code(client, new) is None

    async def is_gone() -> bool:
        return await find_code(client, old) == "UNAUTHENTICATED"

    await eventually(is_known)
    await eventually(is_gone)


async def test_unknown_key_ids_rarely_trigger_fetches(
    client: httpx.AsyncClient, provider: Provider
) -> None:
    assert await find_code(client, sign(EC, "one")) is None
    loop = asyncio.get_running_loop()
    started, before = loop.time(), provider.requests

    made_up = (find_code(client, sign(OTHER_EC, f"made-up-{number}")) for number in range(50))
    codes = set(await asyncio.gather(*made_up))

    rounds = (loop.time() - started) / 0.1
    assert codes == {"UNAUTHENTICATED"}
    assert provider.requests - before <= rounds + 2


async def test_keys_stay_good_while_provider_is_away(
    client: httpx.AsyncClient, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    token = sign(EC, "one")
    assert await find_code(client, token) is None
    answers = [
        Response("oops", status_code=500),
        Response("<html>"),
        JSONResponse([]),
        JSONResponse({"keys": {}}),
        JSONResponse({"keys": []}),
        JSONResponse({"keys": [{"kty": "RSA"}] * 101}),
        Response(b'{"keys": [], "x": "' + b"x" * 300_000 + b'"}'),
        Response(b"[" * 100_000),
        RedirectResponse("/elsewhere"),
    ]

    for provider.answer in answers:
        before = provider.requests

        async def was_asked(before: int = before) -> bool:
            assert await find_code(client, token) is None
            return provider.requests > before

        await eventually(was_asked)
        assert await find_code(client, token) is None
    assert "The identity provider's keys can't be fetched" in caplog.text


async def test_tokens_are_undecided_before_first_fetch(
    app: Any, client: httpx.AsyncClient, provider: Provider, database: Any
) -> None:
    provider.answer = Response(status_code=503)
    token = sign(EC, "one")
    _, api_key = await create_api_key(DEFAULT_WORKSPACE_ID, name="x", role=Role.ADMIN)

    assert await find_code(client, token) == "SERVICE_UNAVAILABLE"
    assert await find_code(client, api_key) is None
    path = "/media/" + "6" * 24
    file = await client.get(path, headers={"Authorization": f"Bearer {token}"})
    assert file.status_code == 503
    async with serve(app) as port, open_socket(port) as ws:
        await ws.send({"type": "connection_init", "payload": {"Authorization": token}})
        assert (await ws.find_close())[0] == 1013

    provider.answer = None

    async def is_back() -> bool:
        return await find_code(client, token) is None

    await eventually(is_back)


async def test_malformed_token_triggers_no_fetch(
    client: httpx.AsyncClient, provider: Provider, subtests: pytest.Subtests
) -> None:
    for credential in ("x", "a.b.c", "wag_x", sign(SECRET, None, "HS256")):
        with subtests.test(credential=credential):
            assert await find_code(client, credential) == "UNAUTHENTICATED"

    assert provider.requests == 0
