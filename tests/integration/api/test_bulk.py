"""Bulk jobs: a verdict for each client, once, whoever asks and whatever happens meanwhile."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx2
import pytest

from api.ids import decode, organization_gid, tenant_gid
from api.worker import perform
from domain.connections.house import House
from domain.connections.tick import wake_for_what_is_due
from tenants.access.actor import ApiScope
from tenants.access.callers import Callers
from tenants.access.kinds import MemberRole
from tenants.bulk import run
from tenants.bulk.kinds import MOST_OPEN, MOST_TENANTS
from tenants.clock import WallClock
from tenants.ids import new_id
from tenants.jobs import Job, JobKind
from tenants.registry.profile import Profile
from tenants.registry.service import NewTenant, create_tenant
from tenants.scope import Scope
from tests.factories.jobs import give_up_jobs, take, work_off
from tests.factories.organizations import new_machine, new_organization
from tests.factories.people import new_person
from tests.factories.tenants import Tenancy, change_grants
from tests.integration.api.client import Caller, sign_in
from tests.integration.api.conftest import Open
from tests.integration.api.ledger import Ledger
from tests.integration.api.people import person_at
from tests.integration.api.subscriber import subscriber
from tests.integration.api.world import World

READ = {"role": "VIEWER", "scopes": ["READ_METRICS"]}
JOB = "query($id: ID!) { node(id: $id) { ... on Job { kind state total done failed dryRun finishedAt } } }"
RESULTS = """query($id: ID!, $failed: Boolean!) { node(id: $id) { ... on Job {
  results(first: 100, onlyFailed: $failed) { nodes { tenantId code message field subjectId } } } } }"""
PROGRESS = "subscription($id: ID!) { jobProgress(id: $id) { state done failed } }"
GIVEN = """SELECT tenant_id, count(*) AS n FROM grants WHERE organization_id = $1 AND revoked_at IS NULL
  GROUP BY tenant_id"""


@dataclass(frozen=True)
class Desk:
    """An agency's, with a team to give clients to."""

    caller: Caller
    world: World
    house: House
    ledger: Ledger
    team: UUID

    async def assign(self, tenant_ids: Sequence[str], caller: Caller | None = None, **given: Any) -> str:
        input = {"organizationId": organization_gid(self.team), "tenantIds": tenant_ids, **READ, **given}
        job: str = (await (caller or self.caller).change("clientsAssign", "job { id }", **input))["job"]["id"]
        return job

    async def job(self, gid: str) -> dict[str, Any]:
        return dict((await self.caller.ask(JOB, id=gid)).data["node"])

    async def results(self, gid: str, *, failed: bool = False) -> dict[str, dict[str, Any]]:
        nodes = (await self.caller.ask(RESULTS, id=gid, failed=failed)).data["node"]["results"]["nodes"]
        return {each.pop("tenantId"): each for each in nodes}

    async def codes(self, gid: str) -> dict[str, str]:
        return {tenant: each["code"] for tenant, each in (await self.results(gid)).items()}

    async def work_off(self, *gids: str) -> int:
        return await work_off(self.house, self.ledger.connection, *gids)

    async def turn(self, gid: str) -> None:
        (wake_up,) = await take(self.ledger.connection, gid)
        await perform(self.house, wake_up)

    async def given(self) -> dict[str, int]:
        """Live grants of the team, by tenant."""
        return {tenant_gid(row["tenant_id"]): row["n"] for row in await self.ledger.connection.fetch(GIVEN, self.team)}


@pytest.fixture
async def desk(agency: Caller, world: World, worker_house: House, ledger: Ledger) -> Desk:
    await give_up_jobs(world.database, world.agency.machine.organization_id)
    team = await new_organization(world.database, parent_id=world.agency.machine.organization_id)
    return Desk(agency, world, worker_house, ledger, team)


