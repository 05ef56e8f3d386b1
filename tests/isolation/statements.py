"""What a hand-written statement over tenant tables must do, asked of the server's own plan of it.

The plan is made for a role that no policy binds, so a filter in it was written by the statement's author.
"""

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from tests.isolation.schema import Connection

Plan = dict[str, Any]

_TEXT = re.compile(r"'(?:[^']|'')*'")
_COMMENT_OR_TEXT = re.compile(rf"--[^\n]*|/\*.*?\*/|{_TEXT.pattern}", re.DOTALL)
_NOWHERE = {
    "set_config": r"\bset_config\s*\(",
    "COPY": r"^\s*COPY\b",
    "MERGE": r"\bMERGE\s+INTO\b",
    "a setting that outlives the transaction": r"^\s*SET\s+(?!LOCAL\b)",
}
_NOT_OVER_TENANTS = {
    "the server's clock": (
        r"\b(now|(clock|statement|transaction)_timestamp|timeofday)\s*\(|\b(current_(date|time|timestamp)|localtime\w*)\b"
    ),
    "chance in an update": r"\bUPDATE\b.*\b(random|gen_random_uuid|uuidv[47]|nextval)\s*\(",
    "tenant_id in a SET list": (r"\bSET\b(?:(?!\bWHERE\b|\bFROM\b|\bRETURNING\b).)*?(?<![\w.])tenant_id\s*="),
    "subtotals over shards": r"\b(ROLLUP|CUBE|GROUPING\s+SETS)\b",
    "recursion over tenants": r"\bWITH\s+RECURSIVE\b",
}
_CONDITIONS = ("Index Cond", "Recheck Cond", "Filter")
_SETTLED = re.compile(r"(\w+\.)?tenant_id = (\$\d+|ANY \(\$\d+\))")
_KEPT_WHOLE = {"Left": 0, "Anti": 0, "Right": 1, "Right Anti": 1}
"""Which side of an outer join keeps rows that have no match."""


async def findings(connection: Connection, sql: str, tenant_tables: Collection[str]) -> list[str]:
    bare = _COMMENT_OR_TEXT.sub("''", sql)
    found = [f"uses {what}" for what, pattern in _NOWHERE.items() if _matches(pattern, bare)]
    if not found:
        plan = await _plan(connection, sql)
        if tables := {each["Relation Name"] for each in _nodes(plan) if each.get("Relation Name") in tenant_tables}:
            found += [f"uses {what}" for what, pattern in _NOT_OVER_TENANTS.items() if _matches(pattern, bare)]
            found += _of_plan(plan, tables)
            found += _of_insert(plan, bare, tables)
    return found


async def _plan(connection: Connection, sql: str) -> Plan:
    """The one that serves any parameters."""
    nulls = ", ".join(["NULL"] * max(map(int, re.findall(r"\$(\d+)", sql)), default=0))
    async with connection.transaction():
        await connection.execute(f"SET LOCAL plan_cache_mode = force_generic_plan; PREPARE asked AS {sql}")
        executed = f"asked ({nulls})" if nulls else "asked"
        said = await connection.fetchval(f"EXPLAIN (VERBOSE, FORMAT JSON) EXECUTE {executed}")
        await connection.execute("DEALLOCATE asked")
    plan: Plan = json.loads(said)[0]["Plan"]
    return plan


def _matches(pattern: str, sql: str) -> bool:
    return re.search(pattern, sql, re.IGNORECASE | re.DOTALL) is not None


def _of_plan(plan: Plan, tables: Collection[str]) -> Iterator[str]:
    for node in _nodes(plan):
        if node.get("Relation Name") in tables and node["Node Type"] != "ModifyTable":
            conditions = [each[name] for each in _scans(node) for name in _CONDITIONS if name in each]
            if not any(_SETTLED.fullmatch(part) for condition in conditions for part in conjuncts(condition)):
                said = " and ".join(conditions) or "all of it"
                yield f"reads {node['Relation Name']} as {node['Alias']} without its tenant: {said}"
        # Citus fails on it, or worse, when the side that is kept whole has no shards.
        if (kept := _KEPT_WHOLE.get(node.get("Join Type", ""))) is not None and "Plans" in node:
            sides = node["Plans"][:2]
            whole, beside = sides[kept], _scan_of(sides[1 - kept])
            if beside in tables and not _over(whole, tables):
                yield f"an outer join keeps what is not distributed, beside a bare {beside}"


def _of_insert(plan: Plan, sql: str, tables: Collection[str]) -> Iterator[str]:
    for node in _nodes(plan):
        if node["Node Type"] != "ModifyTable" or node["Operation"] != "Insert" or node["Relation Name"] not in tables:
            continue
        if not re.search(rf"INSERT\s+INTO\s+{node['Relation Name']}\s*(AS\s+\w+\s*)?\([^)]*\btenant_id\b", sql, re.I):
            yield f"does not name the tenant_id of what goes into {node['Relation Name']}"
        if _matches(r"\bSELECT\b", sql) and not _matches(r"\bRETURNING\b|\bON\s+CONFLICT\b", sql):
            yield "INSERT … SELECT without RETURNING or ON CONFLICT: Citus would copy, which row-level security refuses"


def conjuncts(condition: str) -> Iterator[str]:
    """What must all be true, as the server prints it: `((a = $1) AND (b = $2))` is two, `((a = $1) OR …)` one."""
    depth, begun = 0, 1
    bare = _TEXT.sub("''", condition)
    for at, character in enumerate(bare):
        depth += (character == "(") - (character == ")")
        if depth == 1 and bare.startswith(" AND ", at):
            yield _without_brackets(bare[begun:at])
            begun = at + len(" AND ")
    yield _without_brackets(bare[begun:-1])


def _without_brackets(text: str) -> str:
    return text[1:-1] if text.startswith("(") and text.endswith(")") else text


def _nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from _nodes(each)


def _scans(node: Plan) -> Iterator[Plan]:
    """The node, and the index scans that only feed it."""
    yield node
    for each in node.get("Plans", ()):
        if each["Node Type"].startswith("Bitmap"):
            yield from _scans(each)


def _over(plan: Plan, tables: Collection[str]) -> bool:
    return any(node.get("Relation Name") in tables for node in _nodes(plan))


def _scan_of(plan: Plan) -> str:
    """The table of a scan, as it is or hashed, sorted, kept for the join; '' for anything that aggregates before."""
    while plan["Node Type"] in ("Hash", "Sort", "Materialize", "Memoize"):
        plan = plan["Plans"][0]
    return str(plan.get("Relation Name", ""))
