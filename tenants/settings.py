"""Configuration, read once from the environment. Every bad value is named with its remedy."""

import base64
import binascii
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class Environment(StrEnum):
    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class ConfigurationError(Exception):
    """The configuration cannot be used; the message names each variable and what to do."""


class SignInProvider(BaseModel):
    """An OpenID Connect provider at which people sign in. `key` stands in the redirect URI that is registered there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    key: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    name: str = Field(min_length=1, max_length=60)
    issuer: str
    client_id: str = Field(min_length=1)
    client_secret: SecretStr

    @field_validator("issuer")
    @classmethod
    def _secure(cls, value: str) -> str:
        address = urlsplit(value)
        loopback = address.scheme == "http" and address.hostname in LOOPBACK
        if not (loopback or address.scheme == "https") or not address.hostname or address.query or address.fragment:
            raise ValueError("must be the issuer's https address, without query and fragment")
        return value


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="AZIMUTH_", extra="ignore", frozen=True, populate_by_name=True)

    environment: Environment = Field(Environment.DEVELOPMENT, alias="AZIMUTH_ENV")
    database_url: SecretStr | None = Field(None, alias="DATABASE_URL")
    migration_database_url: SecretStr | None = Field(None, alias="MIGRATION_DATABASE_URL")
    benchmark_database_url: SecretStr | None = Field(None, alias="BENCHMARK_DATABASE_URL")
    public_url: str = "http://127.0.0.1:8400"
    host: str = "127.0.0.1"
    port: int = Field(8400, ge=0, le=65535)
    processes: int = Field(1, ge=1, le=64)
    state_dir: Path = Path(".azimuth")
    keyring_dir: Path | None = None
    master_key: SecretStr | None = None
    log_level: str = "INFO"
    slow_milliseconds: float = Field(500.0, ge=0, le=3_600_000)
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = Field(None, ge=0, le=65535)
    pool_size: int = Field(10, ge=1, le=200)
    remembered_values: int = Field(50_000, ge=0, le=10_000_000)
    statement_timeout_seconds: float = Field(10.0, gt=0, le=600)
    job_statement_timeout_seconds: float = Field(300.0, gt=0, le=3600)
    operation_points: int = Field(10_000, ge=100, le=1_000_000_000)
    budget_points: int = Field(50_000, ge=100, le=1_000_000_000)
    budget_points_per_second: int = Field(2_500, ge=1, le=1_000_000_000)
    access_token_seconds: int = Field(3600, ge=60, le=86400)
    local_accounts: bool = True
    sign_in_providers: tuple[SignInProvider, ...] = ()
    sign_in_provider_seconds: float = Field(10.0, gt=0, le=60)
    sync_overlap_seconds: int = Field(600, ge=0, le=86400)
    sync_interval_seconds: float = Field(900.0, ge=1, le=86400)
    page_size: int = Field(250, ge=1, le=250)
    lease_seconds: float = Field(30.0, ge=1, le=3600)
    retry_seconds: float = Field(60.0, ge=1, le=86400)
    tick_seconds: float = Field(5.0, ge=0.1, le=300)
    subscriptions: int = Field(2000, ge=0, le=100_000)
    subscriptions_per_app: int = Field(500, ge=0, le=100_000)
    subscriptions_per_connection: int = Field(100, ge=1, le=10_000)
    subscription_interval_milliseconds: float = Field(200.0, ge=0, le=60_000)
    subscription_check_seconds: float = Field(20.0, gt=0, le=30)
    subscription_ping_seconds: float = Field(15.0, gt=0, le=300)
    subscription_init_seconds: float = Field(10.0, gt=0, le=60)
    subscription_idle_seconds: float = Field(300.0, gt=0, le=86400)
    subscription_send_seconds: float = Field(10.0, gt=0, le=60)
    shopify_base_url: str = "https://{shop}"

    @field_validator("public_url")
    @classmethod
    def _absolute(cls, value: str) -> str:
        if not value.startswith(("http://", "https://")):
            raise ValueError("must be an absolute http(s) address, for example https://api.example.com")
        return value.rstrip("/")

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        level = value.upper()
        if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return level

    @field_validator("database_url", "migration_database_url", "benchmark_database_url")
    @classmethod
    def _postgresql(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not value.get_secret_value().startswith(("postgresql://", "postgres://")):
            raise ValueError("must start with postgresql://")
        return value

    @field_validator("master_key")
    @classmethod
    def _thirty_two_bytes(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            decode_master_key(value)
        return value

    @field_validator("shopify_base_url")
    @classmethod
    def _shop_template(cls, value: str) -> str:
        if "{shop}" not in value:
            raise ValueError("must contain {shop}, for example https://{shop}")
        return value

    @field_validator("sign_in_providers")
    @classmethod
    def _told_apart(cls, value: tuple[SignInProvider, ...]) -> tuple[SignInProvider, ...]:
        if len({each.key for each in value}) < len(value) or len({each.issuer for each in value}) < len(value):
            raise ValueError("each needs a key and an issuer of its own")
        return value

    @model_validator(mode="after")
    def _somebody_can_sign_in(self) -> Self:
        if not self.local_accounts and not self.sign_in_providers:
            raise ValueError("AZIMUTH_SIGN_IN_PROVIDERS must name one when AZIMUTH_LOCAL_ACCOUNTS=false")
        return self

    @model_validator(mode="after")
    def _operations_fit_the_budget(self) -> Self:
        if self.operation_points > self.budget_points:
            raise ValueError("AZIMUTH_OPERATION_POINTS must not be more than AZIMUTH_BUDGET_POINTS holds")
        return self

    @model_validator(mode="after")
    def _production_is_explicit(self) -> Self:
        if self.environment is not Environment.PRODUCTION:
            return self
        missing = [
            name
            for name, value in (("DATABASE_URL", self.database_url), ("AZIMUTH_MASTER_KEY", self.master_key))
            if value is None
        ]
        if missing:
            raise ValueError(
                f"{' and '.join(missing)} must be set when AZIMUTH_ENV=production; the embedded defaults are refused"
            )
        if not self.public_url.startswith("https://"):
            raise ValueError("AZIMUTH_PUBLIC_URL must be https when AZIMUTH_ENV=production")
        return self


def decode_master_key(value: SecretStr) -> bytes:
    try:
        key = base64.b64decode(value.get_secret_value(), validate=True)
    except binascii.Error as error:
        raise ValueError("must be base64") from error
    if len(key) != 32:
        raise ValueError(f"must be 32 bytes in base64, not {len(key)}")
    return key


def read_settings() -> Settings:
    """Raises ConfigurationError with one line per bad variable; never shows a value."""
    try:
        return Settings()
    except ValidationError as error:
        raise ConfigurationError("\n".join(_line(item) for item in error.errors())) from None
    except SettingsError:
        raise ConfigurationError("AZIMUTH_SIGN_IN_PROVIDERS: must be a JSON list of providers") from None


def _line(item: object) -> str:
    assert isinstance(item, dict)
    name = str(item["loc"][0]) if item["loc"] else "configuration"
    variable = name if name.isupper() else f"AZIMUTH_{name.upper()}"
    return f"{variable}: {item['msg'].removeprefix('Value error, ')}"


@lru_cache(maxsize=1)
def settings() -> Settings:
    return read_settings()
