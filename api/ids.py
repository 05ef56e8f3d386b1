"""Global ids: opaque to callers, to us a kind, an owner and an id. A bad one is simply not found.

The owner is the tenant it belongs to, or for what stands in the directory the organization or the person.
"""

import base64
import binascii
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from strawberry import ID

from tenants.errors import NotFound


class Kind(StrEnum):
    ORGANIZATION = "org"
    APP = "app"
    MEMBER = "mem"
    INVITATION = "inv"
    OPERATION_SET = "ops"
    JOB = "job"
    TEMPLATE = "tpl"
    CONSENT = "cns"
    SIGN_IN = "sgn"
    GRANT = "grt"
    TENANT = "ten"
    OBJECTIVE = "obj"
    KPI = "kpi"
    BASELINE = "bas"
    TARGET = "tgt"
    INITIATIVE = "ini"
    INITIATIVE_LINK = "lnk"
    CONNECTION = "con"


OWNERS = frozenset({Kind.TENANT, Kind.ORGANIZATION})
"""Those own themselves."""
OF_PEOPLE = frozenset({Kind.CONSENT, Kind.SIGN_IN})
"""Nobody looks them up: the person they belong to finds them under themselves."""
OF_ORGANIZATIONS = frozenset(
    {Kind.ORGANIZATION, Kind.APP, Kind.MEMBER, Kind.INVITATION, Kind.OPERATION_SET, Kind.JOB, Kind.TEMPLATE}
)


@dataclass(frozen=True, slots=True)
class GlobalId:
    kind: Kind
    owner: UUID
    id: UUID

    @property
    def key(self) -> tuple[UUID, UUID]:
        return (self.owner, self.id)


def encode(kind: Kind, owner: UUID, id: UUID) -> ID:
    return ID(f"{kind}_{_text(owner.bytes if kind in OWNERS else owner.bytes + id.bytes)}")


def tenant_gid(tenant_id: UUID) -> ID:
    return encode(Kind.TENANT, tenant_id, tenant_id)


def organization_gid(organization_id: UUID) -> ID:
    return encode(Kind.ORGANIZATION, organization_id, organization_id)


def decode(text: str, *, field: tuple[str, ...] = ()) -> GlobalId:
    """Raises NotFound for whatever is not one of our ids."""
    prefix, _, rest = text.partition("_")
    try:
        kind = Kind(prefix)
        raw = base64.b64decode(rest + "=" * (-len(rest) % 4), altchars=b"-_", validate=True)
    except (ValueError, binascii.Error):
        raise NotFound(field=field) from None
    if len(raw) != (16 if kind in OWNERS else 32):
        raise NotFound(field=field)
    return GlobalId(kind, UUID(bytes=raw[:16]), UUID(bytes=raw[-16:]))


def decode_tenant(text: str, *, field: tuple[str, ...] = ()) -> UUID:
    """The tenant to which what is named belongs. Raises NotFound also for what belongs to none."""
    decoded = decode(text, field=field)
    if decoded.kind in OF_ORGANIZATIONS | OF_PEOPLE:
        raise NotFound(field=field)
    return decoded.owner


def decode_as(kind: Kind, text: str, *, field: tuple[str, ...] = ()) -> GlobalId:
    """Raises NotFound also for an id of another kind."""
    decoded = decode(text, field=field)
    if decoded.kind is not kind:
        raise NotFound(field=field)
    return decoded


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
