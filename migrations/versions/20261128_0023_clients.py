"""Tags that an organization gives the tenants it reads.

Revision ID: 0023
Revises: 0022
Create Date: 2026-11-28
"""

from migrations.security import OF_ORGANIZATION, protect_directory
from migrations.statements import run_all, run_file

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0023_clients.up.sql")
    run_all(protect_directory("client_tags", OF_ORGANIZATION, may="SELECT, INSERT, DELETE"))


def downgrade() -> None:
    run_file("0023_clients.down.sql")
