"""What holds for every mutation there is and will be: who writes a new one need not remember it."""

from datetime import timedelta
from uuid import UUID

import httpx2
import pytest

from api.ids import OWNERS, Kind, decode, encode
from tenants.access.actor import ApiScope
from tests.factories.organizations import new_machine
from tests.factories.tenants import give_grant
from tests.integration.api.client import Caller, Refusal, sign_in
from tests.integration.api.conftest import Asking
from tests.integration.api.ledger import Ledger
from tests.integration.api.shapes import (
    NEEDS_ANOTHER,
    OF_ORGANIZATION,
    OF_PEOPLE,
    TAKES_FROM_A_TENANT,
    Leaf,
    leaves,
    mutations,
    sample,
)
from tests.integration.api.world import World

IDS = leaves("ID")
GUESTS = (
    "grantCreate.organizationId",
    "clientsAssign.tenantIds",
    "clientsUnassign.tenantIds",
    "templateApply.tenantIds",
)
"""Whoever they are: `test_granting` says which are refused, and of a job's tenants each has a verdict (`test_bulk`)."""
UNKNOWN = UUID("01900000-0000-7000-8000-000000000000")


@pytest.mark.parametrize("mutation", mutations())
async def test_it_goes_through_and_is_told_back(asking: Asking, mutation: str) -> None:
    asker = await asking(mutation)
    input, caller = await sample(mutation, asker.home), await asker.sign_in()
    answer = await caller.attempt(mutation, {**input, "clientMutationId": "mine"}, "clientMutationId")
    assert answer.data[mutation] == {"userErrors": [], "clientMutationId": "mine"}


@pytest.mark.parametrize("leaf", [leaf for leaf in IDS if str(leaf) not in GUESTS], ids=str)
async def test_what_is_not_yours_is_not_found(asking: Asking, world: World, ledger: Ledger, leaf: Leaf) -> None:
    """A stranger's id, one that nobody has, one of ours with a stranger's inside, and what is no id at all."""
    asker = await asking(leaf.mutation)
    input, caller = await sample(leaf.mutation, asker.home), await asker.sign_in()
    own = decode(leaf.get(input))
    stranger = decode(world.stranger.gids[own.kind])
    before = await ledger.read()
    gids = [world.stranger.gids[own.kind], encode(own.kind, UNKNOWN, UNKNOWN), f"{leaf.get(input)}A", ""]
    gids += [gid for kind, gid in world.agency.gids.items() if kind not in (own.kind, Kind.TENANT)]
    if own.kind not in OWNERS:
        gids += [
            encode(own.kind, own.owner, stranger.id),
            encode(own.kind, own.owner, UNKNOWN),
            encode(own.kind, stranger.owner, own.id),
        ]
    refusals = await caller.attempts(leaf.mutation, [leaf.put(input, gid) for gid in gids])
    expected = Refusal("NOT_FOUND", leaf.error_field, "Nothing with this id is visible to you.")
    assert refusals == [expected] * len(gids)
    assert await ledger.read() == before


GARBAGE = (
    "\0", "kpi_\0", "x" * 10_000, "kpi_" + "A" * 10_000, "kpi_" + "A" * 43 + "=", "KPI_" + "A" * 43, "kpi_ä", "kpi_",
    "_", "\N{GRINNING FACE}", "ten_" + "A" * 22, "%00", "' OR 1=1 --", "kpi_" + "-" * 43, "kpi_" + "A" * 42 + "\n",
)  # fmt: skip


async def test_garbage_is_no_id(agency: Caller, ledger: Ledger) -> None:
    before = await ledger.read()
    refusals = await agency.attempts("kpiArchive", [{"kpiId": each} for each in (*GARBAGE, str(UNKNOWN))])
    assert {refusal and refusal.code for refusal in refusals} == {"NOT_FOUND"}
    assert await ledger.read() == before


def _with_two_ids() -> list[Leaf]:
    """Of a tenant's things: a template is taken from whatever tenant its organization may read."""
    ours = [leaf for leaf in IDS if str(leaf) not in GUESTS and leaf.mutation not in TAKES_FROM_A_TENANT]
    return [leaf for leaf in ours if sum(other.mutation == leaf.mutation for other in ours) > 1]


@pytest.mark.parametrize("leaf", _with_two_ids(), ids=str)
async def test_two_tenants_of_one_caller_are_not_mixed(
    agency: Caller, world: World, ledger: Ledger, leaf: Leaf
) -> None:
    input = await sample(leaf.mutation, world.agency)
    kind = decode(leaf.get(input)).kind
    other = world.sister.gids[kind]
    before = await ledger.read()
    refusal = await agency.refusal(leaf.mutation, **leaf.put(input, other))
    assert refusal.code == "NOT_FOUND"
    assert await ledger.read() == before


@pytest.mark.parametrize("mutation", mutations())
async def test_it_needs_its_scope_and_no_other(asking: Asking, ledger: Ledger, mutation: str) -> None:
    asker = await asking(mutation)
    input = await sample(mutation, asker.home)
    reader = await asker.sign_in(ApiScope.READ_METRICS, ApiScope.READ_CONNECTIONS)
    before = await ledger.read()
    refused = await reader.attempt(mutation, input)
    assert refused.body["data"] is None
    assert refused.code == "FORBIDDEN_SCOPE"
    scope = refused.error["extensions"]["requiredScope"]
    assert scope in refused.error["message"]
    assert await ledger.read() == before
    needed = tuple(ApiScope) if mutation in NEEDS_ANOTHER else (scope,)
    writer = await asker.sign_in(*needed)
    await writer.change(mutation, **input)


@pytest.mark.parametrize("mutation", OF_PEOPLE)
async def test_an_app_on_its_own_has_no_account(agency: Caller, world: World, ledger: Ledger, mutation: str) -> None:
    input = await sample(mutation, world.agency)
    before = await ledger.read()
    assert (await agency.refusal(mutation, **input)).code == "PERSONS_ONLY"
    assert await ledger.read() == before


@pytest.mark.parametrize("mutation", sorted({leaf.mutation for leaf in IDS} - set(OF_ORGANIZATION)))
async def test_it_is_closed_to_whose_grant_has_ended_or_does_not_cover_it(
    http: httpx2.AsyncClient, world: World, ledger: Ledger, mutation: str
) -> None:
    """An input of another tenant that the caller may, or might once, see."""
    input = await sample(mutation, world.agency)
    guest = await new_machine(world.database)
    caller = await sign_in(http, guest)
    other_scope = ApiScope.READ_CONNECTIONS if mutation in TAKES_FROM_A_TENANT else ApiScope.READ_METRICS
    await give_grant(world.database, world.agency.tenant, guest.organization_id, scopes=[other_scope])
    before = await ledger.read()
    assert (await caller.refusal(mutation, **input)).code == "NO_GRANT"
    assert await ledger.read() == before
    other = await new_machine(world.database)
    await give_grant(world.database, world.agency.tenant, other.organization_id, ends_in=timedelta(seconds=-1))
    before = await ledger.read()
    assert (await (await sign_in(http, other)).refusal(mutation, **input)).code == "GRANT_ENDED"
    assert await ledger.read() == before
