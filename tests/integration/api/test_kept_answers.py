"""Answers to registered operations, asked for by an address: "not changed" is said of what would be told again, and of
nothing else, whatever it depends on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
import orjson
import pytest
from strawberry.types import ExecutionResult

from api.http.answers import Asked, answer_of
from api.http.media import JSON
from api.metering import Meter
from tests.factories.organizations import Machine, new_machine, new_operation_set
from tests.factories.shops import Shop, order
from tests.factories.tenants import Tenancy, change_grants, give_grant
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.ledger import Ledger
from tests.integration.api.test_persisted import sha256
from tests.integration.api.test_subscriptions import set_status
from tests.integration.api.world import World

BOARD = """query Board($t: ID!) { tenant(id: $t) { name timeZone today
  kpis { nodes { name value(period: THIS_YEAR) { value n } target { value } } }
  objectives { nodes { title } } connections { nodes { status } } } }"""
NAMES = "query Names($t: ID!) { tenant(id: $t) { name } }"
SCOPES = ["read_metrics", "read_connections", "write_kpis"]


@dataclass(frozen=True)
class Desk:
    """A front end that keeps what it was told of one tenant."""

    world: World
    caller: Caller
    machine: Machine
    shop: Shop
    ledger: Ledger

    @property
    def tenant(self) -> Tenancy:
        return self.shop.tenant

    async def ask(self, tag: str = "", *, document: str = BOARD, caller: Caller | None = None) -> httpx2.Response:
        return await asked(caller or self.caller, document, self.tenant, tag)

    async def set_profile(self, assignment: str) -> None:
        await self.ledger.execute(f"UPDATE tenant_profiles SET {assignment} WHERE tenant_id = $1", self.tenant.id)


async def asked(caller: Caller, document: str, tenant: Tenancy, tag: str = "") -> httpx2.Response:
    parameters = {"documentId": f"sha256:{sha256(document)}", "variables": f'{{"t":"{tenant.gid}"}}'}
    headers = caller.headers | ({"If-None-Match": tag} if tag else {})
    return await caller.http.get("/graphql", params=parameters, headers=headers)


@pytest.fixture
async def desk(world: World, machine: Machine, caller: Caller, ledger: Ledger) -> Desk:
    shop = await world.another_shop(await world.another_tenant(name="Kept"))
    await world.planner(shop.tenant).kpi("orders")
    await give_grant(world.database, shop.tenant, machine.organization_id, scopes=SCOPES)
    for document in (BOARD, NAMES):
        await new_operation_set(world.database, machine.actor, document)
    return Desk(world, caller, machine, shop, ledger)


async def sold(desk: Desk) -> None:
    await desk.shop.sell(order(1, datetime.now(UTC), 1000))


async def planned(desk: Desk) -> None:
    await desk.caller.change("objectiveCreate", tenantId=desk.tenant.gid, title="Grow", **DAYS)


async def aimed(desk: Desk) -> None:
    planner = desk.world.planner(desk.tenant)
    await planner.target(await planner.kpi("net_revenue"))


async def paused(desk: Desk) -> None:
    await set_status(desk.shop, "PAUSED")


async def moved(desk: Desk) -> None:
    await desk.set_profile("time_zone = 'Pacific/Auckland'")


async def dawned(desk: Desk) -> None:
    await desk.set_profile("clock_shift_days = clock_shift_days + 1")


async def test_an_answer_says_that_it_may_be_kept(desk: Desk) -> None:
    first = await desk.ask()
    assert first.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in first.headers["vary"]
    tag = first.headers["etag"]
    known = await desk.ask(f'"other", {tag}')
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", tag)
    assert "etag" not in (await desk.caller.post({"documentId": f"sha256:{sha256(BOARD)}"})).headers


DAYS = {"startsOn": "2025-01-01", "dueOn": "2025-12-31"}
CHANGES: dict[str, Callable[[Desk], Awaitable[None]]] = {
    "an order": sold,
    "an objective": planned,
    "a target": aimed,
    "a connection's state": paused,
    "the zone": moved,
    "the reporting day": dawned,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_what_has_changed_is_told(desk: Desk, change: Callable[[Desk], Awaitable[None]]) -> None:
    before = await desk.ask()
    assert (await desk.ask(before.headers["etag"])).status_code == 304
    await change(desk)
    after = await desk.ask(before.headers["etag"])
    assert after.status_code == 200
    assert after.json()["data"] != before.json()["data"]
    assert (await desk.ask(after.headers["etag"])).status_code == 304
    assert (await desk.ask(before.headers["etag"])).status_code == 200, "the older tag stays of the older answer"


async def test_what_one_may_no_more_is_not_the_same(desk: Desk) -> None:
    """Neither where the grant covers less, nor where it has ended; whatever the caller says to have."""
    tag = (await desk.ask()).headers["etag"]
    for values, code in (
        ({"scopes": ["read_metrics"]}, "NO_GRANT"),
        ({"revoked_at": datetime.now(UTC)}, "GRANT_ENDED"),
    ):
        await change_grants(desk.world.database, desk.tenant, **values)
        for shown in (tag, "*", f'{tag}, "other"'):
            refused = await desk.ask(shown)
            assert refused.status_code == 200
            assert {each["extensions"]["code"] for each in refused.json()["errors"]} == {code}
            assert "etag" not in refused.headers
            assert refused.headers["cache-control"] == "no-store"


async def test_a_tag_is_of_one_answer(desk: Desk, world: World) -> None:
    """Not of another document's, another tenant's or another caller's."""
    tag = (await desk.ask()).headers["etag"]
    names = await desk.ask(tag, document=NAMES)
    assert (names.status_code, names.json()["data"]) == (200, {"tenant": {"name": "Kept"}})
    other = await new_machine(world.database)
    await new_operation_set(world.database, other.actor, BOARD)
    foreign = await world.another_shop(await world.another_tenant(name="Kept"))
    await give_grant(world.database, foreign.tenant, other.organization_id)
    stranger = await sign_in(desk.caller.http, other)
    own = await asked(stranger, BOARD, foreign.tenant, tag)
    assert own.status_code == 200
    assert own.headers["etag"] != tag
    for shown in ("", tag, "*"):
        refused = await desk.ask(shown, caller=stranger)
        assert refused.json()["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert (await desk.ask(own.headers["etag"])).status_code == 200


async def test_who_is_known_no_more_is_told_nothing(desk: Desk) -> None:
    tag = (await desk.ask()).headers["etag"]
    for token in ("x", f"{desk.caller.token}x"):
        refused = await desk.ask(tag, caller=Caller(desk.caller.http, token))
        assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")


DATA: tuple[Any, ...] = (
    {"tenant": {"name": "Kept"}},
    {"tenant": {"name": "Kept", "currency": "EUR"}},
    {"tenant": {"title": "Kept"}},
    {"tenant": {"name": None}},
    {"tenant": {"name": "kept"}},
    {"tenant": {"name": ["Kept"]}},
    {"business": {"name": "Kept"}},
    {"tenant": None},
)
"""The first, and what another release of the schema may make of it."""


@pytest.mark.parametrize("shown", DATA, ids=repr)
@pytest.mark.parametrize("told", DATA, ids=repr)
def test_the_same_is_only_what_is_the_same_to_the_byte(world: World, shown: Any, told: Any) -> None:
    """Whatever an answer depends on, a release of the schema among it."""
    actor = world.agency.machine.actor

    def answered(data: Any, known: str) -> Any:
        asked = Asked({}, actor, "r", "GET", JSON, Meter(actor), known)
        return answer_of(ExecutionResult(data, None), asked, None, was_executed=True)

    tag = answered(shown, "").headers["etag"]
    answer = answered(told, tag)
    assert answer.status_code == (304 if orjson.dumps(shown) == orjson.dumps(told) else 200)
