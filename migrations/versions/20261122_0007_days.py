"""Days are found by indexes that leave the planner no worse choice.

Revision ID: 0007
Revises: 0006
Create Date: 2026-11-22
"""

from migrations.statements import run_file

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0007_days.up.sql")


def downgrade() -> None:
    run_file("0007_days.down.sql")
