"""What the catalog must say, written a second time: taken from the migrations it would agree with their mistakes.

Tenant tables need no entry here, one law holds for all of them. A directory table without an entry is a finding.
"""

from dataclasses import dataclass
from typing import Literal

from tests.isolation.schema import EVERYBODY, Policy

OWNER = "azimuth_owner"
MIGRATOR = "azimuth_migrator"
APPLICATION = "azimuth_app"
LOOKUP = "azimuth_lookup"
BENCHMARK = "azimuth_benchmark"

Setting = Literal["tenant_ids", "tenant_id", "organization_ids", "organization_id", "person_ids", "person_id"]


LISTS = ("tenant_ids", "organization_ids", "person_ids")


@dataclass(frozen=True)
class Opening:
    """A row is open where its column holds what the transaction's setting says."""

    column: str
    setting: Setting

    @property
    def expression(self) -> str:
        if self.setting in LISTS:
            return f"({self.column} = ANY (app.{self.setting}()))"
        return f"({self.column} = app.{self.setting}())"


@dataclass(frozen=True)
class Guard:
    """`public` names a column that opens its row to every reader."""

    reads: tuple[Opening, ...]
    writes: Opening
    public: str = ""

    @property
    def reading(self) -> str:
        ways = [opening.expression for opening in self.reads] + [self.public] * bool(self.public)
        return ways[0] if len(ways) == 1 else f"({' OR '.join(ways)})"

    def policies(self) -> frozenset[Policy]:
        roles, read, write = (APPLICATION,), self.reading, self.writes.expression
        return frozenset(
            (
                Policy("SELECT", roles, True, read, ""),
                Policy("INSERT", roles, True, "", write),
                Policy("UPDATE", roles, True, write, write),
                Policy("DELETE", roles, True, write, ""),
            )
        )


@dataclass(frozen=True)
class Directory:
    """`words` are the columns that could hold somebody's data: all that are neither ids nor numbers nor instants.

    A table has a guard or a reason to be open.
    """

    may: str
    words: str
    guard: Guard | None = None
    open_because: str = ""
    looked_up: bool = False
    triggers: str = ""

    def __post_init__(self) -> None:
        assert (self.guard is None) == bool(self.open_because)

    def policies(self) -> frozenset[Policy]:
        guarded = self.guard.policies() if self.guard else frozenset()
        return guarded | {Policy("SELECT", (LOOKUP,), True, "true", "")} if self.looked_up else guarded


ALL = "SELECT INSERT UPDATE DELETE"
KEPT = "SELECT INSERT UPDATE"
APPENDED = "SELECT INSERT"

TENANT = Guard(reads=(Opening("tenant_id", "tenant_ids"),), writes=Opening("tenant_id", "tenant_id"))

APPEND_ONLY = frozenset({"audit_entries", "baselines"})
"""Tenant tables whose rows the application may not change: evidence, and what was frozen."""

_ORGANIZATION = Opening("organization_id", "organization_id")
_OF_ORGANIZATION = Guard(reads=(_ORGANIZATION,), writes=_ORGANIZATION)
_ITSELF = Opening("id", "organization_id")
_HERSELF = Opening("id", "person_id")
_OF_PERSON = Guard(reads=(Opening("person_id", "person_id"),), writes=Opening("person_id", "person_id"))
_QUEUE = "wake-ups by id: a worker serves every tenant"

