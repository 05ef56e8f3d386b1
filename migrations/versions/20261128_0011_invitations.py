"""How people come to an organization, and who is in it.

Revision ID: 0011
Revises: 0010
Create Date: 2026-11-28
"""

from migrations.security import LOOKUP, OF_ORGANIZATION, open_to_lookup, protect_directory
from migrations.statements import run_all, run_file

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

FIND = "app.find_invitation(bytea)"


def upgrade() -> None:
    run_file("0011_invitations.up.sql")
    run_all(protect_directory("invitations", OF_ORGANIZATION))
    run_all(open_to_lookup("invitations"))
    run_all(
        (
            f"REVOKE ALL ON FUNCTION {FIND} FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION {FIND} TO azimuth_app",
            f"ALTER FUNCTION {FIND} OWNER TO {LOOKUP}",
        )
    )


def downgrade() -> None:
    run_file("0011_invitations.down.sql")
