"""What is asked of every server: a folder in `shapes/`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from bench.seeding import Ground

SHAPES = Path(__file__).with_name("shapes")


@dataclass(frozen=True)
class Shape:
    """`document.graphql` is for our API, `NAME.sql` or `NAME.graphql` for the reference NAME.

    What the statements have in common, if anything, is in `figures.sql`. A shape is about one tenant at a time, or,
    with `of_all`, about all that the client may read.
    """

    name: str
    variables: Mapping[str, object]
    of_all: bool = False

    @property
    def document(self) -> str:
        return self.dialect("document")

    def dialect(self, name: str) -> str:
        return (SHAPES / self.name / f"{name}.graphql").read_text()

    def statement(self, reference: str) -> list[Path]:
        parts = (SHAPES / self.name / file for file in ("figures.sql", f"{reference}.sql"))
        return [part for part in parts if part.exists()]

    def subjects(self, ground: Ground) -> Sequence[UUID]:
        """Of each request: its tenant, or the organization that asks."""
        return (ground.organization_id,) if self.of_all else ground.tenants

    def variables_for(self, ground: Ground, tenant: Callable[[UUID], Any]) -> list[dict[str, object]]:
        """Of each request; `tenant` writes an id as the server wants it."""
        if self.of_all:
            return [dict(self.variables)]
        return [{**self.variables, "tenant": tenant(tenant_id)} for tenant_id in ground.tenants]
