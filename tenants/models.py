"""Every table of the ground, for whoever needs the whole metadata."""

from tenants.access import models as access
from tenants.audit import models as audit
from tenants.idempotency import models as idempotency
from tenants.registry import models as registry

__all__ = ["access", "audit", "idempotency", "registry"]
