from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants.tables import DirectoryEntity, DirectoryTable, TenantTable

TEMPLATE_KEY = (["organization_id", "template_id"], ["templates.organization_id", "templates.id"])


class ItemKind(StrEnum):
    OBJECTIVE = "OBJECTIVE"
    KPI = "KPI"
    TARGET = "TARGET"
    LINK = "LINK"


class Template(DirectoryEntity):
    """An organization's, for its clients."""

    __tablename__ = "templates"
    __table_args__ = (UniqueConstraint("organization_id", "id"),)

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    name: Mapped[str]
    description: Mapped[str | None]
    newest: Mapped[int]
    archived_at: Mapped[datetime | None]


class TemplateVersion(DirectoryTable):
    """Never changed: what was applied by it is compared with it for good. `content` is a `Content`."""

    __tablename__ = "template_versions"
    __table_args__ = (ForeignKeyConstraint(*TEMPLATE_KEY, ondelete="CASCADE"),)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    template_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


class TemplateApplication(DirectoryTable):
    """The newest version that was applied to a client, and when last."""

    __tablename__ = "template_applications"
    __table_args__ = (ForeignKeyConstraint(*TEMPLATE_KEY, ondelete="CASCADE"),)

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    template_id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int]
    applied_at: Mapped[datetime]


class TemplateMark(TenantTable):
    """Which of a tenant's things stands for an item of a template, as which version has it, counted from which day.

    A target's item is its KPI's. What was there before and only taken for the item is `adopted`.
    """

    __tablename__ = "template_marks"

    tenant_id: Mapped[UUID] = mapped_column(
        ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True, sort_order=-100
    )
    template_id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    item: Mapped[UUID] = mapped_column(primary_key=True)
    object_id: Mapped[UUID]
    version: Mapped[int]
    starts_on: Mapped[date]
    adopted: Mapped[bool]
