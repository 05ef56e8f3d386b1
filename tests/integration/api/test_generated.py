"""Operations that a library writes from the schema alone: whatever they are, the answer has a code and no internals.

Those of `tests.fuzz` are sound and compare answers; these are of any kind, changes among them, and half of them wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import Mode, from_schema, nodes

from api.ids import Kind
from tests.factories.organizations import new_machine
from tests.factories.shops import new_provider_app
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.shapes import CORE
from tests.integration.api.test_documents import no_internals
from tests.integration.api.world import Household, World, new_household

FEW, SOME, MANY = 50, 250, 5_000
"""What is wrong is small and quickly written; what fits the whole schema is neither."""
IDS = st.one_of(st.sampled_from([f"@{kind}" for kind in Kind]), st.text(max_size=50))
DAYS = st.one_of(st.dates().map(str), st.sampled_from(["2025-03-31", "yesterday", ""]))
INSTANTS = st.one_of(st.datetimes().map(lambda each: f"{each.isoformat()}Z"), st.just("soon"))
NUMBERS = st.one_of(st.decimals().map(str), st.sampled_from(["100", "1e999", "1e-30", "ten"]))
SCALARS = {
    "ID": IDS.map(nodes.String),
    "Date": DAYS.map(nodes.String),
    "DateTime": INSTANTS.map(nodes.String),
    "Decimal": NUMBERS.map(nodes.String),
}


def generated(mode: Mode, most: int) -> Callable[..., Any]:
    """The same each time, so that who changes nothing meets nothing new."""
    limits = settings(
        max_examples=most, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
    )

    def decorate(test: Any) -> Any:
        return limits(given(document=from_schema(CORE, custom_scalars=SCALARS, mode=mode))(test))

    return decorate


@dataclass(frozen=True)
class Desk:
    """Of an organization whose things may be put away."""

    caller: Caller
    home: Household

    async def ask(self, document: str) -> None:
        for kind, gid in self.home.gids.items():
            document = document.replace(f'"@{kind}"', f'"{gid}"')
        answer = await self.caller.post({"query": document})
        assert answer.status_code == 200, document
        for error in answer.json().get("errors", ()):
            assert error["extensions"]["code"] != "INTERNAL_ERROR", document
        no_internals(answer.text)


@pytest.fixture(scope="module")
async def desk(http: httpx2.AsyncClient, world: World) -> Desk:
    machine = await new_machine(world.database)
    app = await new_provider_app(world.database, world.keyring, machine.organization_id)
    home = await new_household(world.database, world.keyring, machine, app)
    caller = await sign_in(http, await new_machine(world.database, organization_id=machine.organization_id))
    return Desk(caller, home)


@generated(Mode.POSITIVE, FEW)
async def test_what_fits_the_schema_is_answered(desk: Desk, document: str) -> None:
    await desk.ask(document)


@generated(Mode.NEGATIVE, SOME)
async def test_what_does_not_fit_it_is_refused_by_its_code(desk: Desk, document: str) -> None:
    await desk.ask(document)


@pytest.mark.long
@generated(Mode.POSITIVE, MANY)
async def test_much_that_fits_the_schema_is_answered(desk: Desk, document: str) -> None:
    await desk.ask(document)


@pytest.mark.long
@generated(Mode.NEGATIVE, MANY)
async def test_much_that_does_not_fit_it_is_refused_by_its_code(desk: Desk, document: str) -> None:
    await desk.ask(document)
