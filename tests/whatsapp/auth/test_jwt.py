"""Tokens of an identity provider as credentials: rights and refusals."""

import base64
import json
import time
from typing import Any

import httpx
import jwt
import pytest

from graph.transport.http import MAX_CREDENTIAL_LENGTH
from models import Account, Role
from tests.conftest import make_settings
from tests.fixtures.graphql import GraphQLClient
from tests.fixtures.said import conversation_id, id_of, write_message
from tests.fixtures.tokens import AUDIENCE, ISSUER, SECRET, SETTINGS, make_claims, make_token
from whatsapp.auth.identity_provider import IdentityProvider, create_identity_provider
from whatsapp.settings import Settings

VIEWER = "{ viewer { id kind name role expiresAt accounts { nodes { name } } } }"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return make_settings(
        mongodb_uri=settings.mongodb_uri, mongodb_database=settings.mongodb_database, **SETTINGS
    )


def make_provider(**changes: Any) -> IdentityProvider:
    provider = create_identity_provider(make_settings(**SETTINGS | changes))
    assert provider is not None
    return provider


async def find_code(client: httpx.AsyncClient, token: str) -> str | None:
    return await GraphQLClient(client, token).find_error_code("{ viewer { name } }")


async def test_token_gives_viewer_and_scope(
    client: httpx.AsyncClient, account: Account, other_account: Account
) -> None:
    token = make_token("agent", [account], seconds=600)

    shown = (await GraphQLClient(client, token)(VIEWER))["viewer"]

    assert shown.pop("expiresAt") is not None
    assert shown == {
        "id": "user-1",
        "kind": "JWT",
        "name": "Ada",
        "role": "AGENT",
        "accounts": {"nodes": [{"name": account.name}]},
    }


async def test_holder_sends_under_their_name(client: httpx.AsyncClient, account: Account) -> None:
    received = await write_message(account, "15550001111", "hello")
    send = """mutation ($id: ID!) { sendMessage(input: {
      to: {conversationId: $id}, content: {text: {body: "Hi"}} }) {
      message { sender { ... on AgentSender { agent { name } via } } } userErrors { code } } }"""

    sent = await GraphQLClient(client, make_token(Role.AGENT))(send, id=conversation_id(received))

    assert sent["sendMessage"] == {
        "message": {"sender": {"agent": {"name": "Ada"}, "via": None}},
        "userErrors": [],
    }


async def test_token_scope_is_enforced(
    client: httpx.AsyncClient, account: Account, other_account: Account
) -> None:
    hidden = await write_message(other_account, "15550009999", "hidden words")
    holder = GraphQLClient(client, make_token(Role.VIEWER, [account]))
    query = "query ($id: ID!) { node(id: $id) { id } conversations { edges { cursor } } }"

    assert await holder(query, id=id_of(hidden)) == {"node": None, "conversations": {"edges": []}}
    assert await holder.find_error_code("{ apiKeys { edges { cursor } } }") == "FORBIDDEN"


def sign(claims: object, *, header: dict[str, Any] | None = None, secret: str = SECRET) -> str:
    """Returns a signed token with any claims, including claims that PyJWT refuses."""
    body = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    return jwt.api_jws.encode(body, secret, algorithm="HS256", headers=header)


