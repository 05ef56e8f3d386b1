"""${message}.

Revision ID: ${up_revision}
Revises: ${down_revision | comma,n}
Create Date: ${create_date.date()}
"""

from migrations.security import protect_tenant
from migrations.statements import run_all, run_file

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_file("${up_revision}.up.sql")


def downgrade() -> None:
    run_file("${up_revision}.down.sql")
