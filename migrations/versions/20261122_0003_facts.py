"""Source records, facts, components.

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-22
"""

from migrations.security import protect_tenant
from migrations.statements import run_all, run_file

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = (
    "source_records",
    "customers",
    "order_facts",
    "order_line_facts",
    "refund_facts",
    "dirty_days",
    "day_components",
    "day_component_revisions",
    "entity_days",
    "period_components",
    "period_component_revisions",
    "recompute_runs",
)


def upgrade() -> None:
    run_file("0003_facts.up.sql")
    for table in TABLES:
        run_all(protect_tenant(table))


def downgrade() -> None:
    run_file("0003_facts.down.sql")
