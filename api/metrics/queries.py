import strawberry

from api.metrics.types import Metric
from api.pagination import Connection, slice_of_fixed
from domain.metrics import catalog
from domain.metrics.definition import Category


@strawberry.type
class MetricQueries:
    @strawberry.field(description="Every metric there is, with its words, formula and needs.")
    def metric_catalog(
        self, first: int = 50, after: str | None = None, category: Category | None = None
    ) -> Connection[Metric]:
        wanted = [metric for metric in catalog.ALL if category is None or metric.category is category]
        nodes = [(catalog.id_of(metric), Metric.of(metric)) for metric in wanted]
        return slice_of_fixed(nodes, first=first, after=after)

    @strawberry.field(description="One definition by its key.")
    def metric(self, key: str) -> Metric:
        return Metric.of(catalog.named_metric(key, field=("key",)))
