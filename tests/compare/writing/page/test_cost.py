import pytest

from coordrl.compare.comparing.analysis import compare
from coordrl.compare.reading.study import read_study
from coordrl.compare.writing.page.cost import costs


def timing(speed):
    return {"wall_seconds": 1e4 / speed, "cpu_seconds": 9e3 / speed, "timesteps_per_second": speed}


@pytest.fixture
def found(tmp_path, write_run):
    speeds = {("Pong", "standard"): 100, ("Pong", "coord"): 50, ("Qbert", "coord"): 400}
    for (game, arm), speed in speeds.items():
        for seed in range(2):
            write_run(tmp_path, game, "a2c", arm, seed, 5.0 + seed, timing=timing(speed))
    write_run(tmp_path, "Pong", "ppo", "standard", 0, 7.0, timing=None, parameters=None)
    return {(c.algorithm, c.arm): c for c in costs(compare(read_study(tmp_path)))}


def test_means_over_games_and_sums_over_runs(found):
    coord = found["a2c", "coord"]
    assert coord.runs == 4
    assert coord.timesteps_per_second == 225
    assert coord.wall_seconds == pytest.approx((200 + 25) / 2)
    assert coord.cpu_seconds == pytest.approx(2 * 180 + 2 * 22.5)
    assert coord.parameters["total"] == 1_687_719


def test_speeds_are_compared_in_common_games_only(found):
    assert found["a2c", "coord"].relative_speed == pytest.approx(0.5)
    assert found["a2c", "standard"].relative_speed == 1.0


def test_what_was_not_recorded_is_none(found):
    ppo = found["ppo", "standard"]
    assert (ppo.parameters, ppo.timesteps_per_second, ppo.relative_speed) == (None, None, None)
    assert (ppo.wall_seconds, ppo.cpu_seconds) == (None, None)


def test_the_score_beside_it(found, written):
    assert found["ppo", "standard"].score.value == pytest.approx(7.0)  # a single game
    assert found["a2c", "coord"].score is None  # two, of which one has no standard
    (aggregate,) = written[0].aggregates
    assert [cost.score for cost in costs(written[0])] == [arm.iqm for arm in aggregate.arms]
