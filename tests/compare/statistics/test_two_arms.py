import numpy as np
import pytest
from scipy import stats

from coordrl.compare.statistics.two_arms import (
    Interval,
    beats,
    correlation,
    decide,
    holm,
    margin_of,
    mean_interval,
    paired,
    sample_sd,
    welch,
)

A = [20.1, 18.3, 19.9, 21.0, 17.2]
B = [15.0, 19.1, 14.2, 16.6]


def test_welch_agrees_with_scipy():
    ours, theirs = welch(A, B), stats.ttest_ind(A, B, equal_var=False)
    assert ours is not None
    assert ours.value == pytest.approx(np.mean(A) - np.mean(B))
    assert ours.df == pytest.approx(theirs.df)
    assert ours.p_value() == pytest.approx(theirs.pvalue)
    assert ours.interval(0.9) == pytest.approx(tuple(theirs.confidence_interval(0.9)))


def test_welch_with_one_constant_arm():
    # The constant arm adds no error: a one-sample test against its value.
    ours, theirs = welch(A, [1.0, 1.0]), stats.ttest_1samp(A, 1.0)
    assert ours is not None
    assert ours.p_value() == pytest.approx(theirs.pvalue)


def test_paired_agrees_with_scipy():
    ours, theirs = paired(np.subtract(A[:4], B)), stats.ttest_rel(A[:4], B)
    assert ours is not None
    assert ours.p_value() == pytest.approx(theirs.pvalue)
    assert ours.interval() == pytest.approx(tuple(theirs.confidence_interval(0.95)))


@pytest.mark.parametrize("margin", [0.0, 1.0, 4.0, 10.0])
def test_equivalence_is_the_larger_of_two_one_sided_tests(margin):
    ours = welch(A, B)
    assert ours is not None
    below = stats.ttest_ind(A, np.add(B, margin), equal_var=False, alternative="less")
    above = stats.ttest_ind(A, np.subtract(B, margin), equal_var=False, alternative="greater")
    assert ours.p_equivalence(margin) == pytest.approx(max(below.pvalue, above.pvalue))


def test_mean_interval_agrees_with_scipy():
    expected = stats.t.interval(0.95, len(A) - 1, np.mean(A), stats.sem(A))
    assert mean_interval(A) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("a", "b"),
    [([1.0], [1.0, 2.0]), ([1.0, 2.0], [3.0]), ([2.0, 2.0], [3.0, 3.0]), ([0.3] * 3, [0.1] * 3)],
)
def test_welch_is_undefined_without_spread(a, b):
    assert welch(a, b) is None


def test_single_seeds_and_constant_seeds():
    assert mean_interval([3.0]) is None
    assert mean_interval([3.0, 3.0]) == (3.0, 3.0)
    assert sample_sd([3.0]) is None
    assert paired([1.0]) is None
    assert paired([0.3 - 0.1, 0.2, 0.2]) is None  # equal but for rounding


def test_holm_by_hand():
    # Sorted: .005 * 4, .01 * 3, .03 * 2, .04 * 1 raised to the one before.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.6, 0.7]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


def test_beats_is_a_one_sided_t_test():
    for reference in np.linspace(15, 20, 11):
        p = stats.ttest_1samp(A, reference, alternative="greater").pvalue
        assert beats(A, reference) == (p < 0.05)


def test_beats_compares_a_single_seed_as_it_stands():
    assert beats([1.0], 0.5)
    assert not beats([0.5, 0.5], 0.5)


def test_correlation():
    assert correlation(A[:4], B) == pytest.approx(np.corrcoef(A[:4], B)[0, 1])
    assert correlation([1.0, 2.0], [1.0, 2.0]) is None
    assert correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]) is None


@pytest.mark.parametrize(
    ("standard", "random", "margin"),
    [(14.3, -20.7, 3.5), (-21.0, -20.7, 0.0), (50.0, None, 5.0), (-50.0, None, 5.0)],
)
def test_margin(standard, random, margin):
    assert margin_of(standard, random, 0.1) == pytest.approx(margin)


INSIDE, PARTLY = Interval(-1.9, 1.9), Interval(-1.0, 2.1)


@pytest.mark.parametrize(
    ("difference", "informative", "p", "p_equivalence", "interval", "verdict"),
    [
        (5.0, False, 0.01, 0.01, INSIDE, "uninformative"),
        (5.0, True, 0.05, 0.9, PARTLY, "better"),
        (-5.0, True, 0.01, 0.9, PARTLY, "worse"),
        (-1.0, True, 0.01, 0.01, INSIDE, "negligible"),
        (-1.0, True, 0.01, 0.06, INSIDE, "worse"),
        (1.0, True, 0.01, 0.01, PARTLY, "better"),
        (1.0, True, 0.01, None, None, "better"),
        (1.0, True, 0.06, 0.05, PARTLY, "equivalent"),
        (1.0, True, 0.06, 0.06, INSIDE, "inconclusive"),
        (1.0, True, 0.06, None, None, "inconclusive"),
    ],
)
def test_verdicts_in_their_order(difference, informative, p, p_equivalence, interval, verdict):
    found = decide(
        difference,
        2.0,
        informative=informative,
        interval=interval,
        p_difference=p,
        p_equivalence=p_equivalence,
        p_possible=0.01,
    )
    assert found == verdict


def test_seeds_that_cannot_show_a_difference_do_not_show_equivalence():
    found = decide(
        0.0,
        2.0,
        informative=True,
        interval=INSIDE,
        p_difference=1.0,
        p_equivalence=0.01,
        p_possible=1 / 3,
    )
    assert found == "inconclusive"
