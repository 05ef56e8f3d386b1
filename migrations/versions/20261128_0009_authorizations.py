"""What people allowed apps, for as long as it lasts, and the refresh tokens that renew it.

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-28
"""

from migrations.security import OF_ORGANIZATION, protect_directory
from migrations.statements import run_all, run_file

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0009_authorizations.up.sql")
    run_all(protect_directory("authorizations", OF_ORGANIZATION, "SELECT, INSERT, UPDATE"))
    run_all(protect_directory("refresh_tokens", OF_ORGANIZATION, "SELECT, INSERT, UPDATE, DELETE"))


def downgrade() -> None:
    run_file("0009_authorizations.down.sql")
