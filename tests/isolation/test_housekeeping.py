"""What housekeeping deletes, it deletes within its owner, and only what the application may delete."""

import pytest

from domain.housekeeping.retention import ALL, OF_THE_HOUSE, Retention
from tests.isolation import statements
from tests.isolation.expectations import DIRECTORY
from tests.isolation.models import TENANT_TABLES
from tests.isolation.schema import Connection
from tests.isolation.sources import DRIVER

KEPT_FOR_GOOD = {
    "audit_entries",
    "organization_audit_entries",
    "baselines",
    "source_records",
    "customers",
    "order_facts",
    "order_line_facts",
    "refund_facts",
    "entity_days",
    "day_components",
    "day_component_revisions",
    "period_components",
    "period_component_revisions",
}


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: f"{rule.table} {rule.condition}")
async def test_pruning_names_its_owner_and_runs_on_shards(administrator: Connection, rule: Retention) -> None:
    sql = str(rule.prune.compile(dialect=DRIVER))
    assert await statements.findings(administrator, sql, TENANT_TABLES) == []
    assert rule.owner == ("tenant_id" if rule.table in TENANT_TABLES else rule.owner)


def test_what_has_no_owner_is_what_no_guard_protects() -> None:
    assert {rule.table for rule in OF_THE_HOUSE} == {rule.table for rule in ALL if not rule.owner}
    assert all(DIRECTORY[rule.table].open_because for rule in OF_THE_HOUSE)


def test_facts_what_is_made_of_them_and_evidence_are_never_pruned() -> None:
    assert not KEPT_FOR_GOOD & {rule.table for rule in ALL}


@pytest.mark.parametrize("table", sorted(DIRECTORY.keys() - {rule.table for rule in ALL}))
async def test_the_application_deletes_from_no_directory_table_it_has_no_need_to(
    administrator: Connection, table: str
) -> None:
    needed = {
        "sign_ins",
        "memberships",
        "client_tags",
        "app_secrets",
        "provider_accounts",
        "schedules",
        "pgqueuer",
        "pgqueuer_schedules",
    }
    may = await administrator.fetchval("SELECT has_table_privilege('azimuth_app', $1, 'DELETE')", table)
    assert may == (table in needed)
