"""Whose rows a transaction may touch. The guard is row-level security; this is what it is told."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID


@dataclass(frozen=True)
class Scope:
    """`readable` tenants may be read, `tenant_id` may also be written; directory rows go by organization or person.

    Of `known` organizations it may be read who they are, and of `people` by which address they sign in.
    """

    organization_id: UUID | None = None
    person_id: UUID | None = None
    tenant_id: UUID | None = None
    readable: frozenset[UUID] = field(default_factory=frozenset)
    known: frozenset[UUID] = field(default_factory=frozenset)
    people: frozenset[UUID] = field(default_factory=frozenset)

    @classmethod
    def of_tenant(cls, tenant_id: UUID, *, organization_id: UUID | None = None) -> "Scope":
        return cls(organization_id=organization_id, tenant_id=tenant_id, readable=frozenset({tenant_id}))

    def statements(self) -> Iterator[str]:
        """One SET LOCAL each, built from UUID objects only: no text of a caller ever enters."""
        if self.organization_id is not None:
            yield f"SET LOCAL app.organization_id = '{_uuid(self.organization_id)}'"
        if self.person_id is not None:
            yield person(self.person_id)
        if self.readable:
            yield readable(self.readable)
        if self.known:
            yield known(self.known)
        if self.people:
            yield people(self.people)
        if self.tenant_id is not None:
            yield f"SET LOCAL app.tenant_id = '{_uuid(self.tenant_id)}'"


def readable(tenant_ids: Iterable[UUID]) -> str:
    return f"SET LOCAL app.tenant_ids = '{_list(tenant_ids)}'"


def known(organization_ids: Iterable[UUID]) -> str:
    return f"SET LOCAL app.organization_ids = '{_list(organization_ids)}'"


def person(person_id: UUID) -> str:
    return f"SET LOCAL app.person_id = '{_uuid(person_id)}'"


def people(person_ids: Iterable[UUID]) -> str:
    return f"SET LOCAL app.person_ids = '{_list(person_ids)}'"


def _list(ids: Iterable[UUID]) -> str:
    return f"{{{','.join(sorted(map(_uuid, ids)))}}}"


def _uuid(value: UUID) -> str:
    if not isinstance(value, UUID):
        raise TypeError(f"a scope takes UUID objects, not {type(value).__name__}")
    # Written anew from its bytes: what a subclass, such as the driver's own, says of itself does not matter.
    return bytes(value.bytes).hex()
