"""What a partner's server gave the pages of its end users, for minutes.

Revision ID: 0012
Revises: 0011
Create Date: 2026-11-28
"""

from migrations.security import OF_ORGANIZATION, protect_directory
from migrations.statements import run_all, run_file

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0012_embeds.up.sql")
    run_all(protect_directory("embed_tokens", OF_ORGANIZATION))


def downgrade() -> None:
    run_file("0012_embeds.down.sql")
