"""Who belongs to an organization, as what, and what people lend an app that acts for them there."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from tenants.access import repository
from tenants.access.actor import OF_PEOPLE, Actor, ApiScope
from tenants.access.clients import Client
from tenants.access.errors import LastOwner, OwnersOnly, ScopeBeyondYours
from tenants.access.kinds import Audience, MemberRole, OrganizationKind
from tenants.access.models import Membership, Organization
from tenants.database import Session, enter
from tenants.errors import NotFound
from tenants.scope import Scope


@dataclass(frozen=True)
class Member:
    """A person in one of their organizations."""

    person_id: UUID
    organization_id: UUID
    organization_name: str
    role: MemberRole
    since: datetime
    parent_id: UUID | None = None

    def may_use(self, client: Client) -> bool:
        """Whether the app is made for their organization."""
        return bool(self._lent(client))

    def lends(self, client: Client) -> frozenset[str]:
        """What the app may do for them at most."""
        return client.scopes & self._lent(client)

    def _lent(self, client: Client) -> frozenset[str]:
        return lent(
            self.role,
            is_own=client.organization_id in {self.organization_id, self.parent_id},
            audience=client.audience,
            owner_kind=client.organization_kind,
        )


def lent(role: MemberRole, *, is_own: bool, audience: Audience, owner_kind: OrganizationKind) -> frozenset[str]:
    """What a member lends an app of their own organization, of the one above it, or of a stranger.

    An organization itself is managed through its own apps and the operator's only, and so is one's own account.
    """
    if is_own:
        return role.scopes | OF_PEOPLE
    if audience is Audience.OWN_ORGANIZATION:
        return frozenset()
    if owner_kind is OrganizationKind.OPERATOR:
        return role.scopes | OF_PEOPLE
    return role.scopes - {ApiScope.MANAGE_ORGANIZATION}


async def find_members(session: Session, *, client: Client, person_id: UUID) -> list[Member]:
    """The person in each of their organizations, by name; nobody where they are disabled.

    Narrows the transaction to the person and the app's organization.
    """
    await enter(session, Scope(organization_id=client.organization_id, person_id=person_id))
    person = await repository.find_person(session, person_id)
    if person is None or person.disabled_at is not None:
        return []
    belongs = {each.organization_id: each for each in await repository.list_memberships(session, person_id)}
    await enter(session, Scope(known=frozenset(belongs)))
    return [
        Member(person_id, row.id, row.name, MemberRole(belongs[row.id].role), belongs[row.id].created_at, row.parent_id)
        for row in await repository.list_organizations(session, belongs)
        if row.archived_at is None
    ]


async def find_member(session: Session, *, client: Client, organization_id: UUID, person_id: UUID) -> Member | None:
    """As `find_members`, of one."""
    members = await find_members(session, client=client, person_id=person_id)
    return next((each for each in members if each.organization_id == organization_id), None)


async def change_role(session: Session, actor: Actor, *, person_id: UUID, role: MemberRole) -> None:
    """In the actor's organization. Raises NotFound, ScopeBeyondYours, OwnersOnly, LastOwner."""
    check_may_give(actor, role)
    member, owners = await _find(session, actor.organization_id, person_id)
    if member.role == role:
        return
    if MemberRole.OWNER in {member.role, role}:
        check_decides_owners(actor, owners, field="role")
    if owners == {person_id}:
        raise LastOwner
    member.role = role
    await session.flush()


async def remove_member(session: Session, actor: Actor, *, person_id: UUID) -> None:
    """From the actor's organization; what they allowed apps for it ends with that. Raises as `change_role`."""
    member, owners = await _find(session, actor.organization_id, person_id)
    # Whoever owns it may go by themselves.
    if member.role == MemberRole.OWNER and person_id != actor.person_id:
        check_decides_owners(actor, owners, field="memberId")
    if owners == {person_id}:
        raise LastOwner
    await session.delete(member)
    await session.flush()


async def leave(session: Session, actor: Actor) -> None:
    """The organization that the actor acts for. Raises PersonsOnly, NotFound, LastOwner."""
    member, owners = await _find(session, actor.organization_id, actor.person, field="organizationId")
    if owners == {actor.person}:
        raise LastOwner(field="organizationId")
    await session.delete(member)
    await session.flush()


def check_may_give(actor: Actor, role: MemberRole, *, besides: Collection[str] = ()) -> None:
    """Nobody makes somebody who may more than their own token. Raises ScopeBeyondYours."""
    beyond = sorted(role.scopes - actor.scopes - set(besides))
    if beyond:
        raise ScopeBeyondYours(beyond[0], field="role")


async def list_owners(session: Session, organization_id: UUID) -> set[UUID]:
    """For a change of them: until it is done nobody else makes one."""
    await session.scalar(select(Organization.id).where(Organization.id == organization_id).with_for_update())
    owners = (Membership.organization_id == organization_id, Membership.role == MemberRole.OWNER)
    return set(await session.scalars(select(Membership.person_id).where(*owners)))


def check_decides_owners(actor: Actor, owners: set[UUID], *, field: str) -> None:
    """Owners do; where there is none yet, whoever manages the organization. Raises OwnersOnly."""
    if owners and actor.person_id not in owners:
        raise OwnersOnly(field=field)


async def _find(
    session: Session, organization_id: UUID, person_id: UUID, *, field: str = "memberId"
) -> tuple[Membership, set[UUID]]:
    """With the organization's owners."""
    owners = await list_owners(session, organization_id)
    member = await session.get(Membership, (organization_id, person_id))
    if member is None:
        raise NotFound(field=(field,))
    return member, owners
