"""The look-ups run before anybody is known: whoever does not hold the exact key learns nothing from them."""

import pytest

from tests.isolation.rows import B, World
from tests.isolation.schema import Connection, Function, Schema

STRANGE = {
    "uuid": "'00000000-0000-4000-8000-000000000000'::uuid",
    "text": "'%'::text",
    "bytea": "''::bytea",
    "integer": "1000",
}
WALKS = frozenset(
    {"app.open_tenants(uuid,integer)", "app.all_organizations(uuid,integer)", "app.open_bulk_jobs(uuid,integer)"}
)
"""Those that go through all owners by their nature: the tick finds what is due, housekeeping what is old."""

IGNORANT = """
CREATE OR REPLACE FUNCTION app.find_person(address text) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS
$$ SELECT p.id FROM public.people p WHERE {} $$
"""


def lookups(schema: Schema) -> list[Function]:
    return [function for function in schema.functions if function.definer]


async def answers(connection: Connection, schema: Schema) -> list[str]:
    """The look-ups that answer somebody who has no key: none at all, or one that fits nothing."""
    answering = []
    for function in lookups(schema):
        name, _, rest = function.signature.partition("(")
        types = rest.rstrip(")").split(",")
        strange = [STRANGE[each] for each in types]
        keys = [["NULL"] * len(types)] + [strange] * (function.signature not in WALKS)
        for key in keys:
            found = await connection.fetch(f"SELECT * FROM {name}({', '.join(key)}) AS found")
            if any(value is not None for row in found for value in row):
                answering.append(f"{name}({', '.join(key)})")
    return answering


async def test_without_its_key_a_look_up_says_nothing(application: Connection, schema: Schema) -> None:
    assert len(lookups(schema)) >= len(WALKS)
    assert await answers(application, schema) == []


@pytest.mark.parametrize("condition", ["true", "p.sign_in_address LIKE address", "address IS NULL"])
async def test_a_look_up_that_needs_no_key_is_noticed(
    administrator: Connection, world: World, schema: Schema, condition: str
) -> None:
    transaction = administrator.transaction()
    await transaction.start()
    await administrator.execute(IGNORANT.format(condition))
    found = await answers(administrator, schema)
    await transaction.rollback()
    assert {each.partition("(")[0] for each in found} == {"app.find_person"}


async def test_with_its_key_a_look_up_finds_one_row(application: Connection, world: World) -> None:
    found = await application.fetch("SELECT * FROM app.find_app('client_id-b')")
    assert [f"'{value}'" for value in found[0]] == [world.row("apps", B)[name] for name in ("id", "organization_id")]
    assert len(found) == 1
