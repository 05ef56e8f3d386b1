"""What an app may still ask for, and what it asked.

Revision ID: 0019
Revises: 0016
Create Date: 2026-11-28
"""

from migrations.security import OF_ORGANIZATION, protect_directory, protect_tenant
from migrations.statements import run_all, run_file

revision = "0019"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0019_budgets.up.sql")
    run_all(protect_directory("cost_budgets", OF_ORGANIZATION))
    run_all(protect_directory("usage_minutes", OF_ORGANIZATION))
    run_all(protect_tenant("read_minutes"))


def downgrade() -> None:
    run_file("0019_budgets.down.sql")
