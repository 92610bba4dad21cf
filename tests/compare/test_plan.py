import numpy as np
import pytest
from scipy import stats

from coordrl.compare.command import main
from coordrl.compare.comparing.analysis import compare
from coordrl.compare.comparing.pilot import plan_study, upper_sd
from coordrl.compare.reading.study import read_study
from coordrl.compare.statistics.power import seeds_needed
from tests.compare.run_folders import HEADER

STANDARD, COORD = [8.0, 9.0, 10.0, 11.0, 9.5], [9.0, 12.0, 8.0, 10.0, 11.5]


@pytest.fixture
def pilot(study):
    """Return the folder of a pilot of one game and five seeds."""
    return study({("Pong", "a2c", "standard"): STANDARD, ("Pong", "a2c", "coord"): COORD})


def plan_of(folder, family=None):
    return plan_study(compare(read_study(folder)), family)


def only(plan):
    (contrast,) = plan.contrasts
    return contrast


def test_the_end_of_the_runs(pilot):
    plan = plan_of(pilot, family=4)
    end = only(plan).horizons[-1]
    sd = np.sqrt((np.var(STANDARD, ddof=1) + np.var(COORD, ddof=1)) / 2)
    margin = 0.1 * (np.mean(STANDARD) + 20.7)
    assert (end.timesteps, end.margin, end.sd) == (10_000, pytest.approx(margin), pytest.approx(sd))
    assert end.difference == pytest.approx(np.mean(COORD) - np.mean(STANDARD))
    assert end.seeds == seeds_needed(margin, sd, 0.05 / 4)
    assert end.cautious == seeds_needed(margin, upper_sd(sd, 8), 0.05 / 4)
    assert end.cautious > end.seeds
    assert (plan.seeds(), plan.seeds(cautious=True)) == ([end.seeds], [end.cautious])
    assert plan.seconds_per_seed == pytest.approx(2 * 31.0)


def test_horizons_follow_the_curves(pilot):
    comparison = compare(read_study(pilot))
    standard, coord = (arm.curve for arm in comparison.groups[0].arms)
    horizons = only(plan_study(comparison)).horizons
    assert [horizon.timesteps for horizon in horizons] == [2_500, 5_000, 7_500, 10_000]
    for horizon in horizons:
        (k,) = np.flatnonzero(standard.timesteps == horizon.timesteps)
        assert horizon.difference == pytest.approx(coord.mean[k] - standard.mean[k])
        assert horizon.margin == pytest.approx(0.1 * (standard.mean[k] + 20.7))


def test_curves_that_still_rise(tmp_path, write_run):
    def rising(slope):
        return "\n".join([HEADER, *(f"{250 * k},{k},0,{slope * k},9" for k in range(1, 41))]) + "\n"

    for seed in range(3):
        write_run(tmp_path, "Pong", "a2c", "standard", seed, 0, episodes=rising(0.5 + 0.1 * seed))
        write_run(tmp_path, "Pong", "a2c", "coord", seed, 0, episodes=rising(seed * 0.001 - 0.001))
    assert only(plan_of(tmp_path)).rising == ("standard",)


def test_the_paired_plan_uses_common_seeds(study):
    scores = {("Pong", "a2c", "standard"): [*STANDARD, 3.0], ("Pong", "a2c", "coord"): COORD}
    end = only(plan_of(study(scores, comparison={"test": "paired"}))).horizons[-1]
    differences = np.subtract(COORD, STANDARD)
    assert end.difference == pytest.approx(differences.mean())
    assert end.sd == pytest.approx(differences.std(ddof=1))
    assert end.seeds == seeds_needed(end.margin, end.sd, 0.05, pairs=True)


@pytest.mark.parametrize(
    ("standard", "coord", "note"),
    [
        ([-20.6, -20.8], [-20.7, -20.5], "no arm beats random play"),
        ([1.0], [2.0], "two seeds per arm"),
        ([1.0, 1.0], [1.0, 1.0], "two seeds per arm whose scores differ"),
    ],
)
def test_pilots_that_cannot_be_planned_from(study, standard, coord, note):
    plan = plan_of(study({("Pong", "a2c", "standard"): standard, ("Pong", "a2c", "coord"): coord}))
    assert note in only(plan).note
    assert plan.seeds() == []


