"""How a migration sends its SQL: as text, in files beside it, so that what is reviewed is what runs."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from alembic import op
from sqlalchemy.util import await_only

SQL = Path(__file__).parent / "sql"


def run_file(name: str) -> None:
    run_script((SQL / name).read_text())


def run_script(script: str) -> None:
    """Several statements at once. Only the driver's simple protocol takes them, so it is asked directly."""
    if op.get_context().as_sql:
        op.execute(script)
        return
    connection = op.get_bind().connection
    driver: Any = connection.driver_connection
    await_only(driver.execute(script))


def run_all(statements: Iterable[str]) -> None:
    run_script(";\n".join(statements))
