import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from coordrl.compare.statistics.many_games import (
    BOOTSTRAP_SEED,
    REPETITIONS,
    GameScores,
    mean_difference,
    mean_ranks,
    normalised,
    percentiles,
    probability_of_improvement,
)
from coordrl.compare.statistics.two_arms import welch

# What rliable says, computed by tests/references/rliable_reference.py.
RLIABLE = json.loads((Path(__file__).parents[2] / "references" / "rliable.json").read_text())
CASES = pytest.mark.parametrize(
    "case", RLIABLE["cases"], ids=lambda case: f"{len(case['x'])} seeds"
)


def scores_of(matrix):
    """Return scores of shape (seeds, games)."""
    return GameScores(tuple(np.array(matrix).T))


def statistics(case):
    """Return what takes weights of x and of y and gives the numbers that rliable gives."""
    x, y = scores_of(case["x"]), scores_of(case["y"])
    tau = np.array(RLIABLE["tau"])
    metrics = (x.mean, x.median, x.iqm, x.optimality_gap)
    return {
        "metrics": lambda wx, wy: np.stack([metric(wx) for metric in metrics], axis=-1),
        "improvement": lambda wx, wy: probability_of_improvement(x, y, wx, wy)[..., None],
        "profile": lambda wx, wy: x.profile(wx, tau),
    }


@CASES
@pytest.mark.parametrize("name", ["metrics", "improvement", "profile"])
def test_point_estimates_are_those_of_rliable(case, name):
    x, y = scores_of(case["x"]), scores_of(case["y"])
    value = statistics(case)[name](x.weights(), y.weights())
    assert value.tolist() == pytest.approx(case[name]["value"], abs=1e-12)


@CASES
@pytest.mark.parametrize("name", ["metrics", "improvement", "profile"])
def test_intervals_are_those_of_rliable(case, name):
    x, y = scores_of(case["x"]), scores_of(case["y"])
    generator = np.random.default_rng(BOOTSTRAP_SEED)
    samples = statistics(case)[name](
        x.resampled(REPETITIONS, generator), y.resampled(REPETITIONS, generator)
    )
    for end, tail, theirs in zip(
        percentiles(samples), (0.025, 0.975), intervals(case, name), strict=True
    ):
        assert is_quantile(theirs, samples, tail).all()
        assert is_quantile(end, samples, tail).all()


def intervals(case, name):
    return np.array(case[name]["interval"])


def is_quantile(ends, samples, tail):
    """Return whether numbers are a quantile of samples, within the error of two bootstraps.

    Shares are compared, not numbers: a statistic of few seeds takes few values.
    """
    error = 4 * np.sqrt(tail * (1 - tail) * (1 / REPETITIONS + 1 / RLIABLE["repetitions"]))
    below = np.mean(samples < ends - 1e-9, axis=0)
    up_to = np.mean(samples <= ends + 1e-9, axis=0)
    return (below <= tail + error) & (up_to >= tail - error)


def test_intervals_tell_apart_what_is_nearly_right():
    case = RLIABLE["cases"][2]
    x = scores_of(case["x"])
    samples = x.iqm(x.resampled(REPETITIONS, np.random.default_rng(0)))
    low, high = intervals(case, "metrics")[:, 2]
    assert is_quantile(low, samples, 0.025)
    assert is_quantile(high, samples, 0.975)
    wider = np.quantile(samples, [0.01, 0.99])
    assert not is_quantile(wider[0], samples, 0.025)
    assert not is_quantile(wider[1], samples, 0.975)
    whole = GameScores((x.values,))  # seeds drawn from all games at once
    pooled = whole.iqm(whole.resampled(REPETITIONS, np.random.default_rng(0)))
    assert not is_quantile(low, pooled, 0.025)


@pytest.mark.parametrize("sizes", [(1,), (4, 3), (2, 5, 3), (1, 1, 1, 1, 1)])
def test_games_weigh_the_same_whatever_seeds_they_have(sizes):
    generator = np.random.default_rng(sizes)
    games = [generator.normal(size=size) for size in sizes]
    x = GameScores(tuple(games))
    means = [game.mean() for game in games]
    assert x.game_means(x.weights()) == pytest.approx(means)
    assert float(x.mean(x.weights())) == pytest.approx(np.mean(means))
    assert float(x.median(x.weights())) == pytest.approx(np.median(means))
    gaps = [np.maximum(0, 1 - game).mean() for game in games]
    assert float(x.optimality_gap(x.weights())) == pytest.approx(np.mean(gaps))
    assert x.resampled(7, generator).sum(axis=1) == pytest.approx(1)


def test_iqm_of_unequal_games_is_that_of_repeated_scores():
    # 2 and 6 seeds: repeating each score of the first game three times gives both 6.
    generator = np.random.default_rng(0)
    few, many = generator.normal(size=2), generator.normal(size=6)
    unequal, equal = GameScores((few, many)), GameScores((np.repeat(few, 3), many))
    expected = stats.trim_mean(equal.values, 0.25)
    assert float(equal.iqm(equal.weights())) == pytest.approx(expected, abs=1e-12)
    # 8 scores are cut by an exact quarter, as 12 are.
    assert float(unequal.iqm(unequal.weights())) == pytest.approx(expected, abs=1e-12)


def test_resampling_stays_within_games():
    x = GameScores((np.array([0.0, 0.0]), np.array([10.0, 10.0, 10.0])))
    means = x.game_means(x.resampled(50, np.random.default_rng(0)))
    assert means == pytest.approx(np.tile([0.0, 10.0], (50, 1)))


def test_normalised():
    assert normalised([-20.7, 14.6, -3.05], -20.7, 14.6).tolist() == pytest.approx([0, 1, 0.5])


def test_ranks_by_hand():
    # Three arms in two games; arms 0 and 2 tie in the second.
    means = np.array([[3.0, 1.0], [2.0, 5.0], [1.0, 1.0]])
    assert mean_ranks(means).tolist() == [1.75, 1.5, 2.75]
    expected = stats.rankdata(-means, axis=0).mean(axis=1)
    assert mean_ranks(means).tolist() == expected.tolist()


def test_mean_difference_of_one_game_is_welchs():
    x, y = np.array([20.1, 18.3, 19.9]), np.array([15.0, 19.1, 14.2, 16.6])
    ours, expected = mean_difference(GameScores((x,)), GameScores((y,))), welch(x, y)
    assert ours is not None
    assert expected is not None
    assert (ours.value, ours.standard_error, ours.df) == pytest.approx(
        (expected.value, expected.standard_error, expected.df)
    )


def test_mean_difference_over_games_covers():
    # 3 seeds, 4 games of very different spread.
    generator = np.random.default_rng(0)
    scale = np.array([0.1, 1.0, 1.0, 5.0])
    hits = 0
    for _ in range(2_000):
        x, y = (scores_of(scale * generator.normal(size=(3, 4))) for _ in range(2))
        found = mean_difference(x, y)
        assert found is not None
        hits += found.interval().low <= 0 <= found.interval().high
    assert hits / 2_000 == pytest.approx(0.95, abs=0.025)


@pytest.mark.parametrize("x", [([1.0], [1.0, 2.0]), ([1.0, 1.0], [2.0, 2.0])])
def test_mean_difference_may_be_undefined(x):
    games = GameScores(tuple(np.array(game) for game in x))
    flat = GameScores((np.array([1.0, 1.0]), np.array([0.0, 0.0])))
    assert mean_difference(games, flat) is None
