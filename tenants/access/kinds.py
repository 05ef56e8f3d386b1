"""What organizations, members and apps may be."""

from enum import StrEnum

from tenants.access.actor import OF_PEOPLE, ApiScope


class OrganizationKind(StrEnum):
    OPERATOR = "OPERATOR"
    INTEGRATOR = "INTEGRATOR"
    ACCOUNTING_PARTNER = "ACCOUNTING_PARTNER"
    CRM_PARTNER = "CRM_PARTNER"
    AGENCY = "AGENCY"
    TENANT = "TENANT"


class AppKind(StrEnum):
    """A CONFIDENTIAL app keeps a secret on a server of its own; a PUBLIC one runs where anybody can read it."""

    CONFIDENTIAL = "CONFIDENTIAL"
    PUBLIC = "PUBLIC"


class Audience(StrEnum):
    """Whose people sign in to an app: its own organization's and those of its sub-organizations, or anybody's."""

    OWN_ORGANIZATION = "OWN_ORGANIZATION"
    ANY_ORGANIZATION = "ANY_ORGANIZATION"


class MemberRole(StrEnum):
    OWNER = "OWNER"
    ADMIN = "ADMIN"
    ANALYST = "ANALYST"
    REVIEWER = "REVIEWER"
    VIEWER = "VIEWER"

    @property
    def scopes(self) -> frozenset[str]:
        """What a member of this role can lend to an app: an app acting for somebody may no more than they may."""
        return _LENDABLE[self]


_READ = frozenset({ApiScope.READ_METRICS, ApiScope.READ_CONNECTIONS})
_WORK = _READ | {ApiScope.WRITE_KPIS, ApiScope.WRITE_CONNECTIONS}
_LENDABLE: dict[MemberRole, frozenset[str]] = {
    MemberRole.OWNER: frozenset(ApiScope) - OF_PEOPLE,
    MemberRole.ADMIN: frozenset(ApiScope) - OF_PEOPLE,
    MemberRole.ANALYST: frozenset(_WORK),
    MemberRole.REVIEWER: frozenset(_READ),
    MemberRole.VIEWER: frozenset(_READ),
}
