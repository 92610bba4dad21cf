"""Looks at a study before all its seeds have run: p-values that may be looked at.

Seeds are used in their declared order. At look k the arms have n_k seeds each, and a comparison is
tested with these alone, at a share w_k of the level: weighted Bonferroni over the looks. What makes
it sharp is that the p-values of permutation tests lie on a lattice, multiples of s_k, so that
P(p_k <= x) <= F_k(x) = s_k * floor(x / s_k) if the arms are exchangeable. With p_k rounded up to
the lattice of the declared seeds (which changes nothing unless runs were lost) and Q_k the least of
p_j / w_j for j <= k, the *sequential p-value* is

    P_k = sum over all declared looks j of F_j(w_j * Q_k).

Proof: the chance that some look has p_j <= w_j * q is at most the sum of F_j(w_j * q), so that
Pr(P_K <= u) <= u for every u. P never increases from look to look, so the same holds for P at
whatever look one stops, for whatever reason. Holm's method needs no more.

Sources: Q. Liu and K. M. Anderson, "On adaptive extensions of group sequential trials for clinical
investigations" (JASA 103, 2008); W. Maurer and F. Bretz, "Multiple testing in group sequential
trials using graphical approaches" (Statistics in Biopharmaceutical Research 5, 2013); power
spending: K. Kim and D. L. DeMets, Biometrika 74 (1987). Imports nothing but numpy.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import ceil, floor

from coordrl.compare.statistics.permutation import (
    ALPHA,
    smallest_permutation_p,
    smallest_sign_flip_p,
)

#: How much of the level looks get: that of look k is (n_k / n_K) to this power, less what the looks
#: before it got. A smaller power would stop sooner and find less; for equivalence early looks can
#: hardly find anything.
DIFFERENCE_POWER, EQUIVALENCE_POWER = 1.5, 3.0
#: The chance of still finding something below which a comparison is given up.
FUTILITY = 0.05
#: With fewer seeds nothing is given up.
FEWEST = 6
# Sums of rounded numbers that should be whole.
_ROUNDING = 1e-9

Looks = tuple[int, ...]


def check_looks(looks: Sequence[int], seeds: int) -> None:
    """Check that looks can be taken.

    :param looks: seeds per arm at each look
    :param seeds: that the study has
    :raises ValueError: if they do not rise, the first has fewer than two seeds, or the last not all
    """
    if not looks or looks[0] < 2 or any(b <= a for a, b in pairwise(looks)):
        raise ValueError("looks are numbers of seeds that rise, from 2 on, such as [6, 8, 11, 16]")
    if looks[-1] != seeds:
        raise ValueError(f"the last look has all {seeds} seeds of the study, not {looks[-1]}")


@lru_cache
def weights(looks: Looks, power: float = DIFFERENCE_POWER) -> tuple[float, ...]:
    """Return the share of the level that each look gets; they sum to 1.

    >>> [round(w, 3) for w in weights((5, 7, 10, 16))]
    [0.175, 0.115, 0.205, 0.506]
    """
    spent = [0.0, *((seeds / looks[-1]) ** power for seeds in looks)]
    return tuple(after - before for before, after in pairwise(spent))


def lattice(seeds: int, *, pairs: bool = False) -> float:
    """Return the distance of the p-values that so many seeds per arm can give."""
    return smallest_sign_flip_p(seeds) if pairs else smallest_permutation_p(seeds, seeds)


def rounded_up(p_value: float, seeds: int, *, pairs: bool = False) -> float:
    """Round a p-value up to the lattice of so many seeds per arm."""
    step = lattice(seeds, pairs=pairs)
    return min(1.0, step * ceil(p_value / step - _ROUNDING))


def sequential_p(p_values: Sequence[float | None], looks: Looks, *, pairs: bool = False) -> float:
    """Return the sequential p-value after some looks.

    :param p_values: of the looks that were taken, rounded up; None where there were no runs
    :param looks: all that were declared, seeds per arm

    >>> round(sequential_p([2 / 252], (5, 7, 10, 16)), 3)
    0.045
    """
    ratios = [p / w for p, w in zip(p_values, weights(looks), strict=False) if p is not None]
    return _chance(min(ratios), looks, pairs) if ratios else 1.0


def equivalence_p(p_values: Sequence[float | None], looks: Looks) -> float:
    """Return the sequential p-value of an equivalence test: the least p_k over its look's weight.

    :param p_values: as in :func:`sequential_p`
    """
    shares = weights(looks, EQUIVALENCE_POWER)
    ratios = [p / w for p, w in zip(p_values, shares, strict=False) if p is not None]
    return min([1.0, *ratios])


def smallest_p(looks: Looks, taken: int, *, pairs: bool = False) -> float:
    """Return the least that the sequential p-value can be after the first looks."""
    return sequential_p([lattice(n, pairs=pairs) for n in looks[:taken]], looks, pairs=pairs)


@lru_cache(maxsize=1024)
def nominal_levels(looks: Looks, alpha: float, *, pairs: bool = False) -> tuple[float, ...]:
    """Return for each look the largest p-value that is significant there; 0 where none is.

    :param alpha: what the sequential p-value is compared with, such as .05 / family
    """
    levels = []
    for seeds, weight in zip(looks, weights(looks), strict=True):
        step = lattice(seeds, pairs=pairs)
        fewest, most = 0, floor(1 / step + _ROUNDING)  # steps that are, and may be, significant
        while fewest < most:
            middle = (fewest + most + 1) // 2
            if _chance(middle * step / weight, looks, pairs) <= alpha * (1 + _ROUNDING):
                fewest = middle
            else:
                most = middle - 1
        levels.append(fewest * step)
    return tuple(levels)


def default_looks(maximum: int, family: int, *, pairs: bool = False) -> Looks:
    """Return looks for a study of so many seeds per arm.

    The first is the earliest that can show a difference after correction; each next one has 1.4
    times the seeds, as long as the last would still have a fifth more than it.

    >>> default_looks(16, 1), default_looks(16, 6), default_looks(10, 3)
    ((5, 7, 10, 16), (7, 10, 16), (6, 8, 10))
    """
    for first in range(2, maximum):
        looks = [first]
        while 1.2 * (following := round(1.4 * looks[-1])) < maximum:
            looks.append(following)
        chosen = (*looks, maximum)
        if family * smallest_p(chosen, 1, pairs=pairs) <= ALPHA:
            return chosen
    return (maximum,)


def _chance(ratio: float, looks: Looks, pairs: bool) -> float:
    """Return the largest chance that some look's p-value is its weight times the ratio or less."""
    total = 0.0
    for seeds, weight in zip(looks, weights(looks), strict=True):
        step = lattice(seeds, pairs=pairs)
        total += min(1.0, step * floor(weight * ratio / step + _ROUNDING))
    return min(1.0, total)
