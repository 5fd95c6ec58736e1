"""Settings come from the environment; errors are a line without the value."""

import base64

import pytest

from whatsapp.settings import Settings, SettingsError, load_settings

KEY = "k1:" + base64.b64encode(b"k" * 32).decode()


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(str(tmp_path))


def test_missing_setting_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert str(caught.value) == "ENCRYPTION_KEYS is not set: put it into the environment or .env"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PUBLIC_URL", "ftp://example.com"),
        ("ALLOWED_ORIGINS", "https://app.example.com/path"),
        ("ALLOWED_HEADERS", "X-Tenant, not a name"),
        ("GRAPH_API_VERSION", "25"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("LOG_LEVELS", "webhooks"),
        ("LOG_LEVELS", "webhooks=LOUD"),
        ("LOG_LEVELS", "unknown=DEBUG"),
        ("LOG_LEVELS", "pymongo.command=DEBUG"),
        ("LOG_LEVELS", "uvicorn=DEBUG"),
        ("MONGODB_DATABASE", "a/b"),
        ("MEDIA_HOSTS", "lookaside.fbsbx.com,https://cdn.example.com/path"),
        ("MEDIA_HOSTS", "user@example.com"),
        ("MEDIA_STORE_URL", "ftp://example.com"),
        ("ENCRYPTION_KEYS", "k1:c2hvcnQ="),
        ("ENCRYPTION_KEYS", "not-a-ring"),
        ("ENCRYPTION_KEYS", f"{KEY},{KEY}"),
    ],
)
def test_malformed_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", KEY)
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert str(caught.value).startswith(f"{name} is malformed: ")
    assert "\n" not in str(caught.value)


def test_malformed_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", "k1:canary-of-a-key")

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert "canary" not in str(caught.value)


def test_origins_are_comma_separated_list(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", KEY)
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://a.example.com, http://localhost:5173/")

    settings = load_settings()

    assert settings.allowed_origins == ("https://a.example.com", "http://localhost:5173")


def test_secrets_stay_out_of_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", KEY)
    monkeypatch.setenv("META_APP_SECRET", "canary-secret")
    monkeypatch.setenv("MONGODB_URI", "mongodb://user:canary-password@db.example.com/")

    shown = repr(load_settings())

    assert "canary" not in shown
    assert KEY not in shown


def test_empty_app_secret_is_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", KEY)
    monkeypatch.setenv("META_APP_SECRET", "")

    assert load_settings().meta_app_secret is None


def test_short_verify_token_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", KEY)
    monkeypatch.setenv("META_VERIFY_TOKEN", "canary-of-1")

    with pytest.raises(SettingsError, match=r"META_VERIFY_TOKEN.*12 characters") as caught:
        load_settings()

    assert "canary" not in str(caught.value)


PUBLIC_KEY = """-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAER48tRvnLbx218mAxhFSLA8PBHwCp
uUBYjFjPTQ+KBpoP6KBYYS9wLpAWgh4yxDrwy4j6sH/FgJv51tBqF/isvQ==
-----END PUBLIC KEY-----"""
SECRET = "canary-secret-of-at-least-32-bytes"
JWKS = {
    "JWT_JWKS_URL": "https://id.example.com/keys",
    "JWT_ISSUER": "https://id.example.com/",
    "JWT_AUDIENCE": "wagraph",
}
WRONG_TOKEN_SETTINGS: list[tuple[dict[str, str], str]] = [
    ({"JWT_JWKS_URL": "http://id.example.com/keys"}, "JWT_JWKS_URL is malformed: "),
    ({"JWT_JWKS_URL": "https:///keys"}, "JWT_JWKS_URL is malformed: "),
    (JWKS | {"JWT_ISSUER": ""}, "JWT_ISSUER is not set: "),
    (JWKS | {"JWT_AUDIENCE": ""}, "JWT_AUDIENCE is not set: "),
    (JWKS | {"JWT_KEY": PUBLIC_KEY}, "JWT_JWKS_URL and JWT_KEY are both set: "),
    (JWKS | {"JWT_ALGORITHMS": "none"}, "JWT_ALGORITHMS is malformed: "),
    (JWKS | {"JWT_ALGORITHMS": "RS256,NONE"}, "JWT_ALGORITHMS is malformed: "),
    (JWKS | {"JWT_ALGORITHMS": ""}, "JWT_ALGORITHMS is empty: "),
    (JWKS | {"JWT_ALGORITHMS": "HS256"}, "JWT_ALGORITHMS has HS*"),
    (JWKS | {"JWT_ALGORITHMS": "RS256,HS256"}, "JWT_ALGORITHMS mixes HS*"),
    (JWKS | {"JWT_ROLES": "owner"}, "JWT_ROLES is malformed: "),
    (JWKS | {"JWT_ROLES": "owner=ROOT"}, "JWT_ROLES is malformed: "),
    ({"JWT_KEY": SECRET}, "JWT_KEY is malformed: it fits none of JWT_ALGORITHMS: add HS256"),
    ({"JWT_KEY": "short", "JWT_ALGORITHMS": "HS256"}, "JWT_KEY is malformed: it is too short"),
    ({"JWT_KEY": SECRET, "JWT_ALGORITHMS": "HS512"}, "JWT_KEY is malformed: it is too short"),
    ({"JWT_KEY": PUBLIC_KEY, "JWT_ALGORITHMS": "HS256"}, "JWT_KEY is malformed: it fits none"),
    ({"JWT_KEY": PUBLIC_KEY, "JWT_ALGORITHMS": "RS256"}, "JWT_KEY is malformed: it fits none"),
    (
        {"JWT_KEY": PUBLIC_KEY.replace("PUBLIC", "PRIVATE")},
        "JWT_KEY is malformed: it is a private key",
    ),
    ({"AUDIT_DAYS": "0"}, "AUDIT_DAYS is malformed: "),
]


@pytest.mark.parametrize(("environment", "said"), WRONG_TOKEN_SETTINGS)
def test_token_settings_that_would_be_unsafe_end_start(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], said: str
) -> None:
    for name, value in ({"ENCRYPTION_KEYS": KEY} | environment).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert str(caught.value).startswith(said)
    assert "\n" not in str(caught.value)
    assert "canary" not in str(caught.value)


RIGHT_TOKEN_SETTINGS = [
    JWKS,
    JWKS | {"JWT_JWKS_URL": "http://127.0.0.1:8080/keys", "JWT_ALGORITHMS": "EdDSA, ES384"},
    {"JWT_KEY": PUBLIC_KEY},
    {"JWT_KEY": PUBLIC_KEY.replace("\n", "\\n")},
    {"JWT_KEY": SECRET, "JWT_ALGORITHMS": "HS256"},
    {"JWT_ROLES": "a=b=ADMIN, owner = agent", "JWT_ISSUER": ""},
]


@pytest.mark.parametrize("environment", RIGHT_TOKEN_SETTINGS)
def test_token_settings_may_come_in_several_forms(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]
) -> None:
    for name, value in ({"ENCRYPTION_KEYS": KEY} | environment).items():
        monkeypatch.setenv(name, value)

    assert "canary" not in repr(load_settings())
