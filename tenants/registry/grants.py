"""Grants: what an organization may do on a tenant, and until when. They are never changed, only given and ended.

The tenant's owner gives and ends any. An organization that may manage the tenant gives on what it has itself, for no
longer, and ends what it gave. What was passed on ends with the last grant it was passed on by.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from tenants.access.actor import Actor, ApiScope
from tenants.access.errors import ScopeBeyondYours
from tenants.access.invitations import end_invitations
from tenants.access.kinds import MemberRole
from tenants.access.organizations import hold_live
from tenants.database import enter
from tenants.errors import GrantEnded, InvalidInput, NoGrant, NotFound
from tenants.registry.errors import GrantAlreadyEnded, HoldsGrants, NothingGiven, OwnGrant
from tenants.registry.models import Grant, Tenant
from tenants.scope import Scope

LAST_YEAR = 2200


class GrantRole(StrEnum):
    """As whom the people of an organization work on a tenant that is not theirs."""

    ADMIN = "ADMIN"
    ANALYST = "ANALYST"
    REVIEWER = "REVIEWER"
    VIEWER = "VIEWER"

    @property
    def scopes(self) -> frozenset[str]:
        """The most that a grant in this role may cover: of the organization itself nothing is given away."""
        return MemberRole(self).scopes - {ApiScope.MANAGE_ORGANIZATION}


@dataclass(frozen=True)
class NewGrant:
    organization_id: UUID
    role: GrantRole
    scopes: Collection[str]
    expires_at: datetime | None = None


async def create_grant(
    session: AsyncSession, actor: Actor, *, tenant_id: UUID, grant: NewGrant, now: datetime
) -> Grant:
    """Raises ScopeBeyondYours, InvalidInput, NotFound where there is no such organization, AlreadyArchived."""
    scopes = check_grant(actor, grant, now=now)
    if await get_organization_of(session, tenant_id) != actor.organization_id:
        live = await _live_grants(session, tenant_id, now)
        own = [each for each in live if each.organization_id == actor.organization_id]
        _hold_to_own(own, scopes, grant.expires_at)
    if await session.scalar(select(func.app.find_organization(grant.organization_id))) is None:
        raise NotFound(field=("organizationId",))
    await hold_live(session, grant.organization_id, field="organizationId")
    await enter(session, Scope.of_tenant(tenant_id, organization_id=actor.organization_id))
    row = Grant(
        tenant_id=tenant_id,
        organization_id=grant.organization_id,
        role=grant.role,
        scopes=scopes,
        expires_at=grant.expires_at,
        granted_by=actor.name,
        granted_by_organization_id=actor.organization_id,
    )
    session.add(row)
    await session.flush()
    return row


def check_grant(actor: Actor, grant: NewGrant, *, now: datetime) -> list[str]:
    """What is refused whatever tenant it is on; gives the scopes. Raises ScopeBeyondYours, InvalidInput."""
    scopes = _checked_scopes(grant)
    _check_end(grant.expires_at, now)
    if grant.organization_id == actor.organization_id:
        raise InvalidInput("This is your own organization.", field=("organizationId",), code="OWN_ORGANIZATION")
    beyond = sorted(set(scopes) - actor.scopes)
    if beyond:
        raise ScopeBeyondYours(beyond[0])
    return scopes


async def revoke_grant(session: AsyncSession, actor: Actor, *, tenant_id: UUID, grant_id: UUID, now: datetime) -> Grant:
    """Raises NoGrant for one that somebody else gave to others, OwnGrant, GrantAlreadyEnded."""
    live = await _live_grants(session, tenant_id, now)
    row = await session.scalar(select(Grant).where(Grant.tenant_id == tenant_id, Grant.id == grant_id))
    if row is None:
        raise NotFound(field=("grantId",))
    owner = await get_organization_of(session, tenant_id)
    if actor.organization_id != owner:
        if row.organization_id == actor.organization_id:
            raise OwnGrant
        if row.granted_by_organization_id != actor.organization_id:
            raise NoGrant(field=("grantId",))
    if row not in live:
        raise GrantAlreadyEnded
    await _end(session, actor, [row], live, owner, now)
    return row


async def revoke_given(
    session: AsyncSession, actor: Actor, *, tenant_id: UUID, organization_id: UUID, now: datetime
) -> Grant:
    """Ends all that the actor's organization gave another one; gives the newest of them. Raises NothingGiven."""
    live = await _live_grants(session, tenant_id, now)
    between = (organization_id, actor.organization_id)
    rows = [each for each in live if (each.organization_id, each.granted_by_organization_id) == between]
    if not rows:
        raise NothingGiven
    newest = rows[-1]
    await _end(session, actor, rows, live, await get_organization_of(session, tenant_id), now)
    return newest


