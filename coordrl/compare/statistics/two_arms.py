"""Estimates, corrections and verdicts for the scores of two arms: pure functions.

A *score* is one number a run, so one a seed; the seed is the unit of every test here. The
tests of the primary hypothesis are in :mod:`coordrl.compare.statistics.permutation`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from coordrl.compare.statistics.permutation import ALPHA as ALPHA

#: The confidence of the intervals.
CONFIDENCE = 0.95
#: The power at which seeds are planned.
POWER = 0.8
#: More seeds than this are not worth naming.
MOST_SEEDS = 10_000

Verdict = Literal["better", "worse", "negligible", "equivalent", "inconclusive", "uninformative"]
#: How large the difference of a better or worse arm is shown to be.
Size = Literal["beyond the margin", "open"]


class Interval(NamedTuple):
    """A two-sided interval."""

    low: float
    high: float


@dataclass(frozen=True)
class Difference:
    """An estimated difference whose error follows Student's t distribution.

    :param standard_error: its standard error, above 0
    """

    value: float
    standard_error: float
    df: float

    def interval(self, confidence: float = CONFIDENCE) -> Interval:
        """Return value -/+ t((1 + confidence) / 2; df) * standard_error."""
        half = float(stats.t.ppf((1 + confidence) / 2, self.df)) * self.standard_error
        return Interval(self.value - half, self.value + half)

    def p_value(self) -> float:
        """Return the two-sided p-value of a difference of 0."""
        return float(2 * stats.t.sf(abs(self.value) / self.standard_error, self.df))

    def p_equivalence(self, margin: float) -> float:
        """Return the p-value of two one-sided tests for abs(difference) < margin.

        The larger of both (Schuirmann 1987). Significance shows that the arms differ by less
        than the margin.
        """
        distance = (margin - abs(self.value)) / self.standard_error
        return float(stats.t.sf(distance, self.df))


def mean_interval(values: ArrayLike, confidence: float = CONFIDENCE) -> Interval | None:
    """Return Student's t interval of a mean, mean -/+ t(n - 1) * sd / sqrt(n).

    :param values: one a seed, shape (n,)
    :param confidence: in (0, 1)
    :return: the interval, or None for fewer than two values
    """
    x = np.asarray(values, dtype=np.float64)
    if x.size < 2:
        return None
    half = float(t_half_width(x[:, None], confidence)[0])
    return Interval(float(x.mean()) - half, float(x.mean()) + half)


def sample_sd(values: ArrayLike) -> float | None:
    """Return the standard deviation (with n - 1), or None for fewer than two values."""
    x = np.asarray(values, dtype=np.float64)
    return float(x.std(ddof=1)) if x.size > 1 else None


def t_half_width(
    samples: NDArray[np.float64], confidence: float = CONFIDENCE
) -> NDArray[np.float64]:
    """Return half the width of the t interval of each column's mean; NaN for a single row.

    :param samples: shape (n, columns)
    :param confidence: in (0, 1)
    :return: shape (columns,)
    """
    n = len(samples)
    if n == 1:
        return np.full(samples.shape[1], np.nan)
    spread: NDArray[np.float64] = samples.std(axis=0, ddof=1) / np.sqrt(n)
    return spread * float(stats.t.ppf((1 + confidence) / 2, n - 1))


def welch(a: ArrayLike, b: ArrayLike) -> Difference | None:
    """Return mean(a) - mean(b) with Welch's standard error and degrees of freedom.

    se^2 = va / n + vb / m, df = se^4 / ((va / n)^2 / (n - 1) + (vb / m)^2 / (m - 1)), with the
    sample variances va and vb (Welch 1947; `scipy.stats.ttest_ind(equal_var=False)`).

    :param a: scores of one arm, one a seed, shape (n,)
    :param b: scores of the other, shape (m,)
    :return: the difference; None where it is undefined: an arm with fewer than two seeds, or
        scores that do not vary at all
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if min(x.size, y.size) < 2 or (is_constant(x) and is_constant(y)):
        return None
    parts = [float(x.var(ddof=1)) / x.size, float(y.var(ddof=1)) / y.size]
    squared = sum(parts)
    df = squared**2 / (parts[0] ** 2 / (x.size - 1) + parts[1] ** 2 / (y.size - 1))
    return Difference(float(x.mean() - y.mean()), float(np.sqrt(squared)), df)


