"""Who gave a grant and who ended it; the names of the organizations that have one.

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-28
"""

from migrations.security import LOOKUP
from migrations.statements import run_all, run_file

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

FIND = "app.find_organization(uuid)"


def upgrade() -> None:
    run_file("0008_grants.up.sql")
    run_all(
        (
            f"REVOKE ALL ON FUNCTION {FIND} FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION {FIND} TO azimuth_app",
            f"ALTER FUNCTION {FIND} OWNER TO {LOOKUP}",
        )
    )


def downgrade() -> None:
    run_file("0008_grants.down.sql")
