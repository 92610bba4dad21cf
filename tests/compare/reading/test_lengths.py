import numpy as np
import pytest

from coordrl.compare.errors import CompareError
from coordrl.compare.reading.lengths import LENGTHS_NOTE, runs_of_one_length
from coordrl.compare.reading.logs import LoggedRun
from coordrl.compare.reading.points import make_points
from coordrl.compare.reading.runs import Missing, Run, RunKey


def logged(arm, seed, last, *, n_timesteps=None, game="Pong", what="whole games", points=50):
    steps = np.linspace(1, last, points).astype(int)
    return LoggedRun(
        name=f"{game}/{arm}/{seed}",
        key=RunKey(game, "ppo", arm, seed),
        n_timesteps=n_timesteps,
        points=make_points(what, steps, steps / 100),
    )


def test_the_timesteps_that_all_have_are_compared():
    runs, notes = runs_of_one_length([logged("a", 0, 1000), logged("b", 0, 950)], 0.1)
    assert [run.n_timesteps for run in runs] == [950, 950]
    assert runs[0].score.window_start == 856
    assert notes == [
        LENGTHS_NOTE,
        "Pong, ppo: the runs end between timesteps 950 (Pong/b/0) and 1,000; "
        "all are compared over the first 950",
    ]


def test_what_the_end_of_a_game_explains_is_not_worth_a_line():
    _, notes = runs_of_one_length([logged("a", 0, 1000), logged("b", 0, 995)], 0.1)
    assert notes == [LENGTHS_NOTE]


def test_games_do_not_shorten_each_other():
    runs, _ = runs_of_one_length([logged("a", 0, 1000), logged("a", 0, 500, game="Qbert")], 0.1)
    assert [run.n_timesteps for run in runs] == [1000, 500]


def test_an_arm_trained_for_less_long_shortens_the_others():
    runs, notes = runs_of_one_length(
        [logged("a", seed, 1000) for seed in range(3)] + [logged("b", 0, 400)], 0.1
    )
    assert {run.n_timesteps for run in runs} == {400}
    assert "the runs end between timesteps 400 (Pong/b/0) and 1,000" in notes[1]


def test_a_run_that_stops_long_before_the_others_of_its_arm_is_missing():
    runs, notes = runs_of_one_length(
        [logged("a", 0, 1000), logged("a", 1, 1000), logged("a", 2, 600)], 0.1
    )
    assert [type(run) for run in runs] == [Run, Run, Missing]
    assert runs[2].reason == "it ends at timestep 600, long before others of its arm"
    assert notes == [LENGTHS_NOTE]


def test_a_declared_length_is_kept():
    runs, notes = runs_of_one_length(
        [logged("a", 0, 1010, n_timesteps=1000), logged("a", 1, 800, n_timesteps=1000)], 0.1
    )
    assert runs[0].n_timesteps == 1000
    assert runs[1].reason == (
        "it has no points in the last 10 % of its 1,000 timesteps; it ends at timestep 800"
    )
    assert notes == []


def test_an_empty_run_is_missing():
    empty = LoggedRun(
        name="x", key=RunKey("Pong", "ppo", "a", 7), n_timesteps=None, points=NO_POINTS
    )
    runs, _ = runs_of_one_length([logged("a", 0, 1000), empty], 0.1)
    assert runs[1] == Missing(
        "x", "it holds no whole games; 1 of 1 points is not finite and left out", empty.key
    )
    runs, notes = runs_of_one_length([empty], 0.1)
    assert (type(runs[0]), notes) == (Missing, [])


NO_POINTS = make_points("whole games", [1], [float("nan")])


def test_different_points_are_not_compared():
    other = logged("b", 0, 1000, what="rollout/ep_rew_mean as logged")
    with pytest.raises(CompareError, match="choose one kind of log with --source"):
        runs_of_one_length([logged("a", 0, 1000), other], 0.1)
