"""KPIs, baselines, targets, objectives, initiatives.

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-22
"""

from migrations.security import protect_tenant
from migrations.statements import run_all, run_file

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0004_objectives.up.sql")
    for table in ("kpis", "targets", "objectives", "objective_kpis", "initiatives", "initiative_links"):
        run_all(protect_tenant(table))
    # A frozen baseline is never edited: the application has no right to.
    run_all(protect_tenant("baselines", may="SELECT, INSERT"))


def downgrade() -> None:
    run_file("0004_objectives.down.sql")
