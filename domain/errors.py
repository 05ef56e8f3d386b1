"""What the heart refuses. The hierarchy is drawn in `tenants.errors`; here are its facts."""

from tenants.errors import Conflict, InvalidInput


class UnknownMetric(InvalidInput):
    code = "UNKNOWN_METRIC"

    def __init__(self, key: str, *, field: tuple[str, ...] = ("metricKey",)) -> None:
        super().__init__(f"There is no metric {key[:80]!r}. `metricCatalog` lists all of them.", field=field)


class MetricNotInRelease(Conflict):
    """A newer release adopted it. While releases overlap, the older one says so of that KPI and answers all else."""

    code = "METRIC_NOT_IN_RELEASE"

    def __init__(self, key: str, *, field: tuple[str, ...] = ()) -> None:
        super().__init__(f"This release has no definition of the metric {key[:80]!r}.", field=field)


class BaselineFrozen(Conflict):
    code = "BASELINE_FROZEN"

    def __init__(self, version: int) -> None:
        super().__init__(
            f"Version {version} of this baseline is frozen. A new version needs a reason: use baselineRevise.",
            field=("kpiId",),
        )


class NoBaseline(Conflict):
    code = "NO_BASELINE"

    def __init__(self) -> None:
        super().__init__("There is no baseline to revise yet: use baselineFreeze.", field=("kpiId",))


class ValueUnavailable(Conflict):
    """The window has no value to freeze; the code of the reason is in the words."""

    code = "VALUE_UNAVAILABLE"


class AlreadyLinked(Conflict):
    code = "ALREADY_LINKED"

    def __init__(self, *, field: tuple[str, ...]) -> None:
        super().__init__("These are linked already.", field=field)
