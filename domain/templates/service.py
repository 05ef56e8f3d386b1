"""Templates: an organization's plan for its clients, in versions that never change."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import func, select

from domain import fields
from domain.templates.applying import Applied, Rollout
from domain.templates.content import Content
from domain.templates.ground import read_ground
from domain.templates.models import Template, TemplateVersion
from domain.templates.taking import take
from tenants.access.actor import Actor
from tenants.access.models import Organization
from tenants.database import Session
from tenants.errors import AlreadyArchived, Conflict, InvalidInput, NotFound
from tenants.registry.profile import Profile
from tenants.sql import statement

MOST_TEMPLATES, MOST_VERSIONS = 500, 200
"""Live ones of an organization, and of one of them."""

# Whoever applies the same to the same client meanwhile waits here.
APPLY = statement("""
INSERT INTO template_applications (organization_id, template_id, tenant_id, version, applied_at)
VALUES (:organization_id!uuid, :template_id!uuid, :tenant_id!uuid, :version!bigint, :now!instant)
ON CONFLICT (organization_id, template_id, tenant_id) DO UPDATE SET
    version = greatest(template_applications.version, excluded.version), applied_at = excluded.applied_at
""")


async def create_template(
    session: Session, actor: Actor, *, profile: Profile, name: str, description: str | None, now: datetime
) -> Template:
    """From what the tenant has now. Raises InvalidInput, Conflict."""
    await _check_room(session, actor)
    template = Template(
        organization_id=actor.organization_id,
        name=fields.title(name, "name"),
        description=fields.words(description, "description", most=4000, required=False),
        newest=0,
    )
    content = await take(session, profile=profile, template_id=None, before=None)
    session.add(template)
    await session.flush()
    await _add_version(session, template, content, now)
    return template


async def revise_template(
    session: Session, actor: Actor, *, profile: Profile, template_id: UUID, now: datetime
) -> Template:
    """The next version, from what the tenant has now; whom an older one was applied to is left as it is."""
    template = await _live(session, actor, template_id)
    if template.newest >= MOST_VERSIONS:
        raise Conflict(f"A template has at most {MOST_VERSIONS} versions: make another one.", code="VERSIONS_TOO_MANY")
    before = await get_content(session, template, template.newest)
    content = await take(session, profile=profile, template_id=template_id, before=before)
    await _add_version(session, template, content, now)
    return template


async def archive_template(session: Session, actor: Actor, *, template_id: UUID, now: datetime) -> Template:
    template = await _live(session, actor, template_id)
    template.archived_at = now
    await session.flush()
    return template


async def version_to_apply(
    session: Session, actor: Actor, *, template_id: UUID, version: int | None, starts_on: date
) -> int:
    """By default the newest. Raises NotFound, AlreadyArchived, InvalidInput."""
    template = await _live(session, actor, template_id)
    fields.plausible(starts_on, "startsOn")
    if version is not None and not 1 <= version <= template.newest:
        words = f"The newest version is {template.newest}."
        raise InvalidInput(words, field=("version",), code="NO_SUCH_VERSION")
    return version or template.newest


async def apply_template(
    session: Session,
    actor: Actor,
    *,
    profile: Profile,
    template_id: UUID,
    version: int,
    starts_on: date,
    now: datetime,
) -> Applied:
    """To a tenant that was entered beside the organization. Doing it again makes what is missing.

    Raises AlreadyArchived: a job may come to the tenant long after it was asked for.
    """
    await _hold_live(session, actor, template_id)
    key = {"organization_id": actor.organization_id, "template_id": template_id, "tenant_id": profile.tenant_id}
    await session.execute(APPLY, {**key, "version": version, "now": now})
    ground = await read_ground(session, tenant_id=profile.tenant_id, template_id=template_id)
    versions = {version, *(mark.version for mark in ground.marks.values() if not mark.adopted)}
    contents = await _contents(session, actor, template_id, versions)
    rollout = Rollout(session, actor, profile, template_id, version, contents, starts_on, now, ground)
    return await rollout.run()


async def get_content(session: Session, template: Template, version: int) -> Content:
    key = (template.organization_id, template.id, version)
    row = await session.get(TemplateVersion, key)
    assert row is not None, "versions are numbered without gaps"
    return Content.parse(row.content)


async def _contents(
    session: Session, actor: Actor, template_id: UUID, versions: Iterable[int]
) -> Mapping[int, Content]:
    wanted = select(TemplateVersion).where(
        TemplateVersion.organization_id == actor.organization_id,
        TemplateVersion.template_id == template_id,
        TemplateVersion.version.in_(sorted(versions)),
    )
    return {each.version: Content.parse(each.content) for each in await session.scalars(wanted)}


async def _check_room(session: Session, actor: Actor) -> None:
    """Locked: who makes one at the same time is counted, too."""
    own = select(Organization.id).where(Organization.id == actor.organization_id)
    await session.scalar(own.with_for_update(key_share=True))
    live = (Template.organization_id == actor.organization_id, Template.archived_at.is_(None))
    if (await session.scalars(select(func.count()).select_from(Template).where(*live))).one() >= MOST_TEMPLATES:
        words = f"An organization has at most {MOST_TEMPLATES} templates: archive one."
        raise Conflict(words, code="TEMPLATES_TOO_MANY")


async def _hold_live(session: Session, actor: Actor, template_id: UUID) -> None:
    """It is not put away before this unit of work has ended. Many may hold it at once. Raises AlreadyArchived."""
    own = (Template.organization_id == actor.organization_id, Template.id == template_id)
    archived = select(Template.archived_at).where(*own).with_for_update(read=True, key_share=True)
    if await session.scalar(archived) is not None:
        raise AlreadyArchived("templateId")


async def _live(session: Session, actor: Actor, template_id: UUID) -> Template:
    """Locked: versions of one template are numbered one after the other."""
    own = (Template.organization_id == actor.organization_id, Template.id == template_id)
    template = await session.scalar(select(Template).where(*own).with_for_update())
    if template is None:
        raise NotFound(field=("templateId",))
    if template.archived_at is not None:
        raise AlreadyArchived("templateId")
    return template


async def _add_version(session: Session, template: Template, content: Content, now: datetime) -> None:
    template.newest += 1
    session.add(
        TemplateVersion(
            organization_id=template.organization_id,
            template_id=template.id,
            version=template.newest,
            content=content.to_json(),
            created_at=now,
        )
    )
    await session.flush()
