"""What each arm costs, beside what it scores, over the games of an algorithm."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from coordrl.compare.comparing.aggregates import AggregateArm, Estimate
from coordrl.compare.comparing.results import ArmResult, Comparison, Group


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of an arm with an algorithm; None where it was not recorded.

    :param parameters: "total", "extractor" and "coordinates"
    :param timesteps_per_second: mean over the games
    :param relative_speed: the same over the baseline's: geometric mean over their common games
    :param wall_seconds: of a run, mean over the games
    :param cpu_seconds: of all runs together
    :param score: human-normalised IQM over the games or, of a single game, the mean score
    """

    algorithm: str
    arm: str
    runs: int
    parameters: dict[str, float] | None
    timesteps_per_second: float | None
    relative_speed: float | None
    wall_seconds: float | None
    cpu_seconds: float | None
    score: Estimate | None


def costs(comparison: Comparison) -> list[Cost]:
    """Return the cost of every arm with every algorithm."""
    found = []
    for algorithm in dict.fromkeys(group.algorithm for group in comparison.groups):
        groups = [group for group in comparison.groups if group.algorithm == algorithm]
        overall = {
            arm.arm: arm
            for aggregate in comparison.aggregates
            if aggregate.algorithm == algorithm
            for arm in aggregate.arms
        }
        for arm in comparison.arms:
            results = _results(groups, arm)
            if results:
                speed = _relative_speed(groups, arm, comparison.baseline)
                found.append(_cost(algorithm, list(results.values()), speed, overall.get(arm)))
    return found


def _cost(
    algorithm: str, results: Sequence[ArmResult], speed: float | None, overall: AggregateArm | None
) -> Cost:
    score = overall.iqm if overall else None
    if overall is None and len(results) == 1:
        score = Estimate(value=results[0].score, interval=results[0].score_interval)
    # Its sum is known only if every game's is.
    cpu = [result.cpu_seconds and result.cpu_seconds * len(result.seeds) for result in results]
    return Cost(
        algorithm=algorithm,
        arm=results[0].arm,
        runs=sum(len(result.seeds) for result in results),
        parameters=results[0].parameters,
        timesteps_per_second=_mean([result.timesteps_per_second for result in results]),
        relative_speed=speed,
        wall_seconds=_mean([result.wall_seconds for result in results]),
        cpu_seconds=None if None in cpu else sum(value for value in cpu if value),
        score=score,
    )


def _results(groups: Sequence[Group], arm: str) -> dict[str, ArmResult]:
    return {group.game: result for group in groups for result in group.arms if result.arm == arm}


def _relative_speed(groups: Sequence[Group], arm: str, baseline: str) -> float | None:
    mine, theirs = _results(groups, arm), _results(groups, baseline)
    ratios = [
        (mine[game].timesteps_per_second or 0) / (theirs[game].timesteps_per_second or np.inf)
        for game in mine.keys() & theirs.keys()
    ]
    known = np.array(sorted(ratio for ratio in ratios if ratio > 0))
    return float(np.exp(np.log(known).mean())) if known.size else None


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
