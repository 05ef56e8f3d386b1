"""What an operator does by hand is written down where it happens, and the audit can be verified by hand."""

import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from api.ids import Kind, decode, encode, tenant_gid
from tenants.access.actor import Actor
from tenants.audit.author import Author
from tenants.audit.service import record_change
from tenants.clock import WallClock
from tenants.database import Database
from tenants.embedded import DatabaseUrls
from tenants.ids import new_id
from tenants.scope import Scope

ENTRIES = "SELECT * FROM organization_audit_entries WHERE organization_id = $1 ORDER BY at, id"


@dataclass(frozen=True)
class Desk:
    """A shell of the operator's."""

    surroundings: dict[str, str]
    administrator: asyncpg.Connection

    def run(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "api.cli", "admin", *arguments],
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", **self.surroundings},
            input=typed,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def told(self, *arguments: str, typed: str = "") -> dict[str, Any]:
        done = self.run(*arguments, typed=typed)
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    async def entries(self, organization: str) -> list[dict[str, Any]]:
        rows = await self.administrator.fetch(ENTRIES, organization)
        return [{**row, "changes": json.loads(row["changes"])} for row in rows]


@pytest.fixture
async def desk(database_urls: DatabaseUrls, tmp_path: Path) -> AsyncIterator[Desk]:
    surroundings = {"DATABASE_URL": database_urls.application, "AZIMUTH_STATE_DIR": str(tmp_path)}
    administrator = await asyncpg.connect(database_urls.migration)
    yield Desk(surroundings, administrator)
    await administrator.close()


@pytest.fixture
async def tenant(database: Database) -> str:
    """With three entries."""
    tenant_id = new_id()
    actor = Author.of(Actor(new_id(), new_id(), "azc_x", frozenset()))
    async with database.unit_of_work(Scope.of_tenant(tenant_id)) as session:
        for at in range(3):
            await record_change(
                session,
                actor,
                tenant_id=tenant_id,
                action="kpiArchive",
                subject_id=f"kpi_{at}",
                changes={},
                now=WallClock().now(),
            )
    return tenant_gid(tenant_id)


@pytest.mark.long
async def test_each_thing_an_operator_makes_is_written_down_as_theirs(desk: Desk) -> None:
    organization = desk.told("organization", "Maria & Sons", "--kind", "AGENCY")["organization_id"]
    within = ("--organization", organization)
    person = desk.told("person", f"maria-{organization}@example.com", *within, typed="a long secret phrase\n")
    app = desk.told("app", "Maria's reports", *within, "--scope", "read_metrics")
    provider_app = desk.told("provider-app", "shopify", f"key-{organization}", *within, typed="shhh-shhh\n")
    entries = await desk.entries(organization)
    scopes = ["read_orders", "read_all_orders", "read_customers", "read_products"]
    assert [(each["action"], each["changes"]) for each in entries] == [
        ("organizationCreate", {"kind": "AGENCY"}),
        ("personCreate", {"role": "OWNER"}),
        ("appCreate", {"kind": "CONFIDENTIAL", "scopes": ["read_metrics"], "audience": "OWN_ORGANIZATION"}),
        ("providerAppCreate", {"provider": "shopify", "scopes": scopes, "shared": False}),
    ]
    assert {(each["actor_kind"], each["actor_id"]) for each in entries} == {("OPERATOR", None)}
    row = await desk.administrator.fetchrow("SELECT id FROM apps WHERE client_id = $1", app["client_id"])
    assert row is not None
    subjects = [organization, person["person_id"], str(row["id"]), provider_app["provider_app_id"]]
    assert [each["subject_id"] for each in entries] == subjects
    kept = str(entries).lower()
    assert not [word for word in ("maria", "phrase", "shhh", app["client_secret"].lower()) if word in kept]


