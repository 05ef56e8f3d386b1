"""Types that stand for a row: whatever they take from it is read."""

from typing import Any, get_args

import pytest

from api.rows import COLUMN, OfRow
from api.schema import schema


def taken(kind: type[OfRow]) -> set[str]:
    """The columns that are told as they are."""
    definition = schema.get_type_by_name(kind.__name__)
    fields: list[Any] = getattr(definition, "fields", [])
    return {each.python_name for each in fields if COLUMN in each.metadata}


@pytest.mark.parametrize("kind", OfRow.__subclasses__(), ids=lambda kind: kind.__name__)
def test_no_column_is_told_that_no_read_brings(kind: type[OfRow]) -> None:
    entity = get_args(kind.__annotations__["row"])[0]
    assert taken(kind)
    assert taken(kind) <= {column.name for column in entity.__table__.columns} - getattr(entity, "untold", frozenset())
