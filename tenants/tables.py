"""The classes of tables. A table states its class by its parent; the catalog check refuses one that has none."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, LargeBinary, MetaData, Table, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from tenants.clock import wall_now
from tenants.ids import new_id


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        UUID: Uuid(),
        datetime: DateTime(timezone=True),
        int: BigInteger(),
        str: Text(),
        bytes: LargeBinary(),
        list[str]: ARRAY(Text()),
        dict[str, Any]: JSONB(),
        list[dict[str, Any]]: JSONB(),
    }
    table_class: ClassVar[str]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if isinstance(table := getattr(cls, "__table__", None), Table):
            table.comment = f"class: {cls.table_class}"


class TenantTable(Base):
    """Business data of one tenant: tenant_id leads every key, four policies guard every row."""

    __abstract__ = True
    table_class = "tenant"
    untold: ClassVar[frozenset[str]] = frozenset()
    """Columns that no answer tells: what is read for one leaves them where they are."""

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-100)


class TenantEntity(TenantTable):
    """A tenant's thing with an id of its own."""

    __abstract__ = True

    tenant_id: Mapped[UUID] = mapped_column(
        ForeignKey("tenants.id", ondelete="CASCADE"), primary_key=True, sort_order=-100
    )
    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-99)
    created_at: Mapped[datetime] = mapped_column(default=wall_now, sort_order=-98)


class DirectoryTable(Base):
    """Who exists and who may: no business data, no personal field but a sign-in address."""

    __abstract__ = True
    table_class = "directory"


class DirectoryEntity(DirectoryTable):
    __abstract__ = True

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id, sort_order=-99)
    created_at: Mapped[datetime] = mapped_column(default=wall_now, sort_order=-98)