async def leave_tenant(session: AsyncSession, actor: Actor, *, tenant_id: UUID, now: datetime) -> None:
    """Ends all that the actor's organization has of the tenant, whoever gave it. Raises NotFound, GrantEnded."""
    mine = (Grant.tenant_id == tenant_id, Grant.organization_id == actor.organization_id)
    if await session.scalar(select(Grant.id).where(*mine).limit(1)) is None:
        raise NotFound(field=("tenantId",))
    await enter(session, Scope.of_tenant(tenant_id, organization_id=actor.organization_id))
    live = await _live_grants(session, tenant_id, now)
    own = [each for each in live if each.organization_id == actor.organization_id]
    if not own:
        raise GrantEnded(field=("tenantId",))
    owner = await get_organization_of(session, tenant_id)
    await _end(session, actor, own, live, owner, now)
    # Nor does it name who owns the tenant any more.
    await end_invitations(session, actor, into_id=owner, now=now)


async def _end(
    session: AsyncSession, actor: Actor, ended: list[Grant], live: list[Grant], owner: UUID, now: datetime
) -> None:
    """With all that was passed on by who may not pass it on any more."""
    while ended:
        for row in ended:
            row.revoked_at, row.revoked_by = now, actor.name
        live = [each for each in live if each not in ended]
        givers = {each.organization_id for each in live if ApiScope.MANAGE_TENANTS in each.scopes} | {owner, None}
        ended = [
            each
            for each in live
            if each.granted_by_organization_id not in givers
            and each.granted_by_organization_id != each.organization_id  # who opened the tenant gave to itself
        ]
    await session.flush()


def _checked_scopes(grant: NewGrant) -> list[str]:
    if not grant.scopes:
        raise InvalidInput("A grant covers at least one scope.", field=("scopes",), code="SCOPE_MISSING")
    beyond = sorted(set(grant.scopes) - grant.role.scopes)
    if beyond:
        raise InvalidInput(
            f"The role {grant.role} does not go as far as the scope {beyond[0]}.",
            field=("scopes",),
            code="SCOPE_BEYOND_ROLE",
        )
    return sorted(set(grant.scopes))


def _check_end(at: datetime | None, now: datetime) -> None:
    if at is not None and at.year > LAST_YEAR:
        raise InvalidInput(f"The year is {LAST_YEAR} at most.", field=("expiresAt",), code="ENDS_TOO_LATE")
    if at is not None and at <= now:
        raise InvalidInput("A grant ends in the future.", field=("expiresAt",), code="ENDS_IN_THE_PAST")


def _hold_to_own(own: Sequence[Grant], scopes: Collection[str], expires_at: datetime | None) -> None:
    """To what the organization has itself, for as long as it has it and may pass it on."""
    for scope in {*scopes, ApiScope.MANAGE_TENANTS}:
        covering = [each.expires_at for each in own if scope in each.scopes]
        if not covering:
            raise ScopeBeyondYours(scope)
        if None in covering:
            continue
        latest = max(each for each in covering if each is not None)
        if expires_at is None or expires_at > latest:
            raise InvalidInput(
                f"What your own grants cover ends at {latest.isoformat()}: what you give on ends no later.",
                field=("expiresAt",),
                code="ENDS_AFTER_YOURS",
            )


async def check_opened(session: AsyncSession, actor: Actor, *, tenant_id: UUID, now: datetime) -> None:
    """Whoever opened a tenant, and still manages it, hands it to its owner: nobody does to whom it was passed on.

    Raises NoGrant.
    """
    own = actor.organization_id
    for each in await _live_grants(session, tenant_id, now):
        if each.organization_id == own and each.granted_by_organization_id == own:
            return
    raise NoGrant(field=("tenantId",))


async def check_holds_nothing(session: AsyncSession, actor: Actor, *, organization_id: UUID, now: datetime) -> None:
    """Of a team that is put away: clients would be left with nobody. Comes back into the actor's organization.

    Raises HoldsGrants.
    """
    await enter(session, Scope(organization_id=organization_id))
    live = (Grant.revoked_at.is_(None), or_(Grant.expires_at.is_(None), Grant.expires_at > now))
    if await session.scalar(select(Grant.id).where(Grant.organization_id == organization_id, *live).limit(1)):
        raise HoldsGrants
    await enter(session, Scope(organization_id=actor.organization_id))


async def _live_grants(session: AsyncSession, tenant_id: UUID, now: datetime) -> list[Grant]:
    """Locked, in one order: who gives something on and who ends it wait for each other."""
    live = (Grant.revoked_at.is_(None), or_(Grant.expires_at.is_(None), Grant.expires_at > now))
    found = select(Grant).where(Grant.tenant_id == tenant_id, *live).order_by(Grant.id).with_for_update()
    return list(await session.scalars(found))


async def get_organization_of(session: AsyncSession, tenant_id: UUID) -> UUID:
    """The organization of a tenant that was entered."""
    return (await session.scalars(select(Tenant.organization_id).where(Tenant.id == tenant_id))).one()
