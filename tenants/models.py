"""Every table of the ground, for whoever needs the whole metadata."""

from tenants.access import models as access
from tenants.audit import models as audit
from tenants.budgets import models as budgets
from tenants.bulk import models as bulk
from tenants.idempotency import models as idempotency
from tenants.persisted import models as persisted
from tenants.registry import models as registry
from tenants.usage import models as usage

__all__ = ["access", "audit", "budgets", "bulk", "idempotency", "persisted", "registry", "usage"]
