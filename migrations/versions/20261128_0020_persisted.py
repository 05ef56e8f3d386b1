"""Operations that apps register ahead, to be asked for by their hash.

Revision ID: 0020
Revises: 0019
Create Date: 2026-11-28
"""

from migrations.security import OF_ORGANIZATION, protect_directory
from migrations.statements import run_all, run_file

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0020_persisted.up.sql")
    run_all(protect_directory("persisted_operation_sets", OF_ORGANIZATION, may="SELECT, INSERT, UPDATE"))
    run_all(protect_directory("persisted_operations", OF_ORGANIZATION, may="SELECT, INSERT"))


def downgrade() -> None:
    run_file("0020_persisted.down.sql")
