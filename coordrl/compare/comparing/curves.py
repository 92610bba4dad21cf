"""Learning curves beside the baseline's: when an arm gets as far, and by how much it differs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from coordrl.compare.comparing.results import ArmResult, Group, Reach, Threshold
from coordrl.compare.statistics.two_arms import CONFIDENCE, t_half_width

#: Thresholds lie at these shares of the way from the start to the baseline's score.
SHARES = (0.5, 0.75, 1.0)

Values = NDArray[np.float64]


def thresholds(group: Group, baseline: str) -> tuple[Threshold, ...]:
    """Return when the arms of a game and algorithm reach shares of the baseline's score.

    The start is the score of random play or, where that is unknown, the first point of the
    baseline's mean curve. Times are points of the curves' grid, so a percent of the run apart.

    :param baseline: the arm whose score counts as 1
    :return: a threshold for each of :data:`SHARES`; none without runs of the baseline, or where
        it does not end above the start
    """
    standard = next((arm for arm in group.arms if arm.arm == baseline), None)
    if standard is None:
        return ()
    start = _start(standard) if group.random_score is None else group.random_score
    if start is None or standard.score <= start:
        return ()
    levels = [start + share * (standard.score - start) for share in SHARES]
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
    known: Values = arm.curve.mean[~np.isnan(arm.curve.mean)]
    return float(known[0]) if known.size else None


def _first_times(arm: ArmResult, level: float) -> tuple[int | None, ...]:
    above = arm.curve.seeds >= level  # NaN, before the first game, is not
    firsts = above.argmax(axis=1)
    return tuple(
        int(arm.curve.timesteps[first]) if above[seed, first] else None
        for seed, first in enumerate(firsts)
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class DifferenceCurve:
    """An arm minus the baseline; all arrays are over the curves' grid, shape (points,).

    :param mean: difference of the mean curves; NaN where one of them is
    :param lower: lower end of its pointwise 95 % t interval; NaN where there is none
    """

    mean: Values
    lower: Values
    upper: Values


def common_curves(arm: ArmResult, baseline: ArmResult) -> tuple[Values, Values]:
    """Return the curves of the seeds that both arms have, in the same order."""
    common = {seed.seed for seed in arm.seeds} & {seed.seed for seed in baseline.seeds}
    first, second = (
        a.curve.seeds[[seed.seed in common for seed in a.seeds]] for a in (arm, baseline)
    )
    return first, second


def difference_curve(arm: ArmResult, baseline: ArmResult, *, pairs: bool) -> DifferenceCurve:
    """Return the difference between two arms at every point of their grid.

    The intervals are those of the scores' difference: Welch's, or the paired one over the common
    seeds. They hold for one point at a time, not for the whole curve.

    :param baseline: what is subtracted, on the same grid
    :param pairs: whether the study declared the paired test
    """
    if pairs:
        x, y = common_curves(arm, baseline)
        if not len(x):
            nothing = np.full(len(arm.curve.timesteps), np.nan)
            return DifferenceCurve(mean=nothing, lower=nothing, upper=nothing)
        return _with_interval((x - y).mean(axis=0), t_half_width(x - y))
    return _welch(arm.curve.seeds, baseline.curve.seeds)


def _welch(x: Values, y: Values) -> DifferenceCurve:
    """Return difference and Welch's interval of two samples of shape (seeds, points)."""
    mean = x.mean(axis=0) - y.mean(axis=0)
    if min(len(x), len(y)) == 1:
        return _with_interval(mean, np.full(mean.shape, np.nan))
    a, b = x.var(axis=0, ddof=1) / len(x), y.var(axis=0, ddof=1) / len(y)
    with np.errstate(invalid="ignore", divide="ignore"):  # no spread at all: no interval
        df = (a + b) ** 2 / (a**2 / (len(x) - 1) + b**2 / (len(y) - 1))
    return _with_interval(mean, np.sqrt(a + b) * stats.t.ppf((1 + CONFIDENCE) / 2, df))


def _with_interval(mean: Values, half: Values) -> DifferenceCurve:
    return DifferenceCurve(mean=mean, lower=mean - half, upper=mean + half)
