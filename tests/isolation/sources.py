"""The modules of the ground and the heart, and the statements that stand in them: found, not listed."""

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType

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
            text = _text(value)
            if text is not None and text not in found.values():
                found[f"{module.__name__}.{name}"] = text
    return found


def _text(value: object) -> str | None:
    match value:
        case TextClause():
            return str(value.compile(dialect=DRIVER))
        case Query():
            return value.text
        case _:
            return None