DIRECTORY = {
    "organizations": Directory(
        KEPT,
        "kind name",
        Guard((_ITSELF, Opening("parent_id", "organization_id"), Opening("id", "organization_ids")), _ITSELF),
        looked_up=True,
    ),
    "people": Directory(
        KEPT,
        "sign_in_address password_hash",
        Guard((_HERSELF, Opening("id", "person_ids")), _HERSELF),
        looked_up=True,
    ),
    "identities": Directory(APPENDED, "issuer subject_hash", _OF_PERSON, looked_up=True),
    "sign_ins": Directory(ALL, "browser_hash method", _OF_PERSON),
    "memberships": Directory(
        ALL, "role", Guard(reads=(_ORGANIZATION, Opening("person_id", "person_id")), writes=_ORGANIZATION)
    ),
    "invitations": Directory(ALL, "address role token_hash redirect_uri", _OF_ORGANIZATION, looked_up=True),
    "apps": Directory(KEPT, "client_id name kind redirect_uris scopes audience", _OF_ORGANIZATION, looked_up=True),
    "app_secrets": Directory(ALL, "secret_hash", _OF_ORGANIZATION),
    "app_keys": Directory(ALL, "kid public_jwk", _OF_ORGANIZATION),
    "client_assertions": Directory(ALL, "jti_hash", _OF_ORGANIZATION),
    "authorization_codes": Directory(ALL, "code_hash redirect_uri scopes code_challenge", _OF_ORGANIZATION),
    "persisted_operation_sets": Directory(KEPT, "", _OF_ORGANIZATION),
    "persisted_operations": Directory(APPENDED, "digest document name", _OF_ORGANIZATION),
    "client_tags": Directory("SELECT INSERT DELETE", "tag", _OF_ORGANIZATION),
    "bulk_jobs": Directory(ALL, "kind parameters client_id scopes", _OF_ORGANIZATION, looked_up=True),
    "bulk_verdicts": Directory(ALL, "code message field subject details", _OF_ORGANIZATION),
    "templates": Directory(KEPT, "name description", _OF_ORGANIZATION),
    "template_versions": Directory(APPENDED, "content", _OF_ORGANIZATION),
    "template_applications": Directory(KEPT, "", _OF_ORGANIZATION),
    "cost_budgets": Directory(ALL, "available", _OF_ORGANIZATION),
    "usage_minutes": Directory(ALL, "operation", _OF_ORGANIZATION),
    "authorizations": Directory(
        KEPT,
        "app_title scopes end_reason",
        Guard(reads=(_ORGANIZATION, Opening("person_id", "person_id")), writes=_ORGANIZATION),
    ),
    "refresh_tokens": Directory(ALL, "token_hash", _OF_ORGANIZATION),
    "embed_tokens": Directory(ALL, "subject_hash origin scopes fields", _OF_ORGANIZATION),
    "sign_in_attempts": Directory(
        "SELECT INSERT DELETE", "address_hash", open_because="counted before anybody is known, under a keyed hash"
    ),
    "signing_keys": Directory(
        KEPT, "kid sealed_private_key public_jwk", open_because="the whole installation's, sealed"
    ),
    "tenants": Directory(
        KEPT, "", Guard(reads=(_ORGANIZATION, Opening("id", "tenant_ids")), writes=_ORGANIZATION), looked_up=True
    ),
    "grants": Directory(
        KEPT, "role scopes granted_by revoked_by", Guard(reads=(_ORGANIZATION, *TENANT.reads), writes=TENANT.writes)
    ),
    "organization_audit_entries": Directory(
        APPENDED, "actor_kind actor_id action subject_id changes", _OF_ORGANIZATION
    ),
    "organization_idempotency_keys": Directory(ALL, "client key request_hash outcome", _OF_ORGANIZATION),
    "provider_apps": Directory(
        KEPT,
        "provider client_id sealed_client_secret scopes base_url",
        Guard(reads=(_ORGANIZATION,), writes=_ORGANIZATION, public="shared"),
        looked_up=True,
    ),
    "oauth_states": Directory(ALL, "state_hash account begun_by", TENANT, looked_up=True),
    "provider_accounts": Directory(ALL, "account", TENANT, looked_up=True),
    "schedules": Directory(ALL, "kind", TENANT),
    "alembic_version": Directory("SELECT", "version_num", open_because="the schema's own version"),
    "pgqueuer": Directory(
        ALL, "status entrypoint dedupe_key payload headers", open_because=_QUEUE, triggers="tg_pgqueuer_changed"
    ),
    "pgqueuer_log": Directory(ALL, "status entrypoint traceback", open_because=_QUEUE),
    "pgqueuer_schedules": Directory(ALL, "expression entrypoint status", open_because=_QUEUE),
    "pgqueuer_statistics": Directory(ALL, "status entrypoint", open_because=_QUEUE),
}

PERSONAL = frozenset({("people", "sign_in_address"), ("invitations", "address")})
"""The personal columns the directory may have."""

WITHOUT_MODEL = frozenset({"alembic_version", "pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics"})
SEQUENCES = frozenset(f"{name}_id_seq" for name in WITHOUT_MODEL if name.startswith("pgqueuer"))

STRANGERS = frozenset(
    {
        "fk_organizations_parent_id",
        "fk_authorization_codes_acts_for_id",
        "fk_authorizations_acts_for_id",
        "fk_invitations_into_id",
        "fk_embed_tokens_tenant_id",
        "fk_client_tags_tenant_id",
    }
)
"""Foreign keys that lead from one organization's row to another's by their nature."""

CONTEXT = {
    f"app.{name}()": (type_, f" BEGIN RETURN {value}; END ")
    for name, type_, value in (
        *(
            (
                name,
                "uuid[]",
                f"coalesce(nullif(pg_catalog.current_setting('app.{name}', true), ''), '{{}}')::uuid[]",
            )
            for name in LISTS
        ),
        *(
            (name, "uuid", f"nullif(pg_catalog.current_setting('app.{name}', true), '')::uuid")
            for name in ("tenant_id", "organization_id", "person_id")
        ),
    )
}
FOREIGN_FUNCTIONS = frozenset({"fn_pgqueuer_changed()"})
"""The queue library's own."""

ROLES = {
    OWNER: frozenset[str](),
    LOOKUP: frozenset[str](),
    MIGRATOR: frozenset({"LOGIN", "BYPASSRLS"}),
    APPLICATION: frozenset({"LOGIN"}),
    BENCHMARK: frozenset({"LOGIN"}),
}
MEMBERS = frozenset({(MIGRATOR, OWNER), (MIGRATOR, LOOKUP)})

_USAGE = frozenset({"USAGE"})
_MAKER = frozenset({"USAGE", "CREATE"})
SCHEMAS = {
    "public": {
        EVERYBODY: _USAGE,
        OWNER: _MAKER,
        MIGRATOR: _MAKER,
        APPLICATION: _USAGE,
        BENCHMARK: _USAGE,
        LOOKUP: _USAGE,
    },
    # A function's owner must be able to create where it stands.
    "app": {APPLICATION: _USAGE, BENCHMARK: _USAGE, LOOKUP: _MAKER},
}
DATABASE = {
    EVERYBODY: frozenset({"CONNECT"}),
    OWNER: frozenset({"CREATE"}),
    MIGRATOR: frozenset({"CONNECT", "CREATE"}),
    APPLICATION: frozenset({"CONNECT"}),
    BENCHMARK: frozenset({"CONNECT"}),
}
