"""Global ids: opaque to callers, to us a kind, a tenant and an id. A bad one is simply not found."""

import base64
import binascii
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from strawberry import ID

from tenants.errors import NotFound


class Kind(StrEnum):
    TENANT = "ten"
    OBJECTIVE = "obj"
    KPI = "kpi"
    BASELINE = "bas"
    TARGET = "tgt"
    INITIATIVE = "ini"
    INITIATIVE_LINK = "lnk"
    CONNECTION = "con"


@dataclass(frozen=True, slots=True)
class GlobalId:
    kind: Kind
    tenant_id: UUID
    id: UUID

    @property
    def key(self) -> tuple[UUID, UUID]:
        return (self.tenant_id, self.id)


def encode(kind: Kind, tenant_id: UUID, id: UUID) -> ID:
    return ID(f"{kind}_{_text(tenant_id.bytes if kind is Kind.TENANT else tenant_id.bytes + id.bytes)}")


def tenant_gid(tenant_id: UUID) -> ID:
    return encode(Kind.TENANT, tenant_id, tenant_id)


def decode(text: str, *, field: tuple[str, ...] = ()) -> GlobalId:
    """Raises NotFound for whatever is not one of our ids."""
    prefix, _, rest = text.partition("_")
    try:
        kind = Kind(prefix)
        raw = base64.b64decode(rest + "=" * (-len(rest) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise NotFound(field=field) from None
    expected = 16 if kind is Kind.TENANT else 32
    if len(raw) != expected:
        raise NotFound(field=field)
    tenant_id = UUID(bytes=raw[:16])
    return GlobalId(kind, tenant_id, UUID(bytes=raw[-16:]))


def decode_as(kind: Kind, text: str, *, field: tuple[str, ...] = ()) -> GlobalId:
    """Raises NotFound also for an id of another kind."""
    decoded = decode(text, field=field)
    if decoded.kind is not kind:
        raise NotFound(field=field)
    return decoded


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
