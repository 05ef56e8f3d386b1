"""How the audit names what was changed, where the change did not come through the API."""

import base64
from uuid import UUID


def connection_subject(tenant_id: UUID, connection_id: UUID) -> str:
    """The connection's global id: all that happened to it is found under one name."""
    return f"con_{base64.urlsafe_b64encode(tenant_id.bytes + connection_id.bytes).rstrip(b'=').decode()}"
