"""People who sign in at a provider.

Revision ID: 0015
Revises: 0014
Create Date: 2026-11-28
"""

from migrations.security import LOOKUP, Guard, open_to_lookup, protect_directory
from migrations.statements import run_all, run_file

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

OF_PERSON = Guard("person_id = app.person_id()", "person_id = app.person_id()")
FIND = "app.find_identity(text, bytea)"


def upgrade() -> None:
    run_file("0015_identities.up.sql")
    run_all(protect_directory("identities", OF_PERSON, "SELECT, INSERT"))
    run_all(open_to_lookup("identities"))
    run_all(
        (
            f"REVOKE ALL ON FUNCTION {FIND} FROM PUBLIC",
            f"GRANT EXECUTE ON FUNCTION {FIND} TO azimuth_app",
            f"ALTER FUNCTION {FIND} OWNER TO {LOOKUP}",
        )
    )


def downgrade() -> None:
    run_file("0015_identities.down.sql")
