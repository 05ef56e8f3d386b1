"""Turns: A B C C B A. What drifts while a round lasts weighs on all variants alike."""

from collections.abc import Callable, Mapping, Sequence

from bench.model import Heat, Line, Measure, Reading

MOST_MOVEMENT = 0.10
PATIENCE = 4
"""Rounds held for one that is wanted, at most: on a shared machine more than half were seen to be spoilt."""

Round = Mapping[str, tuple[Reading, Reading]]
"""Both slices of each variant."""


def turns(variants: Sequence[str]) -> list[str]:
    return [*variants, *reversed(variants)]


def is_steady(one: Round, variant: str, measure: Measure) -> bool:
    """Whether a variant's two slices agree; where the reference's do not, the machine changed under the round."""
    first, second = (reading.value(measure) for reading in one[variant])
    return 0 < max(first, second) <= min(first, second) * (1 + MOST_MOVEMENT)


def kept(rounds: Sequence[Round], line: Line) -> list[Round]:
    return [one for one in rounds if is_steady(one, line.of, line.measure)]


def enough(rounds: Sequence[Round], lines: Sequence[Line], wanted: int) -> bool:
    """Every line that is judged has its rounds, or patience is at its end: then it never will."""
    judged = [line for line in lines if line.bound is not None]
    return len(rounds) >= PATIENCE * wanted or (
        len(rounds) >= wanted and all(len(kept(rounds, line)) >= wanted for line in judged)
    )


async def hold_round(heat: Heat, seconds: float) -> Round:
    readings: dict[str, list[Reading]] = {name: [] for name in heat.runs}
    for name in turns(list(heat.runs)):
        readings[name].append(await heat.runs[name](seconds))
    return {name: (first, second) for name, (first, second) in readings.items()}


async def hold_heat(
    heat: Heat, lines: Sequence[Line], *, wanted: int, seconds: float, told: Callable[[int], None]
) -> list[Round]:
    """`told` hears how many rounds were held."""
    for run in heat.runs.values():  # caches fill, pools open, none of it timed
        await run(seconds)
    rounds: list[Round] = []
    while not enough(rounds, lines, wanted):
        rounds.append(await hold_round(heat, seconds))
        told(len(rounds))
    return rounds
