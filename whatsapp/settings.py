"""Settings, read from environment variables or a `.env` file."""

from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from telemetry.log_levels import parse_levels
from whatsapp import setting_values, token_settings
from whatsapp.settings_sources import SecretFiles, SettingsError, find_unknown_variables

__all__ = ["Settings", "SettingsError", "list_unknown_variables", "load_settings"]

HEADER_NAME_PATTERN = r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$"
GRAPH_API_VERSION_PATTERN = r"^v[0-9]{1,3}\.[0-9]$"
# The length of Meta's example, "meatyhamhock"; a guessed token would pass the handshake.
SHORTEST_VERIFY_TOKEN = 12
_SHORTEST = {"meta_verify_token": SHORTEST_VERIFY_TOKEN, "metrics_token": 16}
# Each has about thirty time series.
MAX_METRICS_OPERATIONS = 50
DURABLE_STORE_SCHEMES = ("file", "s3", "gs", "az")
MEDIA_STORE_SCHEMES = (*DURABLE_STORE_SCHEMES, "memory")
_HeaderName = Annotated[str, Field(pattern=HEADER_NAME_PATTERN)]
_OperationName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,99}$")]


class Settings(BaseSettings):
    """Attributes are named as their environment variables, in lower case.

    Each secret may also come from the file that the variable with the suffix `_FILE` names.
    """

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", frozen=True, use_attribute_docstrings=True
    )

    # Database and secrets
    mongodb_uri: SecretStr = SecretStr("mongodb://127.0.0.1:27017/?replicaSet=rs0")
    """MongoDB connection string; the deployment must be a replica set."""
    mongodb_database: str = Field(default="wagraph", pattern=r"^[A-Za-z0-9_-]{1,38}$")
    """Name of the database."""
    encryption_keys: SecretStr
    """Keys as `id:base64 of 32 bytes`, comma-separated; the first encrypts, all decrypt."""

    # Server
    host: str = "127.0.0.1"
    """Address to listen on."""
    port: int = Field(default=8000, ge=0, le=65535)
    """Port to listen on."""
    workers: int = Field(default=1, ge=1, le=256)
    """Server processes behind this port; `serve --workers` overrides it."""
    public_url: setting_values.Url = "http://127.0.0.1:8000"
    """URL under which clients and Meta reach this server; webhook and media URLs start with it."""
    allowed_origins: Annotated[setting_values.Origins, NoDecode] = ()
    """Origins of browser apps, comma-separated, for CORS and WebSocket; `*` allows every origin."""
    allowed_headers: Annotated[tuple[_HeaderName, ...], NoDecode] = ()
    """More request headers of browser apps, comma-separated; `*` allows every header."""
    log_level: str = Field(default="INFO", pattern=r"^(DEBUG|INFO|WARNING|ERROR)$")
    """DEBUG, INFO, WARNING or ERROR."""
    log_levels: Annotated[tuple[str, ...], NoDecode] = ()
    """Levels of packages and libraries as `name=LEVEL`, comma-separated: `webhooks=DEBUG`."""
    log_format: Literal["text", "json"] = "text"
    """Format of log lines: text or json."""
    access_log: bool = True
    """Logs every request, webhook and WebSocket at INFO."""
    access_log_clients: bool = False
    """Adds the client address to these lines."""
    connections_per_address: int = Field(default=500, ge=0)
    """Maximum connections per client address and process, trusted proxies exempt; 0: no limit."""

    # Metrics
    metrics_host: str = "127.0.0.1"
    """Address on which METRICS_PORT listens."""
    metrics_port: int = Field(default=0, ge=0, le=65535)
    """Port that serves `/metrics` only; 0: none."""
    metrics_token: SecretStr | None = None
    """Bearer token of at least 16 characters; opens `/metrics` on PORT, and guards METRICS_PORT."""
    metrics_operations: Annotated[
        tuple[_OperationName, ...], NoDecode, Field(max_length=MAX_METRICS_OPERATIONS)
    ] = ()
    """GraphQL operations with metrics of their own, at most 50 names, comma-separated."""

    # Traces
    traceparent_to_meta: bool = False
    """Sends `traceparent` with requests to Meta while traces are on."""

    # Schema
    inbox: bool = True
    """Serves the inbox at `/`."""
    inbox_frame_origins: Annotated[setting_values.LocalOrigins, NoDecode] = ()
    """Origins of this machine whose pages may frame the inbox, comma-separated; for demos."""
    graphiql: bool = True
    """Serves the GraphiQL explorer on GET /graphql."""
    introspection: bool = True
    """Allows introspection (`__schema`, `__type`) and name suggestions in error messages."""
    trusted_documents: str | None = None
    """File or folder with the documents of your apps, which clients name by id."""
    trusted_documents_mode: Literal["preferred", "only"] = "preferred"
    """`only` refuses every other document, and removes GraphiQL and the inbox."""

    # WhatsApp
    graph_api_url: setting_values.Url = "https://graph.facebook.com"
    """Base URL of Meta's Graph API."""
    graph_api_version: str = Field(default="v25.0", pattern=GRAPH_API_VERSION_PATTERN)
    """Graph API version for accounts without a version of their own."""
    meta_app_secret: SecretStr | None = None
    """App secret for accounts without their own, in `default` and in workspaces bound to it."""
    meta_verify_token: SecretStr | None = None
    """Webhook verify token of at least 12 characters, accepted besides the accounts' own tokens."""

    # Sending
    send_rate_per_account: float = Field(default=80.0, gt=0)
    """Messages per second per number; 12.5 times as many at HIGH throughput."""
    retry_life_seconds: float = Field(default=86_400.0, gt=0)
    """Time after which a message fails if Meta stays unreachable, down or rate-limited."""

    # Media and uploads
    media_store_url: str | None = None
    """Media store: `file:///folder`, `s3://`, `gs://` or `az://`; empty for MongoDB."""
    media_hosts: Annotated[setting_values.MediaHosts, NoDecode] = ("lookaside.fbsbx.com",)
    """Hosts or origins from which media is downloaded with the access token, comma-separated."""
    media_max_bytes: int = Field(default=100 * 1024 * 1024, ge=1)
    """Maximum size of a stored document; other media types have lower limits."""
    media_url_seconds: int = Field(default=900, ge=30)
    """Maximum lifetime of a signed media URL; the minimum is two thirds of it."""
    upload_max_bytes: int = Field(default=100 * 1024 * 1024, ge=1)
    """Maximum size of an upload, all files of the request together."""
    upload_concurrency: int = Field(default=32, ge=1)
    """Concurrent uploads per process; one credential gets at most half of them."""

    # Backups
    erasure_log_url: str | None = None
    """Erasures outside the database, to repeat them after a restore: `file:///folder`, `s3://` …"""

    # Operations
    query_depth: int = Field(default=12, ge=1, le=100)
    """Maximum depth of an operation."""
    query_cost: int = Field(default=5000, ge=1)
    """Maximum objects in the response to an operation."""
    query_plans: bool = True
    """Answers repeated operations from cached plans instead of with graphql-core."""
    max_response_bytes: int = Field(default=8 * 1024 * 1024, ge=1024)
    """Maximum size of a response; a subscription event has at most 1 MiB."""

    # Rate limits
    rate_limit_per_minute: int = Field(default=120_000, ge=0)
    """Operation cost per minute, credential and process; 0: no limit."""
    rate_limit_burst: int = Field(default=60_000, ge=1)
    """Operation cost that a credential may spend at once after a pause."""
    live_rate_limit_per_minute: int = Field(default=300_000, ge=0)
    """Cost of subscription events per minute, credential and process; 0: no limit."""
    anonymous_rate_limit_per_minute: int = Field(default=30_000, ge=0)
    """Operation cost per minute and client address without a credential; 0: no limit."""
    failed_sign_ins_per_minute: int = Field(default=60, ge=0)
    """Failed sign-ins per minute and client address; 0: no limit."""

    # Subscriptions
    sockets_per_credential: int = Field(default=100, ge=0)
    """Maximum WebSockets and event streams per credential and process; 0: no limit."""

    # Audit
    audit_days: int = Field(default=365, ge=1, le=36_500)
    """Retention of audit log entries."""

    # Identity provider
    jwt_jwks_url: str | None = None
    """URL of the identity provider's signing keys; if set, its tokens are credentials."""
    jwt_key: SecretStr | None = None
    """Instead of JWT_JWKS_URL: a public key as PEM, or the secret of HS256."""
    jwt_algorithms: Annotated[tuple[str, ...], NoDecode] = ("RS256", "ES256")
    """Accepted signature algorithms, comma-separated; HS* only with a secret."""
    jwt_issuer: str | None = None
    """Required `iss` of tokens; mandatory with JWT_JWKS_URL."""
    jwt_audience: Annotated[tuple[str, ...], NoDecode] = ()
    """Accepted `aud` of tokens, comma-separated; mandatory with JWT_JWKS_URL."""
    jwt_role_claim: str = Field(default="role", min_length=1)
    """Claim with the role or roles: a name, or a path such as `app_metadata.wagraph.role`."""
    jwt_roles: Annotated[tuple[str, ...], NoDecode] = ()
    """The provider's role names as `name=ROLE`, comma-separated; other names are ignored."""
    jwt_workspace_claim: Annotated[str, Field(min_length=1)] | None = None
    """Claim with the name or id of the token's workspace; by default, all are of `default`."""
    jwt_accounts_claim: str = Field(default="accounts", min_length=1)
    """Claim with the ids of the visible accounts, or `*` for all accounts."""
    jwt_all_accounts: bool = False
    """Lets tokens without that claim see all accounts instead of none."""
    jwt_name_claim: str = Field(default="name", min_length=1)
    """Claim with the name shown to staff; tokens without it show `sub`."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - a folder, which is unused
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        sources = (env_settings, dotenv_settings)
        variables = [source for source in sources if isinstance(source, EnvSettingsSource)]
        return init_settings, SecretFiles(settings_cls, *variables), *sources

    @field_validator("encryption_keys")
    @classmethod
    def check_encryption_keys(cls, value: SecretStr) -> SecretStr:
        setting_values.parse_encryption_keys(value.get_secret_value())
        return value

    @field_validator(
        *(
            "allowed_origins",
            "allowed_headers",
            "inbox_frame_origins",
            "media_hosts",
            "jwt_algorithms",
            "jwt_audience",
            "jwt_roles",
            "metrics_operations",
            "log_levels",
        ),
        mode="before",
    )
    @classmethod
    def split_list(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("jwt_algorithms", "jwt_roles")
    @classmethod
    def check_names(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        is_roles = info.field_name == "jwt_roles"
        (token_settings.parse_roles if is_roles else token_settings.check_algorithms)(value)
        return value

    @field_validator("log_levels")
    @classmethod
    def check_log_levels(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        parse_levels(value)
        return value

    @field_validator("jwt_jwks_url")
    @classmethod
    def check_jwks_url(cls, value: str | None) -> str | None:
        if value:
            token_settings.check_jwks_url(value)
        return value or None

    @field_validator("jwt_key")
    @classmethod
    def read_jwt_key(cls, value: SecretStr | None) -> SecretStr | None:
        text = value.get_secret_value().strip() if value else ""
        if text.startswith("-----BEGIN"):
            # Many environments can hold only one line.
            text = text.replace("\\n", "\n")
        return SecretStr(text) if text else None

    @field_validator("jwt_issuer", "trusted_documents", mode="before")
    @classmethod
    def empty_is_unset(cls, value: object) -> object:
        return None if value == "" else value

    @model_validator(mode="after")
    def check_metrics_port(self) -> Self:
        if self.metrics_port and self.metrics_port == self.port:
            raise ValueError("METRICS_PORT must differ from PORT")
        return self

    @model_validator(mode="after")
    def check_trusted_documents(self) -> Self:
        if self.trusted_documents_mode == "only" and not self.trusted_documents:
            raise ValueError("TRUSTED_DOCUMENTS_MODE=only needs TRUSTED_DOCUMENTS")
        return self

    @property
    def serves_inbox(self) -> bool:
        """False also if only trusted documents may be executed, which the inbox's are not."""
        return self.inbox and self.trusted_documents_mode != "only"

    @property
    def serves_graphiql(self) -> bool:
        """False also if only trusted documents may be executed, which GraphiQL's are not."""
        return self.graphiql and self.trusted_documents_mode != "only"

    @model_validator(mode="after")
    def check_tokens(self) -> Self:
        token_settings.check_token_settings(self.__dict__)
        return self

    @field_validator("media_store_url", "erasure_log_url")
    @classmethod
    def check_store_url(cls, value: str | None, info: ValidationInfo) -> str | None:
        is_media = info.field_name == "media_store_url"
        schemes = MEDIA_STORE_SCHEMES if is_media else DURABLE_STORE_SCHEMES
        if value and urlsplit(value).scheme not in schemes:
            raise ValueError(f"use one of {', '.join(schemes)} as the scheme")
        return value or None

    @field_validator("meta_app_secret", "meta_verify_token", "metrics_token")
    @classmethod
    def check_secret(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if not value:
            return None  # an empty secret would verify anything signed with an empty key
        shortest = _SHORTEST.get(info.field_name or "", 1)
        if len(value) < shortest:
            raise ValueError(f"use at least {shortest} characters")
        if info.field_name == "metrics_token" and not value.get_secret_value().isascii():
            raise ValueError("use ASCII characters only; HTTP headers carry no others")
        return value


def load_settings(**overrides: Any) -> Settings:
    """Loads the settings of the process; `overrides` take precedence over the environment.

    Raises:
        SettingsError: a line for each missing or malformed setting, without its value.
    """
    try:
        return Settings(**overrides)  # the environment has the required settings
    except ValidationError as error:
        problems = error.errors(include_url=False)
        raise SettingsError("\n".join(_describe_problem(problem) for problem in problems)) from None


def _describe_problem(problem: ErrorDetails) -> str:
    if not problem["loc"]:  # the message names the settings
        return problem["msg"].removeprefix("Value error, ")
    name = str(problem["loc"][0]).upper()
    if problem["type"] == "missing":
        return f"{name} is not set: put it into the environment or .env"
    if problem["input"] == "":
        return f"{name} is empty: give it a value"
    return f"{name} is malformed: {problem['msg']}"


def list_unknown_variables() -> list[str]:
    """Returns a warning for each variable in `.env` that no setting has."""
    return [
        f"{name} in .env is not a setting and has no effect"
        + (f": did you mean {similar}?" if similar else ".")
        for name, similar in find_unknown_variables(Settings).items()
    ]
