"""Hand-written SQL. A parameter has one type in the whole house, by its name, so that the server never guesses."""

import re
import sys
from dataclasses import dataclass
from operator import itemgetter
from time import perf_counter
from types import FrameType, FunctionType
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Dialect,
    LargeBinary,
    Numeric,
    Text,
    TextClause,
    Uuid,
    bindparam,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeEngine

from tenants.telemetry.tally import sent

Driver = asyncpg.Connection | PoolConnectionProxy

INSTANT: TypeEngine[Any] = DateTime(timezone=True)
TYPES: dict[str, TypeEngine[Any]] = {
    "uuid": Uuid(),
    "text": Text(),
    "bigint": BigInteger(),
    "boolean": Boolean(),
    "date": Date(),
    "instant": INSTANT,
    "numeric": Numeric(),
    "bytea": LargeBinary(),
    "jsonb": JSONB(),
    "uuids": ARRAY(Uuid()),
    "texts": ARRAY(Text()),
    "bigints": ARRAY(BigInteger()),
    "booleans": ARRAY(Boolean()),
    "dates": ARRAY(Date()),
    "instants": ARRAY(INSTANT),
    "numerics": ARRAY(Numeric()),
    "byteas": ARRAY(LargeBinary()),
}
_DIALECT: Dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
POSTGRES_NAMES = {name: str(kind.compile(_DIALECT)) for name, kind in TYPES.items()}
# `:name!type` in a statement: the type is written where the parameter is first used.
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)!([a-z]+)")
_NAMED = re.compile(r"(?<!:):([a-z_]+)")


def statement(sql: str) -> TextClause:
    """`SELECT … WHERE tenant_id = :tenant_id!uuid` with every parameter typed at least once."""
    types = dict(_PARAMETER.findall(sql))
    clause = text(_PARAMETER.sub(r":\1", sql))
    untyped = set(clause._bindparams) - set(types)
    if untyped:
        raise ValueError(f"parameters without a type: {', '.join(sorted(untyped))}")
    return clause.bindparams(*(bindparam(name, type_=TYPES[kind]) for name, kind in types.items()))


@dataclass(frozen=True, slots=True)
class Query:
    """A `statement` for the driver itself, without the ORM on the way: for reads that are asked often.

    Its rows answer to attributes, as entities do. It is made where a module is read, never for a request.
    """

    text: str
    parameters: tuple[str, ...]
    place: str
    """The module and the line where it is made, itself or the read it is part of."""

    def __post_init__(self) -> None:
        WRITTEN.append(self)

    async def fetch(self, connection: Driver, **values: Any) -> list["Row"]:
        """Every parameter by its name, no more and no less."""
        if len(values) != len(self.parameters):
            raise TypeError(f"parameters are {', '.join(self.parameters)}, not {', '.join(values)}")
        began = perf_counter()
        try:
            rows: list[Row] = await connection.fetch(
                self.text, *[values[name] for name in self.parameters], record_class=Row
            )
        finally:
            sent(self, began)
        return rows

    @property
    def name(self) -> str:
        """The constant it stands in, or the one of the read that was made for it: nobody has to name it twice."""
        module = self.place.partition(":")[0]
        for constant, value in vars(sys.modules[module]).items():
            if value is self or _is_of(value, self):
                return f"{module}.{constant}"
        return self.place


WRITTEN: list[Query] = []
"""Every one there is, so that none escapes the proof that it names its tenants, wherever a builder keeps it."""


class Row(asyncpg.Record):
    """Answers to attributes by the names of its columns."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        """A name that is met for the first time. From then on all rows have it as a property, which is three times as
        quick as to come here; there are no more of them than columns. A row that lacks it then raises KeyError."""
        try:
            value = self[name]
        except KeyError:
            raise AttributeError(name) from None
        setattr(Row, name, property(itemgetter(name)))
        return value


def query(sql: str) -> Query:
    """As `statement`, numbered and typed the way the driver wants it."""
    kinds = dict(_PARAMETER.findall(sql))
    names = tuple(kinds)
    bare = _PARAMETER.sub(r":\1", sql)

    def numbered(found: re.Match[str]) -> str:
        name = found[1]
        if name not in kinds:
            raise ValueError(f"parameters without a type: {name}")
        return f"${names.index(name) + 1}::{POSTGRES_NAMES[kinds[name]]}"

    return Query(_NAMED.sub(numbered, bare), names, _place(sys._getframe(1)))


def _place(frame: FrameType) -> str:
    """In the module that is being read, through whatever builders."""
    while frame.f_code.co_name != "<module>" and frame.f_back is not None:
        frame = frame.f_back
    return f"{frame.f_globals.get('__name__', '')}:{frame.f_lineno}"


def _is_of(value: object, query: Query) -> bool:
    return isinstance(value, FunctionType) and any(cell.cell_contents is query for cell in value.__closure__ or ())
