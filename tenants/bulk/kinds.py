"""What can be asked for in bulk, and how it went for one tenant."""

from enum import StrEnum

DONE = "DONE"
"""The verdict of a tenant for which all was done. Whatever else was decided counts as failed."""
PARTLY_DONE = "PARTLY_DONE"
"""Of one for which some of it could not be."""
MOST_TENANTS = 1_000
"""Of a job."""
MOST_OPEN = 20
"""Jobs of an organization that are not over."""


class BulkKind(StrEnum):
    CLIENTS_ASSIGN = "CLIENTS_ASSIGN"
    CLIENTS_UNASSIGN = "CLIENTS_UNASSIGN"
    TEMPLATE_APPLY = "TEMPLATE_APPLY"


class BulkState(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
