"""Look-ups before anybody is known, and the job queue's own tables.

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-22
"""

from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

from migrations.security import LOOKUP, open_to_lookup, protect_directory
from migrations.statements import run_all, run_file, run_script

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

FOUND_BY_KEY = (
    "apps",
    "people",
    "oauth_states",
    "provider_apps",
    "provider_accounts",
    "tenants",
    "organizations",
)
LOOKUPS = (
    "app.find_app(text)",
    "app.find_person(text)",
    "app.find_oauth_state(bytea)",
    "app.find_provider_app(uuid)",
    "app.find_provider_account(uuid, text)",
    "app.open_tenants(uuid, integer)",
    "app.all_organizations(uuid, integer)",
)
QUEUE = ("pgqueuer", "pgqueuer_log", "pgqueuer_schedules", "pgqueuer_statistics")


def upgrade() -> None:
    run_file("0005_lookups.up.sql")
    for table in FOUND_BY_KEY:
        run_all(open_to_lookup(table))
    for function in LOOKUPS:
        run_all(
            (
                f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC",
                f"GRANT EXECUTE ON FUNCTION {function} TO azimuth_app",
                f"ALTER FUNCTION {function} OWNER TO {LOOKUP}",
            )
        )
    run_script(QueryBuilderEnvironment().build_install_query(create_schema=False))
    # A wake-up that is there already is looked for by what it says.
    run_script(
        "CREATE INDEX ix_pgqueuer_waiting ON pgqueuer (entrypoint, payload) WHERE status IN ('queued', 'picked')"
    )
    for table in QUEUE:
        run_all(protect_directory(table, guard=None))
    run_script("GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO azimuth_app")


def downgrade() -> None:
    run_script(QueryBuilderEnvironment().build_uninstall_query())
    run_file("0005_lookups.down.sql")
    for table in FOUND_BY_KEY:
        run_all(
            (
                f"DROP POLICY directory_lookup ON {table}",
                f"REVOKE SELECT ON {table} FROM {LOOKUP}",
            )
        )
