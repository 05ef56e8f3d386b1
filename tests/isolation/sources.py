"""The modules of the ground and the heart, and the statements that stand in them: found, not listed."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import FunctionType, ModuleType

from sqlalchemy import TextClause
from sqlalchemy.dialects import postgresql

import domain
import tenants
from tenants.sql import Query

ROOMS = (tenants, domain)
DRIVER = postgresql.asyncpg.dialect()  # type: ignore[no-untyped-call]


def modules() -> Iterator[ModuleType]:
    for room in ROOMS:
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            yield importlib.import_module(found.name)


def statements() -> dict[str, str]:
    """Every hand-written statement by the name of its constant, as the driver gets it: parameters are $1, $2."""
    found: dict[str, str] = {}
    for module in modules():
        for name, value in vars(module).items():
            for text in _texts(value):
                if text not in found.values():
                    found[f"{module.__name__}.{name}"] = text
    return found


def _texts(value: object) -> Iterator[str]:
    match value:
        case TextClause():
            yield str(value.compile(dialect=DRIVER))
        case Query():
            yield value.text
        case FunctionType():  # a read that was made for its statement
            for cell in value.__closure__ or ():
                if isinstance(cell.cell_contents, Query):
                    yield cell.cell_contents.text
