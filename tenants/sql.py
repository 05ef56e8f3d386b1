"""Hand-written SQL. A parameter has one type in the whole house, by its name, so that the server never guesses."""

import re
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    LargeBinary,
    Numeric,
    Text,
    TextClause,
    Uuid,
    bindparam,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeEngine

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
# `:name!type` in a statement: the type is written where the parameter is first used.
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)!([a-z]+)")


def statement(sql: str) -> TextClause:
    """`SELECT … WHERE tenant_id = :tenant_id!uuid` with every parameter typed at least once."""
    types = dict(_PARAMETER.findall(sql))
    clause = text(_PARAMETER.sub(r":\1", sql))
    untyped = set(clause._bindparams) - set(types)
    if untyped:
        raise ValueError(f"parameters without a type: {', '.join(sorted(untyped))}")
    return clause.bindparams(*(bindparam(name, type_=TYPES[kind]) for name, kind in types.items()))
