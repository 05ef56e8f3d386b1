"""The text of the functions that build answers, in the making."""

from collections.abc import Callable
from typing import Any

import orjson
from strawberry.types.field import StrawberryField

from api.execution.completion import Column, Completion
from api.execution.counter import made
from api.execution.leaves import Exact, One, Unfit
from api.table import Table


class Source:
    """The text of functions in the making, and the objects their names stand for."""

    def __init__(self, kind: type | None) -> None:
        self.names: dict[str, Any] = {"Unfit": Unfit, "made": made}
        self.columns: list[Column] = []
        self._kind = kind
        self._entries: list[str] = []
        self._cells: list[str] = []
        self._taken: list[str] = []

    def name(self, thing: Any) -> str:
        name = f"x{len(self.names)}"
        self.names[name] = thing
        return name

    def add(self, key: str, expression: str) -> None:
        self._entries.append(f"{key!r}: {expression}")

    def add_constant(self, key: str, constant: str) -> None:
        self._cells.append(f"{key!r}: {constant}")

    def add_cell(self, key: str, declared: StrawberryField, completion: Completion) -> None:
        """What a table has in a column; a method is not."""
        if declared.base_resolver is None and completion.column is not None:
            self._cells.append(f"{key!r}: v{len(self._taken)}")
            self._taken.append(f"{self.name(completion.column)}(t[{declared.python_name!r}])")

    def add_column(self, key: str, column: Column) -> None:
        self.add(key, f"c{len(self.columns)}")
        self.columns.append(column)

    def completed(self, expression: str, one: One, exact: Exact | None) -> str:
        """Nearly every text is one already: it is looked at where it stands, and not by a call."""
        if exact is None:
            return f"{self.name(one)}({expression})"
        told = "v" if exact.tell is None else f"{self.name(exact.tell)}(v)"
        return f"({told} if (v := {expression}).__class__ is {self.name(exact.kind)} else {self.name(one)}(v))"

    def compile(self) -> Callable[..., list[dict[str, Any]]]:
        """Nothing of a caller's gets into the text but the names of the answer, which the grammar of GraphQL bounds."""
        columns = [f"c{number}" for number in range(len(self.columns))]
        rows = f"for o, {', '.join(columns)} in zip(o, {', '.join(columns)}, strict=True)" if columns else "for o in o"
        make: Callable[..., list[dict[str, Any]]] = self._function(
            f"def make({', '.join(('o', *columns))}): return [{self._answer} {rows}]"
        )
        return make

    def compile_one(self) -> One | None:
        if self.columns:
            return None
        fit = "" if self._kind is None else f"    if o.__class__ is not {self.name(self._kind)}: raise Unfit\n"
        make: One = self._function(f"def make(o):\n{fit}    made.objects += 1\n    return {self._answer}")
        return make

    @property
    def _answer(self) -> str:
        return f"{{{', '.join(self._entries)}}}"

    def _function(self, text: str) -> Any:
        exec(text, self.names)  # noqa: S102
        return self.names.pop("make")

    def compile_table(self) -> Callable[[Table[Any]], orjson.Fragment] | None:
        if len(self._cells) < len(self._entries) or not self._taken:
            return None
        cells, taken, kind = ", ".join(self._cells), ", ".join(self._taken), self._kind
        names = ", ".join(f"v{number}" for number in range(len(self._taken)))
        rows = self._function(f"def make(t): return [{{{cells}}} for {names}, in zip({taken})]")

        def table(values: Table[Any]) -> orjson.Fragment:
            if values.kind is not kind:
                raise Unfit
            made.objects += len(values)
            return values.told(rows)

        return table
