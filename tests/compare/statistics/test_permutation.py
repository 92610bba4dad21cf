from itertools import product

import numpy as np
import pytest
from scipy import stats

from coordrl.compare.statistics import permutation
from coordrl.compare.statistics.permutation import (
    permutation_p,
    permutation_p_values,
    sign_flip_p,
    sign_flip_p_values,
    smallest_permutation_p,
    smallest_sign_flip_p,
)


def absolute_difference(x, y, axis):
    return np.abs(np.mean(x, axis=axis) - np.mean(y, axis=axis))


def absolute_t(x, y, axis):
    return np.abs(stats.ttest_ind(x, y, axis=axis, equal_var=False).statistic)


@pytest.mark.parametrize(("n", "m"), [(2, 2), (3, 5), (5, 5), (6, 4), (2, 7)])
def test_unpaired_agrees_with_scipy(n, m):
    rng = np.random.default_rng(n * 10 + m)
    x, y = rng.normal(size=n), rng.normal(1, 2, size=m)
    statistic = absolute_difference if n == m else absolute_t
    expected = stats.permutation_test((x, y), statistic, alternative="greater", n_resamples=np.inf)
    assert permutation_p(x, y) == pytest.approx(expected.pvalue, abs=1e-12)


@pytest.mark.parametrize("n", [2, 5, 8])
def test_paired_agrees_with_scipy(n):
    d = np.random.default_rng(n).normal(0.5, 1, size=n)
    expected = stats.permutation_test(
        (d,), np.mean, permutation_type="samples", n_resamples=np.inf, vectorized=True
    )
    assert sign_flip_p(d) == pytest.approx(expected.pvalue, abs=1e-12)


def test_hand_counted_ways():
    # Of the 6 ways to choose 2 of 1, 2, 3, 10 only 1, 2 and its mirror are as far apart.
    assert permutation_p([1.0, 2.0], [3.0, 10.0]) == pytest.approx(2 / 6)
    assert sign_flip_p([1.0, 2.0]) == pytest.approx(2 / 4)


@pytest.mark.parametrize("shift", [0.0, 0.1, 1e6])
def test_ties_count_in_spite_of_rounding(shift):
    # The mirror of the observed way is as extreme, and its sum differs in the last bits.
    assert permutation_p([0.1 + shift, 0.2 + shift], [0.3 + shift, 0.4 + shift]) == 2 / 6
    assert permutation_p([0.1 + shift, 0.4 + shift], [0.2 + shift, 0.3 + shift]) == 1
    assert sign_flip_p([0.1, 0.2, -0.3]) == 1


@pytest.mark.parametrize("shift", [0.0, 0.1, 1e6, 1e9])
def test_ties_of_unequal_arms_count_too(shift):
    small, large = np.array([1.0, 2.0]), np.array([2.0, 3.0, 3.0])
    plain = permutation_p(small, large)
    assert permutation_p(0.1 * small + shift, 0.1 * large + shift) >= plain - 1e-12
    assert permutation_p(large + shift, small + shift) == permutation_p(
        small + shift, large + shift
    )


def test_the_observed_way_always_counts():
    for exponent in range(-15, 2):
        x, y = 10.0**exponent * np.arange(4), 100 + 10.0**exponent * np.arange(7)
        assert permutation_p(x, y) == pytest.approx(1 / 330)


def test_constant_arms_of_unequal_size():
    assert permutation_p([0.0] * 2, [1.0] * 3) == pytest.approx(1 / 10)
    assert permutation_p([0.3] * 3, [0.3] * 5) == 1


def test_a_smaller_arm_that_varies_more_does_not_raise_false_alarms_as_the_difference_would():
    x, y = np.random.default_rng(0).normal(size=(2, 4_000, 8))
    x = 3 * x[:, :5]
    studentised = np.mean(permutation_p_values(x, y) <= 0.05)
    means = np.abs(x.mean(axis=1) - y.mean(axis=1))[:, None]
    pooled = np.concatenate([x, y], axis=1)
    ways = permutation._choices(13, 5)
    sums = pooled @ ways.T
    differences = np.abs(sums / 5 - (pooled.sum(axis=1, keepdims=True) - sums) / 8)
    plain = np.mean((differences >= means - 1e-9).mean(axis=1) <= 0.05)
    assert plain > 0.11
    assert studentised < 0.09


def test_equal_scores_are_no_evidence():
    assert permutation_p([5.0] * 4, [5.0] * 4) == 1
    assert sign_flip_p([0.0] * 4) == 1


@pytest.mark.parametrize(("n", "m"), [(1, 1), (1, 4), (2, 2), (2, 3), (5, 5), (4, 6)])
def test_no_outcome_is_below_the_smallest_p(n, m):
    separated = permutation_p(np.arange(n) * 1e-3, 100 + np.arange(m) * 1e-3)
    assert separated == pytest.approx(smallest_permutation_p(n, m))


@pytest.mark.parametrize("n", [1, 2, 5])
def test_no_signs_are_below_the_smallest_p(n):
    assert sign_flip_p(np.arange(1.0, n + 1)) == pytest.approx(smallest_sign_flip_p(n))
    everything = [sign_flip_p(np.array(signs)) for signs in product((1.0, -1.0), repeat=n)]
    assert min(everything) >= smallest_sign_flip_p(n) - 1e-12


def test_monte_carlo_is_near_the_exact_p_and_repeats(monkeypatch):
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=7), rng.normal(0.8, 1, size=7)
    exact = permutation_p(x, y), sign_flip_p(x - y)
    monkeypatch.setattr(permutation, "EXACT_LIMIT", 10)
    monkeypatch.setattr(permutation, "DRAWS", 4_999)
    drawn = permutation_p(x, y), sign_flip_p(x - y)
    assert drawn == pytest.approx(exact, abs=4 * 0.5 / 4_999**0.5)
    assert drawn != exact
    assert drawn == (permutation_p(x, y), sign_flip_p(x - y))


def test_monte_carlo_is_never_zero(monkeypatch):
    monkeypatch.setattr(permutation, "DRAWS", 999)
    x = np.arange(15.0)
    assert permutation_p(x, x + 1000) == pytest.approx(1 / 1000)
    assert smallest_permutation_p(15, 15) == 1 / 1000
    assert sign_flip_p(x + 1000) <= 2 / 1000


@pytest.mark.parametrize(("n", "m"), [(3, 3), (4, 2), (2, 5), (12, 12)])
def test_many_comparisons_at_once(monkeypatch, n, m):
    monkeypatch.setattr(permutation, "_SUMS", 100)
    x, y = (np.random.default_rng(n).normal(size=(7, size)) for size in (n, m))
    expected = [permutation_p(a, b) for a, b in zip(x, y, strict=True)]
    assert permutation_p_values(x, y).tolist() == expected
    assert sign_flip_p_values(x).tolist() == [sign_flip_p(a) for a in x]


def test_beyond_the_limit_draws_agree_with_scipy():
    x, y = np.random.default_rng(5).normal(size=(2, 12))
    expected = stats.permutation_test(
        (x, y), absolute_difference, alternative="greater", n_resamples=20_000, rng=0
    )
    assert permutation_p(x, y) == pytest.approx(expected.pvalue, abs=0.015)


def test_a_sample_without_scores_is_an_error():
    with pytest.raises(ValueError, match="one score or more"):
        permutation_p([], [1.0])
    with pytest.raises(ValueError, match="one score or more"):
        sign_flip_p([])
