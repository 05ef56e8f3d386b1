"""Provider apps, connections, streams, webhook deliveries.

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-22
"""

from migrations.security import ORGANIZATION, TENANT, Guard, protect_directory, protect_tenant
from migrations.statements import run_all, run_file

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PROVIDER_APP = Guard(f"{ORGANIZATION} OR shared", ORGANIZATION)


def upgrade() -> None:
    run_file("0002_connections.up.sql")
    run_all(protect_directory("provider_apps", PROVIDER_APP, "SELECT, INSERT, UPDATE"))
    for table in ("oauth_states", "provider_accounts", "schedules"):
        run_all(protect_directory(table, TENANT))
    for table in ("connections", "stream_states", "sync_runs", "webhook_deliveries"):
        run_all(protect_tenant(table))


def downgrade() -> None:
    run_file("0002_connections.down.sql")
