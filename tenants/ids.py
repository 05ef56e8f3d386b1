"""Identifiers. Time-ordered, so that new rows land at the right edge of their index."""

from uuid import UUID

import uuid_utils


def new_id() -> UUID:
    return UUID(bytes=uuid_utils.uuid7().bytes)
