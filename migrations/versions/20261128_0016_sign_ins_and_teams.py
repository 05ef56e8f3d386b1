"""Where people are signed in, what they allowed, and teams that were put away.

Revision ID: 0016
Revises: 0015
Create Date: 2026-11-28
"""

from migrations.security import Guard, protect_directory
from migrations.statements import run_all, run_file

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

OF_PERSON = Guard("person_id = app.person_id()", "person_id = app.person_id()")


def upgrade() -> None:
    run_file("0016_sign_ins_and_teams.up.sql")
    run_all(protect_directory("sign_ins", OF_PERSON))


def downgrade() -> None:
    run_file("0016_sign_ins_and_teams.down.sql")
