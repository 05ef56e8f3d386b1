"""What a person allowed an app, renewed by refresh tokens that work once.

A refresh token that comes twice is in two hands, and nobody can tell whose are right: the authorization ends, and with
it every token it led to (RFC 9700, 4.14.2).
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, select, update

from tenants.access.actor import Actor
from tenants.access.clients import Client
from tenants.access.members import Member
from tenants.access.models import Authorization, RefreshToken
from tenants.audit.author import Author, AuthorKind
from tenants.audit.service import record_organization_change
from tenants.database import Session, enter
from tenants.errors import NotFound
from tenants.ids import new_id
from tenants.scope import Scope
from tenants.secrets.hashing import hash_token, new_secret

REFRESH_PREFIX = "azr"
LIFETIME = timedelta(days=365)
"""After that the person is asked again, however often the app came in between."""
IDLE = timedelta(days=30)
KEPT = timedelta(days=30)


class EndReason(StrEnum):
    REVOKED = "REVOKED"
    TOKEN_REUSED = "TOKEN_REUSED"  # noqa: S105 - a reason
    CODE_REUSED = "CODE_REUSED"


@dataclass(frozen=True)
class Renewal:
    """A refresh token that was just used up."""

    authorization_id: UUID
    app_id: UUID
    person_id: UUID
    acts_for_id: UUID
    allowed_at: datetime
    scopes: frozenset[str]


async def open_authorization(
    session: Session,
    *,
    client: Client,
    member: Member,
    code_id: UUID | None,
    scopes: Collection[str],
    now: datetime,
) -> UUID:
    authorization_id = new_id()
    session.add(
        Authorization(
            id=authorization_id,
            created_at=now,
            organization_id=client.organization_id,
            app_id=client.app_id,
            person_id=member.person_id,
            acts_for_id=member.organization_id,
            code_id=code_id,
            app_title=client.name,
            scopes=sorted(scopes),
            expires_at=now + LIFETIME,
        )
    )
    await session.flush()
    return authorization_id


async def issue_refresh_token(session: Session, *, client: Client, authorization_id: UUID, now: datetime) -> str:
    token = new_secret(REFRESH_PREFIX)
    session.add(
        RefreshToken(
            created_at=now,
            organization_id=client.organization_id,
            authorization_id=authorization_id,
            token_hash=hash_token(token),
            expires_at=now + IDLE,
        )
    )
    await session.flush()
    return token


async def use_refresh_token(session: Session, *, client: Client, token: str, now: datetime) -> Renewal | None:
    """Uses it up, whatever the caller finds wrong afterwards. Nothing for one that is unknown, old or another app's.

    The check and the use are one statement, so that of two who come at once one gets through, and the other ends it.
    """
    row = (
        await session.execute(
            update(RefreshToken)
            .where(
                RefreshToken.organization_id == client.organization_id,
                RefreshToken.token_hash == hash_token(token),
                RefreshToken.used_at.is_(None),
                RefreshToken.expires_at > now,
                Authorization.organization_id == RefreshToken.organization_id,
                Authorization.id == RefreshToken.authorization_id,
                Authorization.app_id == client.app_id,
                Authorization.ended_at.is_(None),
                Authorization.expires_at > now,
            )
            .values(used_at=now)
            .returning(
                Authorization.id,
                Authorization.person_id,
                Authorization.acts_for_id,
                Authorization.created_at,
                Authorization.scopes,
            )
            .execution_options(synchronize_session=False)
        )
    ).one_or_none()
    if row is not None:
        return Renewal(row.id, client.app_id, row.person_id, row.acts_for_id, row.created_at, frozenset(row.scopes))
    known = await find_by_refresh_token(session, client=client, token=token)
    if known is not None and known.used_at is not None:
        await end_authorization(
            session, client=client, authorization_id=known.authorization_id, reason=EndReason.TOKEN_REUSED, now=now
        )
    return None


async def find_by_refresh_token(session: Session, *, client: Client, token: str) -> RefreshToken | None:
    """Of this app, whatever has become of it."""
    return await session.scalar(
        select(RefreshToken)
        .join(
            Authorization,
            (Authorization.organization_id == RefreshToken.organization_id)
            & (Authorization.id == RefreshToken.authorization_id),
        )
        .where(
            RefreshToken.organization_id == client.organization_id,
            RefreshToken.token_hash == hash_token(token),
            Authorization.app_id == client.app_id,
        )
    )


async def end_authorization(
    session: Session, *, client: Client, authorization_id: UUID, reason: EndReason, now: datetime
) -> None:
    """By the app it was given to. The first reason stays."""
    author = Author(AuthorKind.APP, str(client.app_id), client.organization_id)
    theirs = Authorization.app_id == client.app_id
    await _end(session, author, client.organization_id, theirs, authorization_id, reason=reason, now=now)


async def take_back(session: Session, actor: Actor, *, authorization_id: UUID, now: datetime) -> None:
    """By whoever gave it. Comes back into the actor's organization. Raises PersonsOnly, NotFound."""
    await enter(session, Scope(person_id=actor.person))
    live = _live(actor.person, now)
    found = await session.scalar(select(Authorization).where(*live, Authorization.id == authorization_id))
    if found is None:
        raise NotFound(field=("consentId",))
    await _take_back(session, found, now)
    await enter(session, Scope(organization_id=actor.organization_id))


async def end_all_authorizations(session: Session, *, person_id: UUID, now: datetime) -> None:
    """All that a person gave. Enters their scope, and leaves that of some app's organization."""
    await enter(session, Scope(person_id=person_id))
    in_turn = (Authorization.organization_id, Authorization.id)
    for each in (await session.scalars(select(Authorization).where(*_live(person_id, now)).order_by(*in_turn))).all():
        await _take_back(session, each, now)


def _live(person_id: UUID, now: datetime) -> tuple[ColumnElement[bool], ...]:
    return Authorization.person_id == person_id, Authorization.ended_at.is_(None), Authorization.expires_at > now


async def _take_back(session: Session, row: Authorization, now: datetime) -> None:
    await enter(session, Scope(organization_id=row.organization_id))
    author = Author(AuthorKind.PERSON, str(row.person_id), row.acts_for_id)
    theirs = Authorization.person_id == row.person_id
    await _end(session, author, row.organization_id, theirs, row.id, reason=EndReason.REVOKED, now=now)


async def _end(
    session: Session,
    author: Author,
    organization_id: UUID,
    theirs: ColumnElement[bool],
    authorization_id: UUID,
    *,
    reason: EndReason,
    now: datetime,
) -> None:
    ended = await session.scalar(
        update(Authorization)
        .where(
            Authorization.organization_id == organization_id,
            Authorization.id == authorization_id,
            Authorization.ended_at.is_(None),
            theirs,
        )
        .values(ended_at=now, end_reason=reason)
        .returning(Authorization.id)
    )
    if ended is not None:
        await record_organization_change(
            session,
            author,
            organization_id=organization_id,
            action="authorizationEnd",
            subject_id=str(authorization_id),
            changes={"code": reason},
            now=now,
        )
