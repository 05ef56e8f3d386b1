"""People act for any of their organizations, through apps that are made for that.

Revision ID: 0010
Revises: 0009
Create Date: 2026-11-28
"""

from migrations.statements import run_file

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0010_members.up.sql")


def downgrade() -> None:
    run_file("0010_members.down.sql")
