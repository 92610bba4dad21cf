"""Learning curves of differences: an arm's mean curve minus the baseline's."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from coordrl.compare.comparing.results import ArmResult
from coordrl.compare.statistics.two_arms import CONFIDENCE

Values = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class DifferenceCurve:
    """An arm minus the baseline; all arrays are over the curves' grid, shape (points,).

    :param mean: difference of the mean curves; NaN where one of them is
    :param lower: lower end of its pointwise 95 % t interval; NaN where there is none
    :param upper: upper end
    """

    mean: Values
    lower: Values
    upper: Values


def difference_curve(arm: ArmResult, baseline: ArmResult, *, pairs: bool) -> DifferenceCurve:
    """Return the difference between two arms at every point of their grid.

    The intervals are those of the scores' difference: Welch's, or the paired one over the common
    seeds. They hold for one point at a time, not for the whole curve.

    :param arm: the arm
    :param baseline: what is subtracted, on the same grid
    :param pairs: whether the study declared that seeds are paired
    :return: the curve
    """
    if pairs:
        mine = {seed.seed: curve for seed, curve in zip(arm.seeds, arm.curve.seeds, strict=True)}
        theirs = {s.seed: c for s, c in zip(baseline.seeds, baseline.curve.seeds, strict=True)}
        common = sorted(mine.keys() & theirs.keys())
        if not common:
            nothing = np.full(len(arm.curve.timesteps), np.nan)
            return DifferenceCurve(mean=nothing, lower=nothing, upper=nothing)
        return _paired(np.array([mine[seed] - theirs[seed] for seed in common]))
    return _welch(arm.curve.seeds, baseline.curve.seeds)


def _paired(differences: Values) -> DifferenceCurve:
    """Return mean and interval of differences of shape (seeds, points)."""
    count = len(differences)
    mean = differences.mean(axis=0)
    if count == 1:
        return _with_interval(mean, np.full(mean.shape, np.nan))
    error = differences.std(axis=0, ddof=1) / np.sqrt(count)
    return _with_interval(mean, error * stats.t.ppf((1 + CONFIDENCE) / 2, count - 1))


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