@pytest.fixture(scope="module")
async def clients(world: World) -> list[Tenancy]:
    """Fifty, in the order in which a job comes to them."""
    actor = world.agency.machine.actor
    ids = []
    async with world.database.unit_of_work(Scope(organization_id=actor.organization_id)) as session:
        for _ in range(50):
            tenant = NewTenant(name="Client", currency="EUR", time_zone="UTC")
            ids.append(await create_tenant(session, actor, tenant=tenant, keyring=world.keyring, now=datetime.now(UTC)))
    return [Tenancy(Profile(id, "Client", "EUR", ZoneInfo("UTC"), 1, timedelta())) for id in sorted(ids)]


async def test_fifty_clients_of_which_one_is_lost_on_the_way(desk: Desk, clients: list[Tenancy]) -> None:
    gids = [each.gid for each in clients]
    gid = await desk.assign(gids)
    asked = {"kind": "CLIENTS_ASSIGN", "total": 50, "dryRun": False}
    assert await desk.job(gid) == {**asked, "state": "QUEUED", "done": 0, "failed": 0, "finishedAt": None}
    await desk.turn(gid)
    midway = await desk.job(gid)
    assert (midway["state"], midway["done"]) == ("RUNNING", run.AT_A_TURN)
    lost = clients[30]
    await change_grants(desk.world.database, lost, revoked_at=datetime.now(UTC))
    try:
        assert await desk.work_off(gid) == 4
    finally:
        await change_grants(desk.world.database, lost, revoked_at=None)
    over = await desk.job(gid)
    assert (over["state"], over["done"], over["failed"]) == ("DONE", 49, 1)
    assert over["finishedAt"] is not None
    assert await desk.results(gid, failed=True) == {
        lost.gid: {
            "code": "GRANT_ENDED",
            "message": "Your organization's grant on this tenant has ended.",
            "field": ["input", "tenantIds"],
            "subjectId": None,
        }
    }
    assert await desk.given() == {each: 1 for each in gids if each != lost.gid}
    made = await desk.results(gid)
    grant = await desk.caller.ask("query($id: ID!) { node(id: $id) { id } }", id=made[gids[0]]["subjectId"])
    assert grant.data["node"]["id"] == made[gids[0]]["subjectId"]


async def test_a_job_that_comes_twice_and_at_once_does_nothing_twice(desk: Desk, clients: list[Tenancy]) -> None:
    gids = [each.gid for each in clients[:15]]
    gid = await desk.assign(gids)
    (wake_up,) = await take(desk.ledger.connection, gid)
    await asyncio.gather(*(perform(desk.house, wake_up) for _ in range(3)))
    await desk.work_off(gid)
    await perform(desk.house, wake_up)
    assert set((await desk.codes(gid)).values()) == {"DONE"}
    assert await desk.given() == dict.fromkeys(gids, 1)
    entries = await desk.ledger.connection.fetch(
        "SELECT tenant_id FROM audit_entries WHERE action = 'grantCreate' AND changes ->> 'bulkJobId' = $1",
        str(decode(gid).id),
    )
    assert sorted(tenant_gid(row["tenant_id"]) for row in entries) == sorted(gids)


async def test_an_organizations_jobs_go_one_after_the_other(desk: Desk, clients: list[Tenancy]) -> None:
    gids = [each.gid for each in clients[:12]]
    jobs = [await desk.assign(gids), await desk.assign(gids[6:])]
    await desk.turn(jobs[1])
    assert (await desk.job(jobs[1]))["state"] == "QUEUED"
    await desk.turn(jobs[0])
    await wake_for_what_is_due(desk.house)
    assert await take(desk.ledger.connection, jobs[1]) == []
    await desk.turn(jobs[0])
    assert (await desk.job(jobs[0]))["state"] == "DONE"
    assert await desk.work_off(jobs[1]) == 1
    for gid in jobs:
        assert (await desk.job(gid))["failed"] == 0
    assert await desk.given() == {**dict.fromkeys(gids[:6], 1), **dict.fromkeys(gids[6:], 2)}


