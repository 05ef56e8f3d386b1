"""Organizations, people, apps, tenants, grants, audit.

Revision ID: 0001
Revises:
Create Date: 2026-11-22
"""

from migrations.security import (
    OF_ORGANIZATION,
    ORGANIZATION,
    TENANT_READ,
    TENANT_WRITE,
    Guard,
    protect_directory,
    protect_tenant,
)
from migrations.statements import run_all, run_file

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

PERSON = Guard("id = app.person_id()", "id = app.person_id()")
ITSELF = Guard("id = app.organization_id()", "id = app.organization_id()")
MEMBERSHIP = Guard(f"{ORGANIZATION} OR person_id = app.person_id()", ORGANIZATION)
TENANT_ROW = Guard(f"id = ANY (app.tenant_ids()) OR {ORGANIZATION}", ORGANIZATION)
GRANT = Guard(f"{TENANT_READ} OR {ORGANIZATION}", TENANT_WRITE)


def upgrade() -> None:
    run_file("0001_functions.up.sql")
    run_file("0001_ground.up.sql")
    for table, guard, may in (
        ("organizations", ITSELF, "SELECT, INSERT, UPDATE"),
        ("people", PERSON, "SELECT, INSERT, UPDATE"),
        ("memberships", MEMBERSHIP, "SELECT, INSERT, UPDATE, DELETE"),
        ("apps", OF_ORGANIZATION, "SELECT, INSERT, UPDATE"),
        ("app_secrets", OF_ORGANIZATION, "SELECT, INSERT, UPDATE, DELETE"),
        ("authorization_codes", OF_ORGANIZATION, "SELECT, INSERT, UPDATE, DELETE"),
        ("sign_in_attempts", None, "SELECT, INSERT, DELETE"),
        ("signing_keys", None, "SELECT, INSERT, UPDATE"),
        ("tenants", TENANT_ROW, "SELECT, INSERT, UPDATE"),
        ("grants", GRANT, "SELECT, INSERT, UPDATE"),
        ("organization_audit_entries", OF_ORGANIZATION, "SELECT, INSERT"),
        ("organization_idempotency_keys", OF_ORGANIZATION, "SELECT, INSERT, UPDATE, DELETE"),
    ):
        run_all(protect_directory(table, guard, may))
    run_all(protect_tenant("tenant_profiles"))
    run_all(protect_tenant("tenant_states"))
    run_all(protect_tenant("audit_entries", may="SELECT, INSERT"))
    run_all(protect_tenant("idempotency_keys"))


def downgrade() -> None:
    run_file("0001_ground.down.sql")
    run_file("0001_functions.down.sql")
