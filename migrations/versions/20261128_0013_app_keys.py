"""Public keys by which apps sign in, and what they have signed in with already.

Revision ID: 0013
Revises: 0012
Create Date: 2026-11-28
"""

from migrations.security import OF_ORGANIZATION, protect_directory
from migrations.statements import run_all, run_file

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0013_app_keys.up.sql")
    run_all(protect_directory("app_keys", OF_ORGANIZATION))
    run_all(protect_directory("client_assertions", OF_ORGANIZATION))


def downgrade() -> None:
    run_file("0013_app_keys.down.sql")
