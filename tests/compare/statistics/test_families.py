import numpy as np
import pytest
from scipy import stats

from coordrl.compare.statistics.families import Samples, compare


def test_comparisons_are_those_of_scipy_and_of_holm() -> None:
    generator = np.random.default_rng(0)
    plain, coordconv = generator.normal(1, 0.1, 6).tolist(), generator.normal(1.2, 0.1, 6).tolist()
    same = [score + 0.001 for score in plain]
    found = compare([Samples("a", plain, coordconv, 0.1), Samples("b", plain, same, 0.1)])
    expected = stats.ttest_ind(coordconv, plain, equal_var=False).confidence_interval()
    assert found[0].interval == pytest.approx((expected.low, expected.high))
    one = stats.permutation_test(
        (coordconv, plain), lambda x, y: np.mean(x) - np.mean(y), n_resamples=np.inf
    )
    assert found[0].p == pytest.approx(2 * one.pvalue)
    assert found[0].verdict == "better"
    assert found[1].verdict == "equivalent"
    logs = stats.ttest_ind(np.log(coordconv), np.log(plain), equal_var=False).confidence_interval()
    assert found[0].ratio_interval == pytest.approx((np.exp(logs.low), np.exp(logs.high)))


def test_ratios_are_of_positive_scores_only() -> None:
    (found,) = compare([Samples("a", [0.0, 1.0], [1.0, 2.0], 0.1)])
    assert found.ratio is None
    assert found.ratio_interval is None
