"""The laws of what stands around the tables: roles, schemas, functions, settings."""

from collections.abc import Iterator, Mapping

from tests.isolation.expectations import (
    APPLICATION,
    CONTEXT,
    DATABASE,
    FOREIGN_FUNCTIONS,
    LOOKUP,
    MEMBERS,
    OWNER,
    ROLES,
    SCHEMAS,
)
from tests.isolation.schema import Function, Rights, Schema

SEARCH_PATH = ("search_path=pg_catalog, pg_temp",)


def findings(schema: Schema) -> Iterator[str]:
    yield from _roles(schema)
    for function in schema.functions:
        yield from (f"{function.signature}: {fault}" for fault in _function(function))
    yield from _spaces("schema ", schema.schemas, SCHEMAS)
    yield from _spaces("", {"the database": schema.database_rights}, {"the database": DATABASE})
    yield from (f"a setting is given to all transactions: {setting}" for setting in schema.settings)
    yield from (f"what is made later gets rights by itself: {rights}" for rights in schema.default_rights)


def _roles(schema: Schema) -> Iterator[str]:
    for role in sorted({*schema.roles, *ROLES}):
        found, expected = schema.roles.get(role), ROLES.get(role)
        if found != expected:
            yield f"the role {role} is {_words(found)} instead of {_words(expected)}"
    yield from (f"{member} is a member of {role}" for member, role in schema.members - MEMBERS)
    yield from (f"{member} is no member of {role}" for member, role in MEMBERS - schema.members)


def _words(attributes: frozenset[str] | None) -> str:
    return "missing" if attributes is None else ", ".join(sorted(attributes)) or "plain"


def _function(function: Function) -> Iterator[str]:
    if function.signature in CONTEXT:
        yield from _context(function)
    elif function.definer:
        yield from _lookup(function)
    elif function.signature not in FOREIGN_FUNCTIONS or function.owner != OWNER:
        yield "is a function nobody expects"


def _context(function: Function) -> Iterator[str]:
    """Evaluated once a statement, used as an index condition, the same on every worker."""
    returns, body = CONTEXT[function.signature]
    if (function.returns, function.body) != ((returns,), body):
        yield f"does not say what it should: {function.body!r}"
    nature = (function.language, function.volatility, function.parallel, function.cost)
    if nature != ("plpgsql", "s", "s", 10000):
        yield f"is {nature}: plpgsql, STABLE, PARALLEL SAFE, COST 10000 make the planner use the index"
    if function.owner != OWNER or function.definer or function.settings:
        yield "runs with other rights or settings than the caller's"


def _lookup(function: Function) -> Iterator[str]:
    if not function.signature.startswith("app."):
        yield "is SECURITY DEFINER and stands outside of the schema app"
    if function.owner != LOOKUP:
        yield f"runs with the rights of {function.owner} instead of {LOOKUP}"
    if function.settings != SEARCH_PATH:
        yield f"has the settings {function.settings}: its search_path must be fixed"
    if set(function.returns) != {"uuid"}:
        yield f"returns {', '.join(function.returns)}: a look-up returns ids only"
    if function.volatility == "v" or function.language != "sql":
        yield "is not one SQL query that only reads"
    if function.arguments == 0:
        yield "takes no key"
    if dict(function.rights) != {APPLICATION: frozenset({"EXECUTE"})}:
        yield f"may be called by {', '.join(sorted(function.rights))}"


def _spaces(what: str, found: Mapping[str, Rights], expected: Mapping[str, Rights]) -> Iterator[str]:
    for name in sorted({*found, *expected}):
        if name not in expected:
            yield f"{what}{name}: nobody expects it"
            continue
        rights = found.get(name, {})
        for role in sorted({*rights, *expected[name]}):
            has, should = rights.get(role, frozenset()), expected[name].get(role, frozenset())
            if has != should:
                yield f"{what}{name}: {role} may {_words(has)} instead of {_words(should)}"
