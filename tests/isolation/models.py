"""The class of every table that has a model: tests take their names from here before a database is asked."""

import domain.models  # noqa: F401
import tenants.models  # noqa: F401
from tenants.tables import Base
from tests.isolation.expectations import DIRECTORY

MODELS: dict[str, str] = {mapper.class_.__tablename__: mapper.class_.table_class for mapper in Base.registry.mappers}

TENANT_TABLES = sorted(name for name, table_class in MODELS.items() if table_class == "tenant")
GUARDED = TENANT_TABLES + sorted(name for name, expected in DIRECTORY.items() if expected.guard is not None)
