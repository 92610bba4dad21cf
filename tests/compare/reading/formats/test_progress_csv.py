import csv

import numpy as np
import pytest

from coordrl.compare.reading.files import UnusableError
from coordrl.compare.reading.formats.progress_csv import read_progress

HEADER = "time/total_timesteps,rollout/ep_rew_mean,time/time_elapsed\n"


def write(folder, text):
    path = folder / "progress.csv"
    path.write_text(text)
    return path


def test_what_sb3_writes(sb3_logs):
    path = sb3_logs / "standard" / "seed-0" / "progress.csv"
    with path.open() as file:
        rows = [row for row in csv.DictReader(file) if row["rollout/ep_rew_mean"]]
    assert len(rows) == 8
    points = read_progress(path)
    expected = [float(row["rollout/ep_rew_mean"]) for row in rows]
    np.testing.assert_array_equal(points.returns, expected)
    np.testing.assert_array_equal(points.timesteps, range(128, 1025, 128))
    assert points.wall_seconds is not None
    assert points.what.startswith("rollout/ep_rew_mean as logged (a mean over")
    assert points.notes == ()  # the rows of evaluations are not points of this curve


def test_another_tag(sb3_logs):
    points = read_progress(sb3_logs / "standard/seed-0/progress.csv", "eval/mean_reward")
    assert points.what == "eval/mean_reward as logged"
    assert len(points.returns) == 4


def test_a_resumed_run_wins_over_what_it_repeats(tmp_path):
    text = HEADER + "100,1,1\n200,2,2\n300,3,3\n200,5,4\n400,6,5\n"
    points = read_progress(write(tmp_path, text))
    np.testing.assert_array_equal(points.timesteps, [100, 200, 400])
    np.testing.assert_array_equal(points.returns, [1, 5, 6])
    (note,) = points.notes
    assert note == "progress.csv: 2 points were logged again by a resumed run; that wins"


def test_what_is_no_number_is_left_out_and_noted(tmp_path):
    text = HEADER + "100,1,1\n,2,2\n300,nan,3\n400,inf,\n500,4,5"
    points = read_progress(write(tmp_path, text))
    np.testing.assert_array_equal(points.timesteps, [100])
    assert points.notes == (
        "the half-written last line of progress.csv is left out",
        "3 of 4 points are not finite and left out",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no time/total_timesteps"),
        ("time/total_timesteps,rollout/ep_rew\n", "no rollout/ep_rew_mean; it has rollout/ep_rew"),
        (HEADER + "1,2\n", "3 cells in every line"),
        (HEADER + "1,two,3\n", "not readable"),
        (HEADER + "1,2,x\n", "not readable"),
    ],
)
def test_damage(tmp_path, text, message):
    with pytest.raises(UnusableError, match=message):
        read_progress(write(tmp_path, text))
