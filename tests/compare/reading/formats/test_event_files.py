import csv
import shutil
import struct

import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.logger import configure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch.utils.tensorboard import SummaryWriter

from coordrl.compare.reading.files import UnusableError
from coordrl.compare.reading.formats.event_files import read_event_files
from tests.compare.real_logs import make_model


def events_in(folder):
    return sorted(folder.glob("*tfevents*"))


def scalars_of(folder, tag="rollout/ep_rew_mean"):
    accumulator = EventAccumulator(str(folder), size_guidance={"scalars": 0})
    accumulator.Reload()
    return accumulator.Scalars(tag)


def write_scalars(folder, tag, points):
    with SummaryWriter(str(folder)) as writer:
        for step, value in points:
            writer.add_scalar(tag, value, step)
    return events_in(folder)


def test_what_sb3_writes(sb3_logs):
    folder = sb3_logs / "standard" / "seed-0"
    points = read_event_files(events_in(folder))
    scalars = scalars_of(folder)
    np.testing.assert_array_equal(points.timesteps, [s.step for s in scalars])
    np.testing.assert_array_equal(points.returns, [s.value for s in scalars])
    assert points.what.startswith("rollout/ep_rew_mean as logged (a mean over")
    assert points.notes == ()
    # The same curve is in progress.csv.
    with (folder / "progress.csv").open() as file:
        rows = [row["rollout/ep_rew_mean"] for row in csv.DictReader(file)]
    np.testing.assert_allclose(points.returns, [float(r) for r in rows if r], rtol=1e-6)


def test_another_tag(sb3_logs):
    points = read_event_files(events_in(sb3_logs / "coord/seed-1"), "eval/mean_reward")
    np.testing.assert_array_equal(points.timesteps, [256, 512, 768, 1024])


def test_what_cleanrl_writes(tmp_path):
    points = [(100, 20.0), (100, 22.0), (180, 9.0)]  # two games may end in one step
    found = read_event_files(write_scalars(tmp_path, "charts/episodic_return", points))
    np.testing.assert_array_equal(found.timesteps, [100, 100, 180])
    np.testing.assert_array_equal(found.returns, [20, 22, 9])
    assert found.what == "whole games"


def test_tensors_are_scalars_too(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_scalar("rollout/ep_rew_mean", 0.5, 7, new_style=True)
    points = read_event_files(events_in(tmp_path))
    np.testing.assert_array_equal([points.timesteps, points.returns], [[7], [0.5]])


def test_a_resumed_run_wins_over_what_it_repeats(tmp_path):
    """A run is killed after 512 timesteps and resumed from a save after 256."""
    folder = tmp_path / "run"
    model = make_model(folder, seed=0)
    model.learn(256)
    model.save(tmp_path / "save")
    model.learn(256, reset_num_timesteps=False)
    model.logger.close()
    (killed,) = events_in(folder)
    first = read_event_files([killed])
    resumed = PPO.load(tmp_path / "save", env=model.env)
    resumed.set_logger(configure(str(folder), ["tensorboard"]))
    resumed.learn(512, reset_num_timesteps=False)
    resumed.logger.close()
    model.env.close()
    assert len(events_in(folder)) == 2
    points = read_event_files(events_in(folder))
    np.testing.assert_array_equal(points.timesteps, [128, 256, 384, 512, 640, 768])
    np.testing.assert_array_equal(points.returns[:2], first.returns[:2])
    assert (points.returns[2:4] != first.returns[2:4]).any()
    (note,) = points.notes
    assert note.endswith(": 2 points were logged again by a resumed run; that wins")
    assert note.startswith(killed.name)


@pytest.mark.parametrize("lost", [1, 3, 20])
def test_a_half_written_record_is_left_out_and_noted(tmp_path, lost):
    (path,) = write_scalars(tmp_path, "rollout/ep_rew_mean", [(k, k) for k in range(10)])
    path.write_bytes(path.read_bytes()[:-lost])
    points = read_event_files([path])
    np.testing.assert_array_equal(points.timesteps, range(9))
    assert points.notes == (f"{path.name}: its last record is half-written and left out",)


def test_after_a_damaged_record_nothing_is_believed(tmp_path):
    (path,) = write_scalars(tmp_path, "rollout/ep_rew_mean", [(k, k) for k in range(10)])
    content = bytearray(path.read_bytes())
    content[-30] ^= 4
    path.write_bytes(content)
    points = read_event_files([path])
    np.testing.assert_array_equal(points.timesteps, range(9))
    assert "damaged at byte" in points.notes[0]


def test_damage_in_one_of_two_files(tmp_path):
    (path,) = write_scalars(tmp_path, "rollout/ep_rew_mean", [(1, 2.0)])
    other = path.with_name("events.out.tfevents.0")
    other.write_bytes(struct.pack("<Q", 10**15) + b"junk" * 20)
    points = read_event_files([other, path])
    assert len(points.returns) == 1
    assert points.notes == (f"{other.name}: damaged at byte 0; from there on it is not read",)


def test_no_number_is_left_out_and_noted(tmp_path):
    values = [(1, 2.0), (2, float("nan")), (3, float("inf"))]
    points = read_event_files(write_scalars(tmp_path, "rollout/ep_rew_mean", values))
    np.testing.assert_array_equal(points.returns, [2])
    assert points.notes == ("2 of 3 points are not finite and left out",)


def test_a_wrong_tag_names_others(sb3_logs, tmp_path):
    files = events_in(sb3_logs / "standard/seed-0")
    with pytest.raises(UnusableError, match=r"no eval/mean_rewards; it has eval/mean_reward"):
        read_event_files(files, "eval/mean_rewards")
    empty = tmp_path / "events.out.tfevents.1"
    empty.touch()
    with pytest.raises(UnusableError, match=r"no rollout/ep_rew_mean; .*: the file is empty"):
        read_event_files([empty])


def test_the_time_between_two_processes_does_not_count(sb3_logs, tmp_path):
    (file,) = events_in(sb3_logs / "standard/seed-0")
    wall = read_event_files([file]).wall_seconds
    (tmp_path / "later").mkdir()
    (later,) = write_scalars(tmp_path / "later", "rollout/ep_rew_mean", [(2000, 1.0)])
    shutil.copy(file, tmp_path)
    joined = read_event_files([tmp_path / file.name, later]).wall_seconds
    np.testing.assert_array_equal(joined[:-1], wall)
    assert joined[-1] == pytest.approx(wall[-1] + read_event_files([later]).wall_seconds[-1])
