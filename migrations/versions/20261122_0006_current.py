"""Current values; guards that ask the cheaper question first.

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-22
"""

from migrations.security import ORGANIZATION, TENANT_READ, protect_tenant
from migrations.statements import run_all, run_file

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

TABLES = ("current_values", "current_statuses")
# A list of fifty tenants is read from its text for every row that the first question leaves open.
OF_TENANT_OR_ORGANIZATION = {"grants": TENANT_READ, "tenants": "id = ANY (app.tenant_ids())"}


def upgrade() -> None:
    run_file("0006_current.up.sql")
    for table in TABLES:
        run_all(protect_tenant(table))
    for table, of_tenant in OF_TENANT_OR_ORGANIZATION.items():
        run_all([f"ALTER POLICY directory_read ON {table} USING ({ORGANIZATION} OR {of_tenant})"])


def downgrade() -> None:
    for table, of_tenant in OF_TENANT_OR_ORGANIZATION.items():
        run_all([f"ALTER POLICY directory_read ON {table} USING ({of_tenant} OR {ORGANIZATION})"])
    run_file("0006_current.down.sql")
