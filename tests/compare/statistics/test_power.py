import numpy as np
import pytest
from scipy import stats

from coordrl.compare.statistics.permutation import (
    permutation_p_values,
    sign_flip_p_values,
    smallest_permutation_p,
)
from coordrl.compare.statistics.power import power, seeds_needed


@pytest.mark.parametrize(("effect", "alpha", "n"), [(1.0, 0.05, 17), (0.5, 0.05, 64)])
def test_seeds_needed_agree_with_the_textbook(effect, alpha, n):
    # Cohen (1988), table 2.4.1: n for d = 1 and d = .5 at 80 % power, two-sided .05.
    assert seeds_needed(effect, 1.0, alpha) == n


def test_seeds_needed_reach_the_power_and_one_less_does_not():
    n = seeds_needed(2.0, 1.0, 0.01)
    assert n is not None
    rng = np.random.default_rng(0)

    def power(seeds):
        x, y = rng.normal(size=(20_000, seeds)), rng.normal(2.0, 1.0, size=(20_000, seeds))
        return np.mean(stats.ttest_ind(x, y, axis=1).pvalue <= 0.01)

    assert power(n) > 0.79
    assert power(n - 1) < 0.81


def test_paired_seeds_needed_reach_the_power():
    n = seeds_needed(1.0, 1.0, 0.05, pairs=True)
    assert n is not None
    d = np.random.default_rng(0).normal(1.0, 1.0, size=(20_000, n))
    assert np.mean(stats.ttest_1samp(d, 0, axis=1).pvalue <= 0.05) > 0.79


def test_seeds_needed_are_enough_for_the_permutation_test():
    n = seeds_needed(1000.0, 1.0, 0.001)
    assert n is not None
    assert smallest_permutation_p(n, n) <= 0.001 < smallest_permutation_p(n - 1, n - 1)


@pytest.mark.parametrize(("effect", "sd"), [(0.0, 1.0), (1.0, 0.0), (1e-6, 1.0)])
def test_seeds_needed_may_be_unknown(effect, sd):
    assert seeds_needed(effect, sd, 0.05) is None


@pytest.mark.parametrize(
    ("seeds", "effect", "family", "pairs"),
    [
        (5, 2.0, 1, False),
        (5, 3.0, 6, False),  # a single p-value below alpha: the t-test would have .84
        (7, 2.0, 2, False),
        (8, 2.0, 6, False),
        (8, 2.0, 6, True),  # the t-test would have .93
        (9, 1.5, 1, True),
        (9, 1.5, 12, True),  # the t-test would have .67
    ],
)
def test_power_is_that_of_the_permutation_test(seeds, effect, family, pairs):
    generator = np.random.default_rng([1, seeds, family])
    x, y = generator.normal(size=(2, 4_000, seeds)) + np.array([effect, 0])[:, None, None]
    p = sign_flip_p_values(x) if pairs else permutation_p_values(x, y)
    observed = np.mean(p <= 0.05 / family)
    assert power(seeds, effect, 0.05 / family, pairs=pairs) == pytest.approx(observed, abs=0.05)


def test_there_is_no_power_where_significance_cannot_be_reached():
    assert power(3, 100.0, 0.05) == 0
    assert power(4, 100.0, 0.05) > 0.99
    assert power(5, 100.0, 0.05, pairs=True) == 0
