import numpy as np
import pytest
from scipy import stats

from coordrl.compare.comparing.curves import SHARES, difference_curve, thresholds
from coordrl.compare.comparing.results import ArmCurve, ArmResult, Group, Reach, SeedResult


def arm_of(name, curves):
    """An arm whose seeds have the given curves at timesteps 10, 20, ..."""
    seeds = np.array(curves, dtype=float)
    points, nothing = seeds.shape[1], np.full(seeds.shape[1], np.nan)
    scores = seeds[:, -1].tolist()
    return ArmResult(
        arm=name,
        seeds=tuple(
            SeedResult(seed=k, run=f"{name}/{k}", score=s, games=1, sample_efficiency=s, outcome=s)
            for k, s in enumerate(scores)
        ),
        mean=float(np.mean(scores)),
        sd=None,
        interval=None,
        score=float(np.mean(scores)),
        score_interval=None,
        sample_efficiency=0.0,
        sample_efficiency_interval=None,
        parameters=None,
        timesteps_per_second=None,
        wall_seconds=None,
        cpu_seconds=None,
        curve=ArmCurve(
            timesteps=np.arange(1, points + 1) * 10,
            seeds=seeds,
            carried=np.zeros(seeds.shape, dtype=bool),
            mean=seeds.mean(axis=0),
            lower=nothing,
            upper=nothing,
            wall_seconds=None,
        ),
    )


def group_of(*arms, random=0.0):
    return Group(
        game="Pong",
        algorithm="a2c",
        protocol=None,
        n_timesteps=50,
        points="whole games",
        random_score=random,
        human_score=None,
        informative=True,
        arms=arms,
        contrasts=(),
    )


STANDARD = arm_of("standard", [[np.nan, 2, 5, 8, 8], [1, 4, 8, 11, 12]])  # ends at 10
DRAW = np.random.default_rng(1)
X, Y = DRAW.normal(3, 2, (5, 4)), DRAW.normal(1, 1, (4, 4))
COORD = arm_of("coord", [[6, 8, 10, 9, 9], [0, 0, 7, 7, 7], [5, 10, 10, 10, 13]])


def test_first_points_at_or_above_shares_of_the_baselines_score():
    found = thresholds(group_of(STANDARD, COORD), "standard")
    assert [t.share for t in found] == list(SHARES)
    assert [t.level for t in found] == [5.0, 7.5, 10.0]
    assert [t.reaches[0].timesteps for t in found] == [(30, 30), (40, 30), (None, 40)]
    assert [t.reaches[1].timesteps for t in found] == [(10, 30, 10), (20, None, 20), (30, None, 20)]


@pytest.mark.parametrize(
    ("timesteps", "median", "reached"),
    [((10, 30, 20), 20, 3), ((10, None, 20), 20, 2), ((10, None), None, 1), ((None,), None, 0)],
)
def test_seeds_that_never_get_there_count_as_last(timesteps, median, reached):
    reach = Reach(arm="coord", timesteps=timesteps)
    assert (reach.median, reach.reached) == (median, reached)


def test_without_a_random_score_the_start_is_the_curves_start():
    (half, *_) = thresholds(group_of(STANDARD, random=None), "standard")
    assert half.level == 3 + 0.5 * (10 - 3)  # the mean curve starts at (2 + 4) / 2


@pytest.mark.parametrize(
    "group", [group_of(COORD), group_of(STANDARD, random=10.0)], ids=["no baseline", "no gain"]
)
def test_nothing_to_reach(group):
    assert thresholds(group, "standard") == ()


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
