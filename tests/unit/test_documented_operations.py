"""What the guides ask of the API can be asked of it."""

import re
from pathlib import Path

import pytest
from graphql import parse, validate

from api.schema import schema

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```graphql\n(.*?)^```", re.DOTALL | re.MULTILINE)
OPERATIONS = [(page.name, block) for page in sorted(DOCS.glob("*.md")) for block in BLOCK.findall(page.read_text())]


@pytest.mark.parametrize(("page", "operation"), OPERATIONS)
def test_it_is_valid(page: str, operation: str) -> None:
    assert validate(schema._schema, parse(operation)) == []
