"""Every bad value is told by the name of its variable, with what to do, and without the value."""

import base64

import pytest

from tenants.settings import ConfigurationError, Environment, read_settings

PROVIDER = (
    '[{"key": "acme-id", "name": "Acme", "issuer": "https://id.acme.example", "client_id": "x",'
    ' "client_secret": "hunter2"}]'
)
KEY = base64.b64encode(bytes(32)).decode()


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "DATABASE_URL",
        "MIGRATION_DATABASE_URL",
        "BENCHMARK_DATABASE_URL",
        "AZIMUTH_MASTER_KEY",
        "AZIMUTH_ENV",
    ):
        monkeypatch.delenv(name, raising=False)


def test_without_any_variable_it_is_a_development_machine() -> None:
    settings = read_settings()
    assert settings.environment is Environment.DEVELOPMENT
    assert settings.database_url is None


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DATABASE_URL", "mysql://u:hunter2@db/x", "must start with postgresql://"),
        ("AZIMUTH_MASTER_KEY", "not base64!", "must be base64"),
        ("AZIMUTH_MASTER_KEY", base64.b64encode(b"hunter2").decode(), "must be 32 bytes in base64, not 7"),
        ("AZIMUTH_PUBLIC_URL", "api.example.com", "https://api.example.com"),
        ("AZIMUTH_PORT", "99999", "65535"),
        ("AZIMUTH_LOG_LEVEL", "chatty", "DEBUG, INFO, WARNING or ERROR"),
        ("AZIMUTH_ENV", "staging", "'development', 'test' or 'production'"),
        ("AZIMUTH_SHOPIFY_BASE_URL", "https://shop.example.com", "must contain {shop}"),
        ("AZIMUTH_TICK_SECONDS", "soon", "number"),
        ("AZIMUTH_SIGN_IN_PROVIDERS", '[{"client_secret": "hunter2"', "JSON list"),
        ("AZIMUTH_SIGN_IN_PROVIDERS", PROVIDER.replace("https:", "http:"), "https"),
        ("AZIMUTH_SIGN_IN_PROVIDERS", PROVIDER.replace("acme-id", "ACME/"), "pattern"),
        ("AZIMUTH_SIGN_IN_PROVIDERS", PROVIDER.replace("client_secret", "secret"), "required"),
        ("AZIMUTH_SIGN_IN_PROVIDERS", f"[{PROVIDER[1:-1]}, {PROVIDER[1:-1]}]", "of its own"),
    ],
)
def test_a_bad_value_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as refused:
        read_settings()
    line = str(refused.value)
    assert line.startswith(f"{name}: ")
    assert words in line
    assert "hunter2" not in line
    assert "hunter2" not in line


def test_all_bad_values_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZIMUTH_PORT", "x")
    monkeypatch.setenv("AZIMUTH_LOG_LEVEL", "x")
    with pytest.raises(ConfigurationError) as refused:
        read_settings()
    assert len(str(refused.value).splitlines()) == 2


def test_production_refuses_the_embedded_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZIMUTH_ENV", "production")
    with pytest.raises(ConfigurationError, match="DATABASE_URL and AZIMUTH_MASTER_KEY must be set"):
        read_settings()


def test_production_speaks_https(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZIMUTH_ENV", "production")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@db/azimuth")
    monkeypatch.setenv("AZIMUTH_MASTER_KEY", KEY)
    monkeypatch.setenv("AZIMUTH_PUBLIC_URL", "http://api.example.com")
    with pytest.raises(ConfigurationError, match="https"):
        read_settings()
    monkeypatch.setenv("AZIMUTH_PUBLIC_URL", "https://api.example.com/")
    assert read_settings().public_url == "https://api.example.com"


def test_a_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:hunter2@db/azimuth")
    monkeypatch.setenv("AZIMUTH_MASTER_KEY", KEY)
    shown = repr(read_settings())
    assert "hunter2" not in shown
    assert KEY not in shown


def test_providers_are_read_and_their_secrets_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZIMUTH_SIGN_IN_PROVIDERS", PROVIDER)
    monkeypatch.setenv("AZIMUTH_LOCAL_ACCOUNTS", "false")
    settings = read_settings()
    (provider,) = settings.sign_in_providers
    assert (provider.key, provider.client_secret.get_secret_value()) == ("acme-id", "hunter2")
    assert "hunter2" not in repr(settings)


def test_somebody_must_be_able_to_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZIMUTH_LOCAL_ACCOUNTS", "false")
    with pytest.raises(ConfigurationError, match="AZIMUTH_SIGN_IN_PROVIDERS must name one"):
        read_settings()