async def test_who_cannot_sign_in_any_more_gets_a_link_from_the_operator(desk: Desk) -> None:
    organization = desk.told("organization", "North")["organization_id"]
    address = f"lost-{organization}@example.com"
    person = desk.told("person", address, "--organization", organization, typed="a long secret phrase\n")
    link = desk.told("recovery-link", address.upper())
    assert link["person_id"] == person["person_id"]
    token = link["url"].partition("/oauth/recovery?token=")[2]
    assert token.startswith("azl_")
    *_, entry = await desk.entries(organization)
    assert (entry["action"], entry["actor_kind"], entry["subject_id"]) == (
        "recoveryIssue",
        "OPERATOR",
        person["person_id"],
    )
    assert token not in str(entry)
    nobody = desk.run("recovery-link", "nobody@example.com")
    assert (nobody.returncode, "NOT_FOUND" in nobody.stderr) == (1, True)


async def test_what_was_refused_is_not_written_down(desk: Desk) -> None:
    organization = desk.told("organization", "North")["organization_id"]
    assert desk.run("person", "no address", "--organization", organization, typed="short\n").returncode == 1
    assert [each["action"] for each in await desk.entries(organization)] == ["organizationCreate"]


async def test_a_whole_chain_is_told_with_its_length_and_head(desk: Desk, tenant: str) -> None:
    sql = "SELECT entry_hash FROM audit_entries WHERE tenant_id = $1 AND position = 3"
    last = await desk.administrator.fetchval(sql, decode(tenant).owner)
    assert desk.told("audit-verify", "--tenant", tenant) == {"entries": 3, "head": last.hex()}


@pytest.mark.parametrize("tampering", ["UPDATE audit_entries SET action = 'kpiCreate'", "DELETE FROM audit_entries"])
async def test_a_broken_chain_fails_and_says_where(desk: Desk, tenant: str, tampering: str) -> None:
    await desk.administrator.execute(f"{tampering} WHERE tenant_id = $1 AND position = 2", decode(tenant).owner)
    done = desk.run("audit-verify", "--tenant", tenant)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "CHAIN_BROKEN: The entry at position 2 does not hold.\n"


UNKNOWN = UUID(int=7)


@pytest.mark.parametrize("unknown", ["x", tenant_gid(UNKNOWN), encode(Kind.KPI, UNKNOWN, UNKNOWN)])
async def test_a_chain_that_is_not_there_is_not_called_whole(desk: Desk, unknown: str) -> None:
    done = desk.run("audit-verify", "--tenant", unknown)
    assert (done.returncode, done.stdout) == (1, "")
    assert "NOT_FOUND" in done.stderr


@pytest.fixture
async def unsigned(desk: Desk) -> AsyncIterator[Desk]:
    """As if nothing had been signed yet: what there is was sealed by another key ring, and is put back."""
    kept = await desk.administrator.fetch("DELETE FROM signing_keys RETURNING *")
    yield desk
    await desk.administrator.execute("DELETE FROM signing_keys")
    await desk.administrator.executemany(
        "INSERT INTO signing_keys VALUES ($1, $2, $3, $4, $5, $6)", [tuple(row) for row in kept]
    )


async def test_signing_keys_are_listed_and_take_turns(unsigned: Desk) -> None:
    """In words for the operator: which one signs, which will, and until when each is believed."""
    first = unsigned.told("signing-key-rotate")["keys"]
    current, following = first
    assert (current["state"], following["state"]) == ("CURRENT", "NEXT")
    assert current["retired_at"] == following["signs_from"]
    assert unsigned.told("signing-keys")["keys"] == first
    again = unsigned.run("signing-key-rotate")
    assert (again.returncode, again.stdout) == (1, "")
    assert again.stderr.startswith("KEY_WAITS: A new key signs from ")
    (only,) = unsigned.told("signing-key-rotate", "--replace")["keys"]
    assert only["state"] == "CURRENT"
    assert only["kid"] not in {each["kid"] for each in first}
    assert "PRIVATE" not in str(only)
