import math
import subprocess
import sys

import numpy as np
import pytest

from coordrl.compare.statistics.curves import Score, final_score, learning_curve


def test_score_counts_the_games_of_the_last_tenth_only():
    score = final_score([100, 900, 901, 1000, 1001], [50.0, 50.0, 3.0, 5.0, 50.0], 1000)
    assert score == Score(mean=4.0, games=2, window_start=901)


def test_score_without_a_game_in_the_window_is_none():
    assert final_score([900], [1.0], 1000) is None
    assert final_score([], [], 1000) is None


def test_score_of_another_fraction():
    assert final_score([400, 600], [1.0, 2.0], 1000, fraction=0.5) == Score(2.0, 1, 501)


def test_games_may_come_in_any_order():
    ordered = learning_curve([100, 300, 500], [1.0, 2.0, 3.0], 1000)
    shuffled = learning_curve([500, 100, 300], [3.0, 1.0, 2.0], 1000)
    np.testing.assert_array_equal(ordered.values, shuffled.values)


def test_curve_on_a_hand_made_run():
    curve = learning_curve([15, 20, 25, 60], [1.0, 3.0, 5.0, 8.0], 100, points=10, fraction=0.2)
    np.testing.assert_array_equal(curve.timesteps, range(10, 101, 10))
    # (0, 20]: 1 and 3; (10, 30]: all three; (20, 40]: 5; (30, 50]: none, carried; (40, 60]: 8.
    np.testing.assert_array_equal(curve.values, [math.nan, 2, 3, 5, 5, 8, 8, 8, 8, 8])
    np.testing.assert_array_equal(
        curve.carried, [False, False, False, False, True, False, False, True, True, True]
    )
    assert curve.mean == pytest.approx(np.mean([2, 3, 5, 5, 8, 8, 8, 8, 8]))


def test_last_point_is_the_score_bit_for_bit():
    rng = np.random.default_rng(0)
    ends, returns = np.sort(rng.integers(1, 7777, 500)), rng.normal(size=500)
    score = final_score(ends, returns, 7777)
    assert score is not None
    assert learning_curve(ends, returns, 7777).values[-1] == score.mean


def test_a_short_run_has_a_point_a_timestep():
    np.testing.assert_array_equal(learning_curve([2], [1.0], 3).timesteps, [1, 2, 3])


@pytest.mark.parametrize(
    ("ends", "returns", "length", "fraction", "message"),
    [
        ([1, 2], [1.0], 10, 0.1, "one length"),
        ([[1]], [[1.0]], 10, 0.1, "one length"),
        ([1], [1.0], 0, 0.1, "n_timesteps"),
        ([1], [1.0], 10, 0.0, "fraction"),
        ([1], [1.0], 10, 1.5, "fraction"),
    ],
)
def test_bad_arguments(ends, returns, length, fraction, message):
    with pytest.raises(ValueError, match=message):
        final_score(ends, returns, length, fraction)
    with pytest.raises(ValueError, match=message):
        learning_curve(ends, returns, length, fraction=fraction)


def test_imports_stay_light():
    # The library imports none of the comparison; its curves none of the analysis.
    code = (
        "import sys, coordrl; assert 'coordrl.compare' not in sys.modules; "
        "import coordrl.compare.statistics.curves; "
        "heavy = {'jinja2', 'scipy.stats', 'coordrl.compare.writing.plots'}; "
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