def test_upper_sd_is_rarely_below_the_true_one():
    sds = np.random.default_rng(0).normal(size=(20_000, 5)).std(axis=1, ddof=1)
    factor = upper_sd(1.0, 4)
    assert np.mean(factor * sds >= 1) == pytest.approx(0.8, abs=0.01)
    assert factor == pytest.approx((4 / stats.chi2.ppf(0.2, 4)) ** 0.5)


def test_command_with_a_pilot(pilot, capsys):
    assert main(["plan", str(pilot), "--family", "4", "--seeds", "4"]) == 0
    printed = capsys.readouterr().out
    end = only(plan_of(pilot, family=4)).horizons[-1]
    assert "4 comparisons can be reached by the unpaired permutation test from 5 seeds" in printed
    assert "warning: 4 seeds per arm cannot reach significance" in printed
    assert f"With an sd as in the pilot: {end.seeds} seeds per arm" in printed
    assert "processor hours" in printed
    assert not (pilot / "comparison").exists()


@pytest.mark.parametrize("test", [[], ["--paired"]])
def test_command_with_an_effect(capsys, test):
    effect = ["--effect", "2", "--sd", "1.5"]
    assert main(["plan", *effect, "--family", "18", "--seeds", "40", *test]) == 0
    printed = capsys.readouterr().out
    needed = seeds_needed(2.0, 1.5, 0.05 / 18, pairs=bool(test))
    assert f"{needed} seeds per arm find a difference of 2.00 (sd 1.50) with 80% power" in printed
    assert "40 seeds per arm find it with " in printed
    assert "warning" not in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give the folder of a pilot study, or both --effect and --sd"),
        (["--effect", "1"], "give the folder of a pilot study, or both"),
        (["--effect", "-1", "--sd", "1"], "a number above 0 is needed, not -1"),
        (["--effect", "x", "--sd", "1"], "a number above 0 is needed, not x"),
        (["--effect", "1", "--sd", "nan"], "a number above 0 is needed, not nan"),
        (["--effect", "1", "--sd", "1", "--family", "0"], "of at least 1 is needed, not 0"),
        (["--effect", "1", "--sd", "1", "--seeds", "2.5"], "whole number of at least 1"),
        (["nowhere"], "nowhere is not a folder"),
        (["nowhere", "--sd", "1"], "--sd comes from the pilot"),
    ],
)
def test_bad_input_is_one_line(capsys, arguments, message):
    try:
        code = main(["plan", *arguments])
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    assert code == 2
    assert captured.err.startswith("error: ")
    assert message in captured.err
    assert captured.err.count("\n") == 1


def test_a_pilot_of_one_arm(study, capsys):
    assert main(["plan", str(study({("Pong", "a2c", "standard"): STANDARD}, comparison={}))]) == 2
    assert "the pilot has one arm (standard)" in capsys.readouterr().err


def test_what_to_expect_of_a_sequential_study(capsys):
    assert main(["plan", "--sequential", "--seeds", "10", "--family", "2"]) == 0
    printed = capsys.readouterr().out
    assert "looks at 5, 7, 10 seeds per arm; 2 comparisons" in printed
    rows = [line.split() for line in printed.splitlines() if " sd " in line or " none " in line]
    assert [row[0] for row in rows] == ["none", "1", "2", "3"]
    runs = [int(row[-1]) for row in rows]
    assert runs[3] < runs[2] < runs[1] <= 30
    assert rows[3][2:4] == ["100%", "100%"]


def test_a_pilot_tells_the_hours_of_a_sequential_study(study, capsys):
    arms = ("standard", "coord")
    folder = study({("Pong", "a2c", arm): [1.0, 2.0, 3.5, 2.5, 4.0] for arm in arms})
    assert main(["plan", str(folder), "--sequential", "--seeds", "8"]) == 0
    printed = capsys.readouterr().out
    assert "CPU hours" in printed
    assert "runs of 16" in printed


def test_sequential_needs_the_most_seeds(capsys):
    assert main(["plan", "--sequential"]) == 2
    assert "--sequential needs --seeds" in capsys.readouterr().err
