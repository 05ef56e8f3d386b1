"""Embed tokens: what a partner's server gives the page of one of its end users, for minutes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update

from tenants.access.actor import EMBEDDABLE, Actor, ApiScope
from tenants.access.clients import Client
from tenants.access.errors import ScopeBeyondYours
from tenants.access.redirects import check_origin
from tenants.database import Session, enter
from tenants.errors import InvalidInput
from tenants.ids import new_id
from tenants.registry.models import EmbedToken
from tenants.registry.service import admit_later
from tenants.scope import Scope
from tenants.secrets.sealing import DataKey

LIFETIME = timedelta(minutes=15)
SHORTEST, LONGEST = timedelta(minutes=1), timedelta(hours=1)
KEPT = timedelta(days=30)
SUBJECT_LENGTH = 200
MOST_FIELDS = 500


@dataclass(frozen=True)
class NewEmbed:
    """`subject` is how the partner calls its end user."""

    tenant_id: UUID
    subject: str
    origin: str
    scopes: Collection[str]
    fields: Collection[str] = ()
    lifetime: timedelta = LIFETIME


async def issue_embed(
    session: Session, client: Client, actor: Actor, embed: NewEmbed, *, key: DataKey, now: datetime
) -> UUID:
    """By what the app holds itself. Raises InvalidInput, ScopeBeyondYours, NotFound, NoGrant, GrantEnded."""
    beyond = sorted(set(embed.scopes) - (actor.scopes & EMBEDDABLE))
    if beyond:
        raise ScopeBeyondYours(beyond[0])
    if not embed.scopes:
        raise InvalidInput("An embed token covers at least one scope.", field=("scope",), code="SCOPE_MISSING")
    if not 1 <= len(embed.subject) <= SUBJECT_LENGTH:
        raise InvalidInput(f"A subject has 1 to {SUBJECT_LENGTH} characters.", field=("subject",))
    if len(embed.fields) > MOST_FIELDS:
        raise InvalidInput(f"At most {MOST_FIELDS} fields.", field=("fields",))
    if not SHORTEST <= embed.lifetime <= LONGEST:
        shortest, longest = (each // timedelta(seconds=1) for each in (SHORTEST, LONGEST))
        raise InvalidInput(f"An embed token lasts {shortest} to {longest} seconds.", field=("expires_in",))
    origin = check_origin(embed.origin, field=("origin",))
    for scope in embed.scopes:
        await admit_later(session, actor, tenant_id=embed.tenant_id, scope=ApiScope(scope), now=now)
    await enter(session, Scope(organization_id=client.organization_id))
    row = EmbedToken(
        id=new_id(),
        created_at=now,
        organization_id=client.organization_id,
        app_id=client.app_id,
        tenant_id=embed.tenant_id,
        subject_hash=key.keyed_hash("embed.subject", f"{client.organization_id}\0{embed.subject}"),
        origin=origin,
        scopes=sorted(embed.scopes),
        fields=sorted(set(embed.fields)),
        expires_at=now + embed.lifetime,
    )
    session.add(row)
    await session.flush()
    return row.id


async def end_embed(session: Session, client: Client, *, embed_id: UUID, now: datetime) -> None:
    """Of the app's own; the first end stays."""
    await session.execute(
        update(EmbedToken)
        .where(
            EmbedToken.organization_id == client.organization_id,
            EmbedToken.app_id == client.app_id,
            EmbedToken.id == embed_id,
            EmbedToken.revoked_at.is_(None),
        )
        .values(revoked_at=now)
    )
