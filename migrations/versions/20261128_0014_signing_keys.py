"""Signing keys that are published before they sign.

Revision ID: 0014
Revises: 0013
Create Date: 2026-11-28
"""

from migrations.statements import run_file

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0014_signing_keys.up.sql")


def downgrade() -> None:
    run_file("0014_signing_keys.down.sql")
