"""The directory's enumerations under the names the schema gives them."""

import strawberry

from tenants.access.actor import ApiScope
from tenants.access.kinds import AppKind, OrganizationKind

strawberry.enum(ApiScope, name="Scope", description="What a token, an app or a grant allows.")
strawberry.enum(OrganizationKind)
strawberry.enum(
    AppKind,
    description="A confidential app keeps a secret on a server; a public one runs where anybody can read it.",
)
