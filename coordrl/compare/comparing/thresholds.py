"""Sample efficiency in timesteps: when an arm first reaches what the baseline ends with."""

import numpy as np
from numpy.typing import NDArray

from coordrl.compare.comparing.results import ArmResult, Group, Reach, Threshold

#: Thresholds lie at these shares of the way from the start to the baseline's score.
SHARES = (0.5, 0.75, 1.0)


def thresholds(group: Group, baseline: str) -> tuple[Threshold, ...]:
    """Return when the arms of a game and algorithm reach shares of the baseline's score.

    The start is the score of random play or, where that is unknown, the first point of the
    baseline's mean curve. Times are points of the curves' grid, so a percent of the run apart.

    :param group: the game and algorithm
    :param baseline: the arm whose score counts as 1
    :return: a threshold for each of :data:`SHARES`; none without runs of the baseline, or where
        it does not end above the start
    """
    standard = next((arm for arm in group.arms if arm.arm == baseline), None)
    if standard is None:
        return ()
    start = _start(standard) if group.random_score is None else group.random_score
    if start is None or standard.mean <= start:
        return ()
    levels = [start + share * (standard.mean - start) for share in SHARES]
    return tuple(
        Threshold(
            share=share,
            level=level,
            reaches=tuple(
                Reach(arm=arm.arm, timesteps=_first_times(arm, level)) for arm in group.arms
            ),
        )
        for share, level in zip(SHARES, levels, strict=True)
    )


def _start(arm: ArmResult) -> float | None:
    known: NDArray[np.float64] = arm.curve.mean[~np.isnan(arm.curve.mean)]
    return float(known[0]) if known.size else None


def _first_times(arm: ArmResult, level: float) -> tuple[int | None, ...]:
    above = arm.curve.seeds >= level  # NaN, before the first game, is not
    firsts = above.argmax(axis=1)
    return tuple(
        int(arm.curve.timesteps[first]) if above[seed, first] else None
        for seed, first in enumerate(firsts)
    )