async def test_so_many_jobs_are_open_at_most(
    desk: Desk, http: httpx2.AsyncClient, world: World, clients: list[Tenancy]
) -> None:
    """However they are asked for."""
    given = f'organizationId: "{organization_gid(desk.team)}", tenantIds: ["{clients[0].gid}"]'
    asked = " ".join(
        f"j{at}: clientsAssign(input: {{ {given}, role: VIEWER, scopes: [READ_METRICS] }}) {{ userErrors {{ code }} }}"
        for at in range(MOST_OPEN // 2 + 1)
    )
    answers = await asyncio.gather(*(desk.caller.ask(f"mutation {{ {asked} }}") for _ in range(2)))
    codes = [error["code"] for answer in answers for each in answer.data.values() for error in each["userErrors"]]
    assert codes == ["JOBS_TOO_MANY"] * 2


class DyingClock(WallClock):
    """Whoever asks it once more than that loses the database."""

    def __init__(self, left: int) -> None:
        self.left = left

    def now(self) -> datetime:
        self.left -= 1
        if self.left < 0:
            raise ConnectionError
        return super().now()


async def test_what_was_not_finished_goes_on_where_it_was(desk: Desk, clients: list[Tenancy]) -> None:
    gids = [each.gid for each in clients[:5]]
    gid = await desk.assign(gids)
    (wake_up,) = await take(desk.ledger.connection, gid)
    with pytest.raises(ConnectionError):
        await perform(replace(desk.house, clock=DyingClock(3)), wake_up)
    assert await desk.codes(gid) == dict.fromkeys(gids[:2], "DONE")
    assert await take(desk.ledger.connection, gid) == []
    await wake_for_what_is_due(desk.house)
    assert await desk.work_off(gid) == 1
    assert await desk.given() == dict.fromkeys(gids, 1)


async def test_tenants_that_are_not_the_agencys_have_a_verdict_each(
    desk: Desk, world: World, clients: list[Tenancy]
) -> None:
    strange, unknown, own = world.stranger.tenant.gid, tenant_gid(new_id()), clients[0].gid
    gid = await desk.assign([strange, unknown, own])
    await desk.work_off(gid)
    results = await desk.results(gid)
    assert results.pop(own)["code"] == "DONE"
    assert results.keys() == {strange, unknown}
    for each in results.values():
        assert each == {
            "code": "NOT_FOUND",
            "message": "Nothing with this id is visible to you.",
            "field": ["input", "tenantIds"],
            "subjectId": None,
        }


async def test_what_makes_no_sense_is_refused_at_once(
    desk: Desk, world: World, clients: list[Tenancy], ledger: Ledger
) -> None:
    own, team = clients[0].gid, organization_gid(desk.team)
    many = [tenant_gid(new_id()) for _ in range(MOST_TENANTS + 1)]
    before = await ledger.read()
    for given, code, field in (
        ({"tenantIds": [own, clients[1].gid, own]}, "TENANT_TWICE", ("tenantIds", "2")),
        ({"tenantIds": many}, "TENANTS_TOO_MANY", ("tenantIds",)),
        ({"tenantIds": []}, "INVALID", ("tenantIds",)),
        ({"tenantIds": [own, "ten_x"]}, "NOT_FOUND", ("tenantIds", "1")),
        ({"tenantIds": [team]}, "NOT_FOUND", ("tenantIds", "0")),
        (
            {"organizationId": organization_gid(world.stranger.machine.organization_id)},
            "NOT_FOUND",
            ("organizationId",),
        ),
        ({"scopes": ["WRITE_KPIS"]}, "SCOPE_BEYOND_ROLE", ("scopes",)),
    ):
        input = {"organizationId": team, "tenantIds": [own], **READ, **given}
        refusal = await desk.caller.refusal("clientsAssign", **input)
        assert (refusal.code, refusal.field) == (code, ("input", *field))
    assert await ledger.read() == before
    await desk.assign(many[:MOST_TENANTS])
    await desk.caller.change("organizationArchive", organizationId=team)
    refusal = await desk.caller.refusal("clientsAssign", organizationId=team, tenantIds=[own], **READ)
    assert (refusal.code, refusal.field) == ("ALREADY_ARCHIVED", ("input", "organizationId"))


async def test_after_a_turn_whatever_waits_comes_first(desk: Desk, clients: list[Tenancy]) -> None:
    """A long job holds up nobody's sync for longer than a turn takes."""
    gid = await desk.assign([each.gid for each in clients[:15]])
    sync = Job(JobKind.RECOMPUTE, new_id())
    async with desk.world.database.unit_of_work() as session:
        await desk.house.jobs.enqueue(session, sync)
    await desk.turn(gid)
    assert len(await desk.given()) == run.AT_A_TURN
    waiting = await desk.ledger.connection.fetch(
        "SELECT entrypoint FROM pgqueuer WHERE payload = $1 OR convert_from(payload, 'UTF8') LIKE '%' || $2 || '%'"
        " ORDER BY priority DESC, id",
        sync.payload(),
        str(decode(gid).id),
    )
    assert [row["entrypoint"] for row in waiting] == ["recompute", "bulk"]
    await desk.ledger.execute("DELETE FROM pgqueuer WHERE payload = $1", sync.payload())


async def test_what_was_given_is_ended_by_the_same_way(desk: Desk, clients: list[Tenancy]) -> None:
    gids = [each.gid for each in clients[:3]]
    await desk.work_off(await desk.assign(gids[:2]))
    input = {"organizationId": organization_gid(desk.team), "tenantIds": gids}
    gid = (await desk.caller.change("clientsUnassign", "job { id kind }", **input))["job"]["id"]
    await desk.work_off(gid)
    assert await desk.codes(gid) == {gids[0]: "DONE", gids[1]: "DONE", gids[2]: "NOT_ASSIGNED"}
    assert await desk.given() == {}


async def test_a_team_that_was_put_away_is_given_nothing_more(desk: Desk, clients: list[Tenancy]) -> None:
    team = organization_gid(desk.team)
    gid = await desk.assign([each.gid for each in clients[:3]])
    await desk.caller.change("organizationArchive", organizationId=team)
    await desk.work_off(gid)
    results = await desk.results(gid)
    assert {(each["code"], *each["field"]) for each in results.values()} == {
        ("ALREADY_ARCHIVED", "input", "organizationId")
    }
    assert await desk.given() == {}
    refusal = await desk.caller.refusal("grantCreate", tenantId=clients[0].gid, organizationId=team, **READ)
    assert (refusal.code, refusal.field) == ("ALREADY_ARCHIVED", ("input", "organizationId"))


async def test_a_team_that_is_being_put_away_is_given_nothing(desk: Desk, clients: list[Tenancy]) -> None:
    team = organization_gid(desk.team)
    async with desk.ledger.connection.transaction():
        # What comes last in a unit of work waits here, with the team put away.
        await desk.ledger.execute("LOCK TABLE organization_audit_entries IN SHARE MODE")
        archiving = asyncio.create_task(desk.caller.change("organizationArchive", organizationId=team))
        await waiting_for_locks(desk.ledger, 1)
        input = {"tenantId": clients[0].gid, "organizationId": team, **READ}
        giving = asyncio.create_task(desk.caller.refusal("grantCreate", **input))
        await waiting_for_locks(desk.ledger, 2)
    await archiving
    assert (await giving).code == "ALREADY_ARCHIVED"
    assert await desk.given() == {}


async def waiting_for_locks(ledger: Ledger, count: int) -> None:
    for _ in range(500):
        if await ledger.connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted") >= count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


async def test_an_app_that_was_put_away_does_nothing_more(
    desk: Desk, http: httpx2.AsyncClient, world: World, clients: list[Tenancy]
) -> None:
    sister = await new_machine(world.database, organization_id=world.agency.machine.organization_id)
    gid = await desk.assign([each.gid for each in clients[:12]], await sign_in(http, sister))
    await desk.turn(gid)
    await desk.ledger.execute("UPDATE apps SET archived_at = now() WHERE id = $1", sister.actor.app_id)
    await desk.work_off(gid)
    codes = list((await desk.codes(gid)).values())
    assert codes == ["DONE"] * run.AT_A_TURN + ["CALLER_ENDED"] * 2
    assert len(await desk.given()) == run.AT_A_TURN


async def test_who_asked_is_looked_up_for_every_client(
    desk: Desk, http: httpx2.AsyncClient, world: World, clients: list[Tenancy]
) -> None:
    """Within a turn: the sixth client is held up while the app is put away."""
    sister = await new_machine(world.database, organization_id=world.agency.machine.organization_id)
    gid = await desk.assign([each.gid for each in clients[:9]], await sign_in(http, sister))
    (wake_up,) = await take(desk.ledger.connection, gid)
    async with desk.ledger.connection.transaction():
        await desk.ledger.execute("SELECT FROM grants WHERE tenant_id = $1 FOR UPDATE", clients[5].id)
        turn = asyncio.create_task(perform(desk.house, wake_up))
        for _ in range(500):
            if len(await desk.codes(gid)) == 5:
                break
            await asyncio.sleep(0.01)
        await desk.ledger.execute("UPDATE apps SET archived_at = now() WHERE id = $1", sister.actor.app_id)
    await turn
    codes = list((await desk.codes(gid)).values())
    assert codes[:5] == ["DONE"] * 5
    assert codes[6:] == ["CALLER_ENDED"] * 3


@pytest.mark.parametrize(
    ("ending", "code"),
    [
        ("UPDATE authorizations SET ended_at = now() WHERE person_id = $1", "CALLER_ENDED"),
        ("UPDATE people SET disabled_at = now() WHERE id = $1", "CALLER_ENDED"),
        ("DELETE FROM memberships WHERE person_id = $1", "CALLER_ENDED"),
        ("UPDATE memberships SET role = 'ANALYST' WHERE person_id = $1", "FORBIDDEN_SCOPE"),
    ],
)
async def test_a_person_who_may_no_more_does_nothing_more(
    desk: Desk, http: httpx2.AsyncClient, address: str, world: World, clients: list[Tenancy], ending: str, code: str
) -> None:
    person = await new_person(world.database, world.agency.machine.organization_id, MemberRole.ADMIN)
    caller = await person_at(world, replace(world.agency, person=person), http, address).sign_in()
    gid = await desk.assign([clients[0].gid], caller)
    await desk.ledger.execute(ending, person.person_id)
    await desk.work_off(gid)
    assert await desk.codes(gid) == {clients[0].gid: code}
    assert await desk.given() == {}


async def test_what_only_a_newer_release_can_do_waits_for_it(desk: Desk, clients: list[Tenancy]) -> None:
    gid = await desk.assign([clients[0].gid])
    kind = "UPDATE bulk_jobs SET kind = $2 WHERE id = $1"
    await desk.ledger.execute(kind, decode(gid).id, "CLIENTS_AMUSE")
    await desk.work_off(gid)
    await desk.ledger.execute(kind, decode(gid).id, "CLIENTS_ASSIGN")
    assert await desk.codes(gid) == {}
    await wake_for_what_is_due(desk.house)
    await desk.work_off(gid)
    assert await desk.codes(gid) == {clients[0].gid: "DONE"}


async def test_a_fault_of_ours_is_one_clients_verdict(desk: Desk, clients: list[Tenancy], ledger: Ledger) -> None:
    gids = [each.gid for each in clients[:3]]
    await ledger.execute(
        f"ALTER TABLE grants ADD CONSTRAINT mood CHECK (tenant_id <> '{clients[1].id}' OR created_at < now()) NOT VALID"
    )
    try:
        gid = await desk.assign(gids)
        await desk.work_off(gid)
    finally:
        await ledger.execute("ALTER TABLE grants DROP CONSTRAINT mood")
    assert await desk.codes(gid) == {gids[0]: "DONE", gids[1]: "INTERNAL_ERROR", gids[2]: "DONE"}


MOODS = """
CREATE SEQUENCE moods;
CREATE FUNCTION mood() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
  IF NEW.tenant_id = '{moody}' AND nextval('public.moods') <= {times} THEN
    RAISE 'not now' USING ERRCODE = '{state}';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER mood BEFORE INSERT ON grants FOR EACH ROW EXECUTE FUNCTION mood()"""


@pytest.mark.parametrize(
    ("state", "times", "code"), [("40P01", 2, "DONE"), ("57014", 1, "DONE"), ("55P03", 99, "INTERNAL_ERROR")]
)
async def test_what_may_go_well_another_time_is_tried_again(
    desk: Desk, clients: list[Tenancy], ledger: Ledger, state: str, times: int, code: str
) -> None:
    gids = [each.gid for each in clients[:12]]
    await ledger.execute(MOODS.format(moody=clients[0].id, times=times, state=state))
    try:
        gid = await desk.assign(gids)
        await desk.turn(gid)
        assert await desk.codes(gid) == dict.fromkeys(gids[1 : run.AT_A_TURN], "DONE")
        await desk.work_off(gid)
        tries = await ledger.connection.fetchval("SELECT last_value FROM moods")
    finally:
        await ledger.execute("DROP TRIGGER mood ON grants; DROP FUNCTION mood; DROP SEQUENCE moods")
    assert await desk.codes(gid) == {**dict.fromkeys(gids, "DONE"), gids[0]: code}
    assert tries == min(times + 1, run.MOST_TRIES)


async def test_a_job_is_its_own_organizations_affair(
    desk: Desk, http: httpx2.AsyncClient, world: World, stranger: Caller, clients: list[Tenancy]
) -> None:
    gid = await desk.assign([clients[0].gid])
    assert (await stranger.ask(JOB, id=gid)).code == "NOT_FOUND"
    reader = await sign_in(http, world.agency.machine, ApiScope.READ_METRICS)
    assert (await reader.ask(JOB, id=gid)).code == "FORBIDDEN_SCOPE"
    jobs = "{ viewer { organization { jobs(first: 100) { nodes { id state } } } } }"
    nodes = (await stranger.ask(jobs)).data["viewer"]["organization"]["jobs"]["nodes"]
    assert gid not in {each["id"] for each in nodes}


async def test_progress_is_told_at_once_and_as_it_goes_on(desk: Desk, address: str, clients: list[Tenancy]) -> None:
    gid = await desk.assign([each.gid for each in clients[:12]])
    async with subscriber(address, desk.caller.token) as told:
        await told.send({"type": "subscribe", "id": "1", "payload": {"query": PROGRESS, "variables": {"id": gid}}})
        assert (await told.next())["jobProgress"] == {"state": "QUEUED", "done": 0, "failed": 0}
        await desk.work_off(gid)
        seen = [(await told.next())["jobProgress"]]
        while seen[-1]["state"] != "DONE":
            seen.append((await told.next())["jobProgress"])
        assert seen[-1] == {"state": "DONE", "done": 12, "failed": 0}


async def test_who_may_not_is_not_told(
    desk: Desk, address: str, http: httpx2.AsyncClient, world: World, stranger: Caller, opened: Open,
    clients: list[Tenancy], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    gid = await desk.assign([clients[0].gid])
    reader = await sign_in(http, world.agency.machine, ApiScope.READ_METRICS)
    for caller, code in ((stranger, "NOT_FOUND"), (reader, "FORBIDDEN_SCOPE")):
        async with subscriber(address, caller.token) as told:
            await told.send({"type": "subscribe", "id": "1", "payload": {"query": PROGRESS, "variables": {"id": gid}}})
            assert await told.code() == code
    sister = await new_machine(world.database, organization_id=world.agency.machine.organization_id)
    monkeypatch.setattr(Callers.__init__, "__kwdefaults__", {"memory_seconds": 0.1})
    async with opened(subscription_check_seconds=0.2, subscription_interval_milliseconds=0) as url:
        async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=30) as there:
            token = (await sign_in(there, sister)).token
        async with subscriber(url, token) as told:
            await told.send({"type": "subscribe", "id": "1", "payload": {"query": PROGRESS, "variables": {"id": gid}}})
            await told.next()
            await desk.ledger.execute("UPDATE apps SET scopes = '{read_metrics}' WHERE id = $1", sister.actor.app_id)
            assert await told.code() == "FORBIDDEN_SCOPE"
