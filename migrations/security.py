"""Row-level security, one call per table. What a call did once stays as it is: later changes get later calls.

Two guards exist. A *tenant* guard reads `app.tenant_ids()` and writes `app.tenant_id()`; an *expression* guard
states both sides itself. Each makes four policies, because a single one would let whoever may read a row delete it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

APPLICATION = "azimuth_app"
LOOKUP = "azimuth_lookup"
OWNER = "azimuth_owner"
BENCHMARK = "azimuth_benchmark"

TENANT_READ = "tenant_id = ANY (app.tenant_ids())"
TENANT_WRITE = "tenant_id = app.tenant_id()"
ORGANIZATION = "organization_id = app.organization_id()"


@dataclass(frozen=True)
class Guard:
    read: str
    write: str


ALL = "SELECT, INSERT, UPDATE, DELETE"

TENANT = Guard(TENANT_READ, TENANT_WRITE)
OF_ORGANIZATION = Guard(ORGANIZATION, ORGANIZATION)


def protect(table: str, *, kind: str, guard: Guard | None, may: str = ALL) -> Iterator[str]:
    """The statements that give `table` its class, its guard and the application's rights. `kind` is its class."""
    yield f"COMMENT ON TABLE {table} IS 'class: {kind}'"
    yield f"GRANT {may} ON {table} TO {APPLICATION}"
    if guard is None:
        return
    yield f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY"
    yield f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY"
    yield f"CREATE POLICY {kind}_read ON {table} FOR SELECT TO {APPLICATION} USING ({guard.read})"
    yield f"CREATE POLICY {kind}_insert ON {table} FOR INSERT TO {APPLICATION} WITH CHECK ({guard.write})"
    yield (
        f"CREATE POLICY {kind}_update ON {table} FOR UPDATE TO {APPLICATION} "
        f"USING ({guard.write}) WITH CHECK ({guard.write})"
    )
    yield f"CREATE POLICY {kind}_delete ON {table} FOR DELETE TO {APPLICATION} USING ({guard.write})"


def protect_tenant(table: str, may: str = ALL) -> Iterator[str]:
    yield from protect(table, kind="tenant", guard=TENANT, may=may)


def protect_directory(table: str, guard: Guard | None, may: str = ALL) -> Iterator[str]:
    yield from protect(table, kind="directory", guard=guard, may=may)


def open_to_lookup(table: str) -> Iterator[str]:
    """Lets the look-up functions find a row by its exact key before anybody is known."""
    yield f"GRANT SELECT ON {table} TO {LOOKUP}"
    yield f"CREATE POLICY directory_lookup ON {table} FOR SELECT TO {LOOKUP} USING (true)"
