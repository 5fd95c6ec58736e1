"""Settings come from the environment; what is wrong is said in one line without the value."""

import base64

import pytest

from whatsapp.settings import Settings, SettingsError, load_settings

KEY = "k1:" + base64.b64encode(b"k" * 32).decode()


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(str(tmp_path))


def test_a_missing_setting_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert str(caught.value) == "ENCRYPTION_KEYS is not set: put it into the environment or .env"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PUBLIC_URL", "ftp://example.com"),
        ("ALLOWED_ORIGINS", "https://app.example.com/path"),
        ("GRAPH_API_VERSION", "25"),
        ("LOG_LEVEL", "LOUD"),
        ("MONGODB_DATABASE", "a/b"),
        ("MEDIA_HOSTS", "lookaside.fbsbx.com,https://cdn.example.com/path"),
        ("MEDIA_HOSTS", "user@example.com"),
        ("MEDIA_STORE_URL", "ftp://example.com"),
        ("ENCRYPTION_KEYS", "k1:c2hvcnQ="),
        ("ENCRYPTION_KEYS", "not-a-ring"),
        ("ENCRYPTION_KEYS", f"{KEY},{KEY}"),
    ],
)
def test_a_malformed_setting_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", KEY)
    monkeypatch.setenv(name, value)

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert str(caught.value).startswith(f"{name} is malformed: ")
    assert "\n" not in str(caught.value)


def test_a_malformed_key_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", "k1:canary-of-a-key")

    with pytest.raises(SettingsError) as caught:
        load_settings()

    assert "canary" not in str(caught.value)


def test_origins_are_a_list_in_one_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", KEY)
    monkeypatch.setenv("ALLOWED_ORIGINS", "https://a.example.com, http://localhost:5173/")

    settings = load_settings()

    assert settings.allowed_origins == ("https://a.example.com", "http://localhost:5173")


def test_secrets_stay_out_of_the_repr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", KEY)
    monkeypatch.setenv("META_APP_SECRET", "canary-secret")
    monkeypatch.setenv("MONGODB_URI", "mongodb://user:canary-password@db.example.com/")

    shown = repr(load_settings())

    assert "canary" not in shown
    assert KEY not in shown


def test_an_empty_app_secret_is_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENCRYPTION_KEYS", KEY)
    monkeypatch.setenv("META_APP_SECRET", "")

    assert load_settings().meta_app_secret is None
