"""Where statements are made: while modules are read. One that is made for a request has no plan that was looked at.

A maker is a function that makes one, itself or by another maker. It is called where a module is read, or by a maker.
"""

import ast
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from tenants import sql

FIRST = (sql.query, sql.statement, sql.Query)
Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
Names = Mapping[str, Any]


def findings(modules: Collection[ModuleType]) -> list[str]:
    """Of all modules together: makers of one are called in others."""
    sources = [(module.__name__, Path(module.__file__ or "").read_text(), vars(module)) for module in modules]
    return findings_of([(name, source, names) for name, source, names in sources if name != sql.__name__])


def findings_of(sources: Collection[tuple[str, str, Names]]) -> list[str]:
    trees = [(name, ast.parse(source), names) for name, source, names in sources]
    makers: dict[int, str] = {id(each): "" for each in FIRST}
    found: dict[str, None] = {}
    before = 0
    while len(makers) > before:
        before = len(makers)
        for name, tree, names in trees:
            for function, top in _functions(tree):
                if not any(_speaks_of(node, names, makers) for node in _own(function)):
                    continue
                if top and isinstance(function, ast.FunctionDef):
                    makers.setdefault(id(names[function.name]), f"{name}.{function.name}")
                else:
                    found[f"{name}.{getattr(function, 'name', 'lambda')}: makes a statement while it runs"] = None
    called = {
        maker
        for _, tree, names in trees
        for node in _own(tree)
        if isinstance(node, ast.Call) and (maker := _speaks_of(node.func, names, makers))
    }
    reached = _reached(called, trees, makers)
    unread = [f"{label}: makes a statement, but not where a module is read" for label in makers.values() if label]
    return [*found, *(each for each in unread if each.split(":")[0] not in {makers[one] for one in reached})]


def _reached(called: set[int], trees: Collection[tuple[str, ast.Module, Names]], makers: Mapping[int, str]) -> set[int]:
    """The makers that those call which are called while modules are read."""
    calls = {
        id(names[function.name]): {maker for node in _own(function) if (maker := _speaks_of(node, names, makers))}
        for _, tree, names in trees
        for function, top in _functions(tree)
        if top and isinstance(function, ast.FunctionDef) and id(names.get(function.name)) in makers
    }
    reached: set[int] = set()
    while called - reached:
        reached |= called
        called = {each for maker in reached for each in calls.get(maker, ())}
    return reached


def _functions(tree: ast.Module) -> Iterator[tuple[Function, bool]]:
    """Each, and whether it stands free in its module."""
    for node in ast.walk(tree):
        if isinstance(node, FUNCTIONS):
            yield node, node in tree.body


def _own(root: ast.Module | Function) -> Iterator[ast.AST]:
    """What runs when the module is read, or the function called: not what is written inside of further functions."""
    body = root.body if isinstance(root.body, list) else [root.body]
    waiting: list[ast.AST] = list(body)
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.Lambda):
            continue
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            waiting += [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
        else:
            waiting += ast.iter_child_nodes(node)


def _speaks_of(node: ast.AST, names: Names, makers: Mapping[int, str]) -> int:
    """The maker's id, 0 for anything else."""
    if isinstance(node, ast.Name):
        meant = names.get(node.id)
    elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        beside = names.get(node.value.id)
        meant = getattr(beside, node.attr, None) if isinstance(beside, ModuleType) else None
    else:
        return 0
    return id(meant) if id(meant) in makers else 0
