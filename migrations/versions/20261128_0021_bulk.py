"""Changes that are asked for once and done for many tenants, with a verdict for each.

Revision ID: 0021
Revises: 0020
Create Date: 2026-11-28
"""

from migrations.security import LOOKUP, OF_ORGANIZATION, open_to_lookup, protect_directory
from migrations.statements import run_all, run_file

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

OPEN_JOBS = "app.open_bulk_jobs(uuid, integer)"


def upgrade() -> None:
    run_file("0021_bulk.up.sql")
    run_all(protect_directory("bulk_jobs", OF_ORGANIZATION))
    run_all(protect_directory("bulk_verdicts", OF_ORGANIZATION))
    run_all(open_to_lookup("bulk_jobs"))
    run_all(
        (
            f"REVOKE ALL ON FUNCTION {OPEN_JOBS} FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION {OPEN_JOBS} TO azimuth_app",
            f"ALTER FUNCTION {OPEN_JOBS} OWNER TO {LOOKUP}",
        )
    )


def downgrade() -> None:
    run_file("0021_bulk.down.sql")
