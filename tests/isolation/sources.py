"""The house's modules, and the statements that stand in them or were made when they were read: found, not listed."""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from types import ModuleType

from sqlalchemy import TextClause
from sqlalchemy.dialects import postgresql

import api
import connectors
import domain
import tenants
from tenants.sql import WRITTEN, Query

ROOMS = (tenants, domain, connectors, api)
DRIVER = postgresql.asyncpg.dialect()  # type: ignore[no-untyped-call]


def modules() -> Iterator[ModuleType]:
    for room in ROOMS:
        for found in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
            yield importlib.import_module(found.name)


def queries() -> dict[str, Query]:
    """Every one of the driver's own, wherever it is kept, by what it reads: those that builders make have no name."""
    read = list(modules())
    known = {id(value): f"{module.__name__}.{name}" for module in read for name, value in vars(module).items()}
    found: dict[str, Query] = {}
    for each in WRITTEN:
        if each not in found.values():
            tables = re.findall(r"\b(?:FROM|JOIN)\s+([a-z_]+)", each.text)
            found[known.get(id(each), f"{len(found)} {'+'.join(dict.fromkeys(tables))}")] = each
    return found


def statements() -> dict[str, str]:
    """Every hand-written statement by the name of its constant, as the driver gets it: parameters are $1, $2."""
    found = {name: each.text for name, each in queries().items()}
    for module in modules():
        for name, value in vars(module).items():
            if isinstance(value, TextClause):
                text = str(value.compile(dialect=DRIVER))
                if text not in found.values():
                    found[f"{module.__name__}.{name}"] = text
    return found
