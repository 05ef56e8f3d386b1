"""Depth and directions of a connection, without a network."""

from dataclasses import dataclass

import pytest
from graphql import GraphQLError

from sandbox.shopify.connections import Connection, Window, page
from sandbox.shopify.index import Index


@dataclass
class Thing:
    id: int
    weight: int


def index(count: int) -> Index[Thing]:
    things: Index[Thing] = Index({"WEIGHT": lambda thing: thing.weight}, {"LIGHTEST": lambda thing: -thing.weight})
    things.load(Thing(number, number % 3) for number in range(1, count + 1))
    return things


def walk(things: Index[Thing], size: int, limit: int, *, reverse: bool = False) -> list[int]:
    found: list[int] = []
    after = None
    while True:
        window = Window(first=size, after=after, reverse=reverse)
        connection: Connection = page(things, "WEIGHT", window, lambda _thing: True, depth_limit=limit)
        found += [thing.id for thing in connection.nodes]
        if not connection.page_info.has_next_page:
            return found
        after = connection.page_info.end_cursor


@pytest.mark.parametrize("reverse", [False, True])
def test_paging_stops_at_the_depth_limit(reverse: bool) -> None:
    things = index(30)
    assert len(walk(things, 7, 30, reverse=reverse)) == 30
    with pytest.raises(GraphQLError, match="limited to 20 objects"):
        walk(things, 5, 20, reverse=reverse)


def test_equal_values_are_told_apart_by_id() -> None:
    assert walk(index(9), 2, 100) == [3, 6, 9, 1, 4, 7, 2, 5, 8]
    assert walk(index(9), 2, 100, reverse=True) == [8, 5, 2, 7, 4, 1, 9, 6, 3]


def test_a_changed_record_moves_and_a_removed_one_leaves() -> None:
    things = index(6)
    things.records[3].weight = 7
    things.put(things.records[3])
    things.remove(4)
    assert walk(things, 2, 100) == [6, 1, 2, 5, 3]
    assert [identity for _, identity in things.ordered("LIGHTEST")] == [3, 2, 5, 1, 6]
