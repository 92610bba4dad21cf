import numpy as np
import pytest

from coordrl.compare.comparing.results import ArmCurve, ArmResult, Group, Reach, SeedResult
from coordrl.compare.comparing.thresholds import SHARES, thresholds


def arm_of(name, curves):
    """An arm whose seeds have the given curves at timesteps 10, 20, ..."""
    seeds = np.array(curves, dtype=float)
    points, nothing = seeds.shape[1], np.full(seeds.shape[1], np.nan)
    scores = seeds[:, -1].tolist()
    return ArmResult(
        arm=name,
        seeds=tuple(
            SeedResult(seed=k, run=f"{name}/{k}", score=s, games=1, sample_efficiency=s)
            for k, s in enumerate(scores)
        ),
        mean=float(np.mean(scores)),
        sd=None,
        interval=None,
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
