"""How many seeds a test needs to find an effect.

Source: the noncentral t distribution (J. Cohen, Statistical Power Analysis for the Behavioral
Sciences, 1988). A permutation test of few seeds can only give a few p-values, and the t-test's
power flatters it; there its own power is simulated.
"""

from functools import lru_cache

import numpy as np
from scipy import stats

from coordrl.compare.statistics.permutation import (
    DRAW_SEED,
    permutation_p_values,
    sign_flip_p_values,
    smallest_permutation_p,
    smallest_sign_flip_p,
)
from coordrl.compare.statistics.two_arms import MOST_SEEDS, POWER

# With this many p-values at or below alpha, the t-test's power is right to about .02; with fewer,
# the permutation test has clearly less, unless an effect is so large that any test finds it.
_FINE = 20
_SURE = 0.97
_SIMULATED = 500


def seeds_needed(effect: float, sd: float, alpha: float, *, pairs: bool = False) -> int | None:
    """Return the seeds per arm that find an effect with 80 % power at level alpha.

    "Find" is significance of the permutation test; scores are taken to be normal.

    :param effect: the difference to be found, above 0
    :param sd: standard deviation of the scores between seeds (paired: of the differences)
    :param alpha: two-sided level, after correction
    :param pairs: whether the paired sign-flip test is used
    :return: the seeds; None if there is no effect to find or no variation to plan with, or
        for more than :data:`~coordrl.compare.statistics.two_arms.MOST_SEEDS`
    """
    if effect <= 0 or sd <= 0:
        return None

    def enough(n: int) -> bool:
        of_t, right = _t_power(n, effect / sd, alpha, pairs)
        return of_t >= POWER and (right or _simulated_power(n, effect / sd, alpha, pairs) >= POWER)

    # A test that knows the standard deviation needs the fewest seeds.
    z = stats.norm.isf(alpha / 2) + stats.norm.ppf(POWER)
    fewest = max(2, int((1 if pairs else 2) * (z * sd / effect) ** 2))
    return next((n for n in range(fewest, MOST_SEEDS + 1) if enough(n)), None)


def power(seeds: int, effect: float, alpha: float, *, pairs: bool = False) -> float:
    """Return the probability that a permutation test with normal scores finds an effect.

    :param seeds: per arm, at least 2
    :param effect: the difference in standard deviations
    :param alpha: two-sided level, after correction
    :param pairs: whether the paired sign-flip test is used
    :return: 0 where the test cannot reach alpha; the t-test's power at the largest p-value that
        the test can give up to alpha; or, where these are too few, the share of 500 simulated
        studies
    """
    of_t, right = _t_power(seeds, effect, alpha, pairs)
    return of_t if right else _simulated_power(seeds, effect, alpha, pairs)


def _t_power(seeds: int, effect: float, alpha: float, pairs: bool) -> tuple[float, bool]:
    """Return the t-test's power, and whether it is right for the permutation test.

    From the noncentral t distribution with noncentrality effect * sqrt(n / 2) and 2n - 2 degrees
    of freedom (paired: effect * sqrt(n) and n - 1).
    """
    smallest = smallest_sign_flip_p(seeds) if pairs else smallest_permutation_p(seeds, seeds)
    p_values = int(alpha / smallest * (1 + 1e-9))  # so many of them are alpha or less
    if p_values == 0:
        return 0.0, True
    df = seeds - 1 if pairs else 2 * seeds - 2
    shift = effect * np.sqrt(seeds if pairs else seeds / 2)
    found = float(stats.nct.sf(stats.t.isf(p_values * smallest / 2, df), df, shift))
    return found, p_values >= _FINE or found >= _SURE


@lru_cache(maxsize=256)
def _simulated_power(seeds: int, effect: float, alpha: float, pairs: bool) -> float:
    generator = np.random.default_rng(DRAW_SEED)
    scores = generator.normal(effect, 1, size=(_SIMULATED, seeds))
    if pairs:
        p_values = sign_flip_p_values(scores)
    else:
        p_values = permutation_p_values(scores, generator.normal(size=scores.shape))
    return float(np.mean(p_values <= alpha))
