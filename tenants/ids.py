"""Identifiers. Time-ordered, so that new rows land at the right edge of their index."""

from uuid import UUID

import uuid_utils

FIRST = UUID(int=0)
"""Before every id: so that where a page goes on is always a place in the index."""


def new_id() -> UUID:
    return UUID(bytes=uuid_utils.uuid7().bytes)
