"""How an objective stands, from how its targets stand."""

from collections.abc import Sequence

from domain.kpis.trajectories import TargetStatus

WORST_FIRST = (
    TargetStatus.MISSED,
    TargetStatus.OFF_TRACK,
    TargetStatus.AT_RISK,
    TargetStatus.ON_TRACK,
    TargetStatus.MET,
)


def combine(statuses: Sequence[TargetStatus]) -> TargetStatus:
    """The worst that is known: one target off its path is not bought off by others on theirs."""
    return next((status for status in WORST_FIRST if status in statuses), TargetStatus.NO_DATA)
