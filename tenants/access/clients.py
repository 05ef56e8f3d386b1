"""An app as the authorization server sees it, found by the client id it names itself by."""

import hmac
import re
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from tenants.access import repository
from tenants.access.kinds import AppKind, Audience, OrganizationKind
from tenants.access.public_keys import Jwk
from tenants.database import Session, enter
from tenants.scope import Scope
from tenants.secrets.hashing import hash_token

_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class Client:
    app_id: UUID
    organization_id: UUID
    organization_name: str
    organization_kind: OrganizationKind
    client_id: str
    name: str
    kind: AppKind
    redirect_uris: tuple[str, ...]
    scopes: frozenset[str]
    audience: Audience
    secret_hashes: tuple[bytes, ...] = field(repr=False)
    public_keys: tuple[Jwk, ...] = ()

    def secret_matches(self, secret: str) -> bool:
        given = hash_token(secret)
        return any(hmac.compare_digest(given, stored) for stored in self.secret_hashes)


async def find_client(session: Session, *, client_id: str, now: datetime) -> Client | None:
    """Narrows the transaction to the app's organization. An archived app has no client."""
    if not _CLIENT_ID.fullmatch(client_id):
        return None
    ids = await repository.find_app_ids(session, client_id)
    if ids is None:
        return None
    app_id, organization_id = ids
    await enter(session, Scope(organization_id=organization_id))
    app, organization = await repository.get_app(session, organization_id, app_id)
    hashes = await repository.list_secret_hashes(session, organization_id, app_id, now=now)
    keys = await repository.list_public_keys(session, organization_id, app_id, now=now)
    return Client(
        app_id=app_id,
        organization_id=organization_id,
        organization_name=organization.name,
        organization_kind=OrganizationKind(organization.kind),
        client_id=app.client_id,
        name=app.name,
        kind=AppKind(app.kind),
        redirect_uris=tuple(app.redirect_uris),
        scopes=frozenset(app.scopes),
        audience=Audience(app.audience),
        secret_hashes=tuple(bytes.fromhex(value) for value in hashes),
        public_keys=tuple(keys),
    )