def encode(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")


def list_bad_tokens() -> dict[str, str]:
    good = make_token()
    head, body, signature = good.split(".")
    unsigned = f"{encode({'alg': 'none', 'typ': 'JWT'})}.{body}."
    return {
        "empty": "x",
        "two parts": f"{head}.{body}",
        "four parts": f"{good}.x",
        "no signature": f"{head}.{body}.",
        "another's signature": f"{head}.{body}.{'A' * len(signature)}",
        "changed": f"{head}.{encode(make_claims(sub='root'))}.{signature}",
        "not signed": unsigned,
        "not signed, in other case": unsigned.replace(head, encode({"alg": "nOnE"})),
        "not signed, yet with a signature": f"{encode({'alg': 'none'})}.{body}.{signature}",
        "another secret": make_token(key="another secret of at least 32 bytes, too"),
        "another algorithm": make_token(algorithm="HS384", key=SECRET * 2),
        "algorithm is a list": f"{encode({'alg': ['HS256']})}.{body}.{signature}",
        "algorithm is a number": f"{encode({'alg': 256})}.{body}.{signature}",
        "header is a list": f"{encode(['HS256'])}.{body}.{signature}",
        "key id is a number": f"{encode({'alg': 'HS256', 'kid': 1})}.{body}.{signature}",
        "unknown critical header": sign(make_claims(), header={"crit": ["x"], "x": 1}),
        "expired": make_token(seconds=-1),
        "expired just now": make_token(seconds=-30),
        "never expires": make_token(exp=None),
        "expires beyond all time": sign(make_claims() | {"exp": 10**18}),
        "expires at no number": sign(make_claims() | {"exp": "soon"}),
        "expires at infinity": sign(b'{"exp": 1e999, "sub": "x"}'),
        "expires in a list": sign(make_claims() | {"exp": [1]}),
        "of another issuer": make_token(iss="https://evil.test/"),
        "of no issuer": make_token(iss=None),
        "issuer is a list": sign(make_claims() | {"iss": [ISSUER]}),
        "for somebody else": make_token(aud="billing"),
        "for nobody": make_token(aud=None),
        "audience is an object": sign(make_claims() | {"aud": {AUDIENCE: 1}}),
        "not yet": make_token(nbf=int(time.time()) + 120),
        "made in the future": make_token(iat=int(time.time()) + 120),
        "no subject": make_token(sub=None),
        "empty subject": make_token(sub=""),
        "subject is a number": sign(make_claims() | {"sub": 1}),
        "half a character": sign(make_claims() | {"sub": "\ud800"}),
        "subject of control codes": sign(make_claims() | {"sub": "a\n\x00"}),
        "long subject": make_token(sub="x" * 256),
        "no role": make_token(None),
        "unknown role": make_token("owner"),
        "role is an object": make_token({"ADMIN": True}),
        "claims are a list": sign(["sub"]),
        "claims are no JSON": sign(b"{"),
        "claims are deep": sign(b"[" * 3000),
        "a number too long": sign(b'{"exp": ' + b"9" * 5000 + b"}"),
        "padding": f"{good}=",
        "blanks": f"{head}. {body}.{signature}",
        "too long": make_token(extra="x" * MAX_CREDENTIAL_LENGTH),
    }


async def test_invalid_token_is_unauthenticated(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    tokens = list_bad_tokens()

    found = {name: await find_code(client, token) for name, token in tokens.items()}

    assert {name: code for name, code in found.items() if code != "UNAUTHENTICATED"} == {}
    assert await find_code(client, make_token()) is None
    logged = caplog.text
    assert [name for name, token in tokens.items() if len(token) > 9 and token in logged] == []
    assert SECRET not in logged


async def test_slightly_fast_clock_is_accepted(client: httpx.AsyncClient) -> None:
    soon = int(time.time()) + 50

    assert await find_code(client, make_token(nbf=soon, iat=soon)) is None


async def test_long_token_is_read(client: httpx.AsyncClient) -> None:
    assert await find_code(client, make_token(groups=["x" * 40] * 100)) is None


async def test_without_provider_token_is_no_credential() -> None:
    assert create_identity_provider(make_settings()) is None


ROLES: list[tuple[dict[str, Any], dict[str, Any], Role | None]] = [
    ({}, {"role": "viewer"}, Role.VIEWER),
    ({}, {"role": ["offline_access", "Agent", "VIEWER", 1]}, Role.AGENT),
    ({}, {"role": ["offline_access"]}, None),
    ({"jwt_role_claim": "app_metadata.wagraph.role"}, {"role": "ADMIN"}, None),
    (
        {"jwt_role_claim": "app_metadata.wagraph.role"},
        {"app_metadata": {"wagraph": {"role": "ADMIN"}}},
        Role.ADMIN,
    ),
    ({"jwt_role_claim": "a.role"}, {"a": "x"}, None),
    (
        {"jwt_role_claim": "https://wagraph.example/role"},
        {"https://wagraph.example/role": "AGENT"},
        Role.AGENT,
    ),
    ({"jwt_roles": "owner=ADMIN, Support Team = agent"}, {"role": "support team"}, Role.AGENT),
    ({"jwt_roles": "owner=ADMIN"}, {"role": "ADMIN"}, None),
]


@pytest.mark.parametrize(
    ("changes", "claims", "role"),
    ROLES,
    ids=[
        *("text", "highest of list", "unknown name", "missing path", "path"),
        *("path through text", "claim named by URL", "mapped name", "unmapped name"),
    ],
)
async def test_roles_are_read_from_configured_claim(
    changes: dict[str, Any], claims: dict[str, Any], role: Role | None
) -> None:
    token = sign(make_claims() | {"role": None} | claims)

    viewer = await make_provider(**changes).authenticate(token)

    assert (viewer and viewer.role) == role


async def test_accounts_are_read_from_configured_claim(
    account: Account, subtests: pytest.Subtests
) -> None:
    own = frozenset({account.id})
    cases: list[tuple[dict[str, Any], object, frozenset[Any] | None]] = [
        ({}, "*", None),
        ({}, ["*"], None),
        ({}, ..., frozenset()),
        ({"jwt_all_accounts": True}, ..., None),
        ({"jwt_all_accounts": True}, None, frozenset()),
        ({"jwt_all_accounts": True}, {}, frozenset()),
        ({"jwt_all_accounts": True}, [], frozenset()),
        ({}, id_of(account), own),
        ({}, [str(account.id)], own),
        ({}, [id_of(account), "nonsense", "é", 1, None, ["*"], str(account.id)], own),
        ({}, 1, frozenset()),
    ]
    for changes, value, accounts in cases:
        with subtests.test(changes=changes, value=value):
            claims = make_claims(accounts=None)
            token = sign(claims if value is ... else claims | {"accounts": value})
            viewer = await make_provider(**changes).authenticate(token)

            assert viewer is not None
            assert viewer.account_ids == accounts


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("Ada  Lovelace ", "Ada Lovelace", id="spaces"),
        pytest.param(" ", "user-1", id="blank"),
        pytest.param("a\nb", "user-1", id="control character"),
        pytest.param("x" * 300, "x" * 200, id="too long"),
        pytest.param(None, "user-1", id="missing"),
    ],
)
async def test_name_of_viewer_is_cleaned(name: str | None, expected: str) -> None:
    viewer = await make_provider().authenticate(make_token(name=name))

    assert viewer is not None
    assert viewer.name == expected
