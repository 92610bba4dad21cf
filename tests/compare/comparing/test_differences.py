import numpy as np
import pytest
from scipy import stats

from coordrl.compare.comparing.differences import difference_curve
from tests.compare.comparing.test_thresholds import arm_of

DRAW = np.random.default_rng(1)
X, Y = DRAW.normal(3, 2, (5, 4)), DRAW.normal(1, 1, (4, 4))


def test_welchs_interval_at_every_point():
    found = difference_curve(arm_of("coord", X), arm_of("standard", Y), pairs=False)
    expected = stats.ttest_ind(X, Y, equal_var=False)
    interval = expected.confidence_interval(0.95)
    np.testing.assert_allclose(found.mean, X.mean(axis=0) - Y.mean(axis=0))
    np.testing.assert_allclose((found.lower, found.upper), (interval.low, interval.high))


def test_paired_interval_over_the_common_seeds():
    found = difference_curve(arm_of("coord", X), arm_of("standard", Y), pairs=True)
    interval = stats.ttest_rel(X[:4], Y).confidence_interval(0.95)
    np.testing.assert_allclose(found.mean, (X[:4] - Y).mean(axis=0))
    np.testing.assert_allclose((found.lower, found.upper), (interval.low, interval.high))


@pytest.mark.parametrize("pairs", [False, True])
def test_a_single_seed_has_a_difference_without_an_interval(pairs):
    found = difference_curve(arm_of("coord", X[:1]), arm_of("standard", Y[:1]), pairs=pairs)
    np.testing.assert_allclose(found.mean, X[0] - Y[0])
    assert np.isnan(found.lower).all()
    assert np.isnan(found.upper).all()


def test_equal_curves_have_no_interval():
    same = arm_of("standard", [[1.0, 2.0], [1.0, 2.0]])
    found = difference_curve(same, same, pairs=False)
    assert found.mean.tolist() == [0.0, 0.0]
    assert np.isnan(found.lower).all()


def test_unknown_points_stay_unknown():
    late = arm_of("coord", [[np.nan, 2.0], [np.nan, 3.0]])
    found = difference_curve(late, arm_of("standard", [[1.0, 1.0], [1.0, 2.0]]), pairs=False)
    assert np.isnan(found.mean[0])
    assert found.mean[1] == 1.0
