"""What a query built with SQLAlchemy must say, read from the source: no constant holds it, each call makes it anew.

A query is one expression, from `select(…)` to its last method: what it reads and the tenant it names stand together.
"""

import ast
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

BUILDERS = frozenset({"select", "update", "delete"})
_BESIDE = {
    "set_config": "it does not reach Citus workers: SET LOCAL does",
    "copy_records_to_table": "COPY is refused under row-level security",
    "copy_to_table": "COPY is refused under row-level security",
    "executemany": "many rows go in one statement, by unnest",
}
_SETTING = re.compile(r"^\s*SET\s+(?!LOCAL\b)(SESSION\b|\w+\.)")


def findings(source: str, names: Mapping[str, Any], statements: Collection[str], tables: Collection[str]) -> list[str]:
    """`names` are those of the module, `statements` the hand-written ones whose plans are checked."""
    tree = ast.parse(source)
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            found += (f"line {node.lineno}: {fault}" for fault in _of_call(node, parents, names))
        if isinstance(node, ast.Attribute) and node.attr in _BESIDE:
            found.append(f"line {node.lineno}: {node.attr}: {_BESIDE[node.attr]}")
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and not _is_docstring(node, parents):
            found += (f"line {node.lineno}: {fault}" for fault in _of_text(node.value, statements, tables))
    return found


def _of_call(call: ast.Call, parents: Mapping[ast.AST, ast.AST], names: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(call.func, ast.Name) or call.func.id not in {*BUILDERS, "insert"}:
        return
    query = _whole(call, parents)
    for each in ast.walk(query):
        if call.func.id != "select" and isinstance(each, ast.Call) and _sets_tenant(each, call.func.id):
            yield f"{call.func.id} sets tenant_id: rows do not move between tenants"
    if call.func.id in BUILDERS:
        models = {each.id for each in ast.walk(query) if isinstance(each, ast.Name) and _is_model(each.id, names)}
        for model in sorted(models - set(_named(query, names))):
            yield f"{call.func.id} reaches {model} without naming its tenant"


def _whole(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> ast.AST:
    """The chain of methods that begins with `node`."""
    while isinstance(parent := parents[node], ast.Attribute) and isinstance(parents[parent], ast.Call):
        node = parents[parent]
    return node


def _is_model(name: str, names: Mapping[str, Any]) -> bool:
    return getattr(names.get(name), "table_class", "") == "tenant"


def _named(query: ast.AST, names: Mapping[str, Any]) -> Iterator[str]:
    """The models whose tenant_id is compared with something that is no column of another model."""
    for node in ast.walk(query):
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
            column, value = node.left, node.comparators[0]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "in_":
            column, value = node.func.value, node.args[0]
        else:
            continue
        if _is_tenant_of(column) and not any(
            isinstance(each, ast.Name) and hasattr(names.get(each.id), "table_class") for each in ast.walk(value)
        ):
            assert isinstance(column, ast.Attribute)
            assert isinstance(column.value, ast.Name)
            yield column.value.id


def _is_tenant_of(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "tenant_id" and isinstance(node.value, ast.Name)


def _sets_tenant(call: ast.Call, builder: str) -> bool:
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    for argument in call.keywords:
        if method == "values" and builder == "update" and argument.arg == "tenant_id":
            return True
        if argument.arg == "set_" and isinstance(argument.value, ast.Dict):
            return any(isinstance(key, ast.Constant) and key.value == "tenant_id" for key in argument.value.keys)
    return False


def _of_text(text: str, statements: Collection[str], tables: Collection[str]) -> Iterator[str]:
    if _SETTING.match(text):
        yield f"{text!r} outlives the transaction: SET LOCAL does not"
    spoken = re.search(rf"\b(FROM|JOIN|INTO|UPDATE)\s+({'|'.join(sorted(tables))})\b", text)
    if spoken and not any(_plain(text) in _plain(statement) for statement in statements):
        yield f"speaks SQL to {spoken[2]} outside of a module's own `statement`, where no plan is checked"


def _plain(sql: str) -> str:
    """Without the names and the types of parameters, and without layout."""
    return " ".join(re.sub(r"\$\d+(::\w+(\(\d+\))?( WITH TIME ZONE)?(\[\])?)?|(?<!:):\w+(!\w+)?", "?", sql).split())


def _is_docstring(node: ast.AST, parents: Mapping[ast.AST, ast.AST]) -> bool:
    return isinstance(parents.get(node), ast.Expr)
