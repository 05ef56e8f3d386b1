"""Plans of an organization for its clients, and what stands for them at each.

Revision ID: 0022
Revises: 0021
Create Date: 2026-11-28
"""

from migrations.security import OF_ORGANIZATION, protect_directory, protect_tenant
from migrations.statements import run_all, run_file

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("0022_templates.up.sql")
    run_all(protect_directory("templates", OF_ORGANIZATION, may="SELECT, INSERT, UPDATE"))
    run_all(protect_directory("template_versions", OF_ORGANIZATION, may="SELECT, INSERT"))
    run_all(protect_directory("template_applications", OF_ORGANIZATION, may="SELECT, INSERT, UPDATE"))
    run_all(protect_tenant("template_marks"))


def downgrade() -> None:
    run_file("0022_templates.down.sql")
