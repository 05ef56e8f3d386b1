"""The directory's enumerations under the names the schema gives them."""

import strawberry

from tenants.access.actor import ApiScope
from tenants.access.kinds import AppKind, Audience, MemberRole, OrganizationKind

strawberry.enum(ApiScope, name="Scope", description="What a token, an app or a grant allows.")
strawberry.enum(OrganizationKind)
strawberry.enum(
    AppKind,
    description="A confidential app keeps a secret on a server; a public one runs where anybody can read it.",
)
strawberry.enum(
    Audience,
    name="AppAudience",
    description="Whose people sign in to an app: its own organization's and its sub-organizations', or anybody's.",
)
strawberry.enum(MemberRole, description="As what a person works in an organization.")
