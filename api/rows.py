"""Types that stand for a row: a plain field is one of its columns, and is read only when it is selected."""

from collections.abc import Mapping
from typing import Any, ClassVar

import strawberry

from api.ids import Kind, encode
from api.node import Node

COLUMN = "column"


def column(*, description: str | None = None, metadata: Mapping[str, Any] | None = None) -> Any:
    """A field that is the row's column of the same name."""
    field: Any = strawberry.field(description=description, metadata={COLUMN: True, **(metadata or {})})
    field.init = False
    return field


class OfRow(Node):
    """What is declared by `column()` is taken from `row`."""

    KIND: ClassVar[Kind]
    row: Any

    def __getattr__(self, name: str) -> Any:
        if name == "row" or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.row, name)

    @property
    def gid(self) -> strawberry.ID:
        return encode(self.KIND, self.row.tenant_id, self.row.id)
