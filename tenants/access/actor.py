"""Who is calling, as the access token says."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from tenants.errors import Denied, ForbiddenScope, PersonsOnly


class ApiScope(StrEnum):
    READ_METRICS = "read_metrics"
    WRITE_KPIS = "write_kpis"
    READ_CONNECTIONS = "read_connections"
    WRITE_CONNECTIONS = "write_connections"
    MANAGE_TENANTS = "manage_tenants"
    MANAGE_ORGANIZATION = "manage_organization"
    MANAGE_ACCOUNT = "manage_account"


OF_PEOPLE = frozenset({ApiScope.MANAGE_ACCOUNT})
"""What everybody has for themselves, and no organization can give or take."""
EMBEDDABLE = frozenset(ApiScope) - {ApiScope.MANAGE_TENANTS, ApiScope.MANAGE_ORGANIZATION} - OF_PEOPLE
"""What the page of an end user may be given."""


@dataclass(frozen=True)
class Bounds:
    """To what an embed token holds whoever bears it. No `fields`: all of them; else "Type.field" of the schema."""

    tenant_id: UUID
    origin: str
    fields: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Actor:
    """An app, on its own for its organization, or for a person in an organization of theirs, who allowed it that.

    `app_owner_id` is whose app it is, where it is not that of whom it acts for.
    """

    organization_id: UUID
    app_id: UUID
    client_id: str
    scopes: frozenset[str]
    person_id: UUID | None = None
    authorization_id: UUID | None = None
    app_owner_id: UUID | None = None
    embed_id: UUID | None = None
    bounds: Bounds | None = None
    """Those of the embed token it comes with, as soon as they were looked up."""
    persisted_only: bool = False
    """Whether its app is asked by no operations but those it registered; looked up likewise."""

    @property
    def app_key(self) -> tuple[UUID, UUID]:
        """The app's organization and the app."""
        return (self.app_owner_id or self.organization_id, self.app_id)

    @property
    def name(self) -> str:
        """How the audit names the actor: no personal data."""
        return f"person:{self.person_id}" if self.person_id else f"app:{self.app_id}"

    @property
    def may_explore(self) -> bool:
        """Whether it is told what the schema has: not what is made for one page, or for a few operations."""
        return self.bounds is None and not self.persisted_only

    @property
    def keeps_keys_as(self) -> str:
        """Whose idempotency keys are its own: of an app, and of each organization that acts through it."""
        return self.client_id if self.app_owner_id is None else f"{self.client_id} {self.organization_id}"

    def may_meet(self, tenant_id: UUID) -> bool:
        """Whether it is no other than the one it is held to."""
        return self.bounds is None or self.bounds.tenant_id == tenant_id

    @property
    def person(self) -> UUID:
        """Raises PersonsOnly."""
        if self.person_id is None:
            raise PersonsOnly
        return self.person_id

    def require_exploring(self) -> None:
        """Raises Denied."""
        if not self.may_explore:
            raise Denied(
                "Embed tokens, and apps that are asked by registered operations alone, are not told of the schema.",
                code="INTROSPECTION_FORBIDDEN",
            )

    def require(self, scope: ApiScope) -> None:
        """Raises ForbiddenScope."""
        if scope not in self.scopes:
            raise ForbiddenScope(scope)
