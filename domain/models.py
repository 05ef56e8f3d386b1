"""Every table of the heart, for whoever needs the whole metadata."""

from domain.connections import models as connections
from domain.facts import models as facts
from domain.initiatives import models as initiatives
from domain.kpis import models as kpis
from domain.objectives import models as objectives
from domain.templates import models as templates

__all__ = ["connections", "facts", "initiatives", "kpis", "objectives", "templates"]