def paired(differences: ArrayLike) -> Difference | None:
    """Return the mean of paired differences with the standard error of the paired t-test.

    :param differences: one a common seed, shape (n,)
    :return: the difference; None for fewer than two seeds or differences that do not vary
    """
    d = np.asarray(differences, dtype=np.float64)
    if d.size < 2 or is_constant(d):
        return None
    return Difference(float(d.mean()), float(d.std(ddof=1) / np.sqrt(d.size)), d.size - 1)


def beats(values: ArrayLike, reference: float) -> bool:
    """Return whether a mean is shown to lie above a fixed number.

    One-sided t-test at :data:`ALPHA`; a single seed, or seeds that do not vary, are compared
    as they stand.
    """
    x = np.asarray(values, dtype=np.float64)
    above = paired(x - reference)
    if above is None:
        return bool(x.mean() > reference)
    return above.interval(1 - 2 * ALPHA).low > 0


def correlation(a: ArrayLike, b: ArrayLike) -> float | None:
    """Return Pearson's correlation of two arms over their common seeds.

    :param a: scores of one arm, shape (n,)
    :param b: scores of the other with the same seeds, shape (n,)
    :return: in [-1, 1]; None for fewer than three seeds or scores that do not vary
    """
    x, y = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    if x.size < 3 or is_constant(x) or is_constant(y):
        return None
    return float(np.corrcoef(x, y)[0, 1])


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values, in the given order.

    With p(1) <= ... <= p(m): adjusted p(i) = max over j <= i of min(1, (m - j + 1) p(j))
    (Holm 1979). A test of the family that could not be done enters as 1.

    >>> holm([0.01, 0.04, 0.02])
    [0.03, 0.04, 0.04]
    """
    adjusted = [0.0] * len(p_values)
    largest = 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = largest
    return adjusted


def margin_of(standard: float, random: float | None, fraction: float) -> float:
    """Return the smallest difference that matters, in points of the game.

    A fraction of what the baseline scores above random play, and 0 if it scores less; without
    a score of random play, the fraction of the baseline's score itself, without its sign.
    """
    return fraction * (abs(standard) if random is None else max(0.0, standard - random))


def decide(
    difference: float,
    margin: float,
    *,
    informative: bool,
    interval: Interval | None,
    p_difference: float,
    p_equivalence: float | None,
    p_possible: float,
) -> Verdict:
    """Return the verdict on an arm; the first of these that holds.

    *uninformative* (no arm beats random play), *negligible* (significant, and shown to be smaller
    than the margin: the interval inside it, and both one-sided tests significant), *better* or
    *worse* (significant), *equivalent* (both one-sided tests significant, with seeds enough that a
    difference could have been), *inconclusive*.

    :param difference: arm minus baseline
    :param margin: the smallest difference that matters
    :param informative: whether an arm of this game and algorithm beats random play
    :param interval: of the difference; None if undefined
    :param p_difference: p-value of the primary test, corrected for the family
    :param p_equivalence: p-value of the equivalence test, corrected for the family; None if
        undefined
    :param p_possible: the smallest p_difference that these numbers of seeds allow
    """
    if not informative:
        return "uninformative"
    same = p_equivalence is not None and p_equivalence <= ALPHA
    if p_difference <= ALPHA:
        if same and interval is not None and -margin < interval.low <= interval.high < margin:
            return "negligible"
        return "better" if difference > 0 else "worse"
    return "equivalent" if same and p_possible <= ALPHA else "inconclusive"


def size_of(interval: Interval | None, margin: float) -> Size:
    """Say how large a significant difference is shown to be.

    >>> size_of(Interval(1.0, 9.0), 0.5), size_of(Interval(1.0, 9.0), 2.0), size_of(None, 2.0)
    ('beyond the margin', 'open', 'open')
    """
    if interval is not None and (interval.low > margin or interval.high < -margin):
        return "beyond the margin"
    return "open"


def is_constant(values: NDArray[np.float64]) -> bool:
    """Return whether values are equal but for rounding.

    :param values: at least one, shape (n,)
    """
    return bool(np.ptp(values) <= 1e-12 * np.abs(values).max())
