"""Interrupted runs end with the bits of undisturbed ones."""

import csv
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from agents.run.config import RunConfig
from agents.run.folder import RunFolder
from agents.run.progress import Progress
from agents.run.provenance import provenance
from agents.training import resumption
from agents.training.checkpoints import checkpoint_paths
from agents.training.execute import execute
from common.errors import UsageError
from tests.agents.runs import episodes_without_wall_time, small_run, trained, weights_hash


def marked_run(algo: str = "a2c", arm: str = "coord-pooled", **settings: Any) -> RunConfig:
    """Configure a run of three marks."""
    return small_run(algo, arm, **{"n_timesteps": 384, "save_freq": 128, **settings})


@pytest.fixture(autouse=True, scope="module")
def frequent_log() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("agents.training.execute.LOG_INTERVAL", {"a2c": 5, "ppo": 1})
        yield


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, frequent_log: None) -> RunFolder:
    return trained(marked_run(), tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """Return the folder of the same run, not begun."""
    folder = RunFolder(tmp_path / "run")
    folder.plan(marked_run())
    return folder


@pytest.fixture(scope="module")
def interrupted_once(tmp_path_factory: pytest.TempPathFactory, frequent_log: None) -> RunFolder:
    folder = RunFolder(tmp_path_factory.mktemp("interrupted"))
    folder.plan(marked_run())
    interrupt(folder, 300)
    return folder


@pytest.fixture
def interrupted(interrupted_once: RunFolder, tmp_path: Path) -> RunFolder:
    """Return a folder of the same run as a power cut after two marks leaves it."""
    return RunFolder(Path(shutil.copytree(interrupted_once.path, tmp_path / "run")))


def silent(progress: Progress) -> None:
    pass


class Stop(BaseException):
    """Stands for a power cut: nothing is tidied up."""


def interrupt(folder: RunFolder, after: int) -> None:
    """Train until some timestep, then leave everything as it is."""

    def on_step(self: Any) -> bool:
        if self.model.num_timesteps >= after:
            raise Stop
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resumption.Checkpoints, "_on_step", on_step)
        with pytest.raises(Stop):
            execute(folder, silent)


def rows(folder: RunFolder) -> list[str]:
    """Return progress.csv without what depends on the clock."""
    with (folder.path / "progress.csv").open() as file:
        found = list(csv.DictReader(file))
    return [
        str(sorted((k, v) for k, v in row.items() if k not in ("time/fps", "time/time_elapsed")))
        for row in found
    ]


def scalars(folder: RunFolder, tag: str) -> list[tuple[int, float]]:
    events = EventAccumulator(str(folder.path))
    events.Reload()
    return [(event.step, event.value) for event in events.Scalars(tag)]


def assert_same_result(ours: RunFolder, theirs: RunFolder) -> None:
    assert weights_hash(ours) == weights_hash(theirs)
    assert episodes_without_wall_time(ours) == episodes_without_wall_time(theirs)
    assert rows(ours) == rows(theirs)
    for key in ("score", "fingerprints", "parameters", "config_hash", "status"):
        assert ours.record[key] == theirs.record[key]
    tag = "train/value_loss"
    assert scalars(ours, tag) == scalars(theirs, tag)


@pytest.mark.parametrize("algo", ["a2c", "ppo"])
@pytest.mark.parametrize(
    "arm",
    [
        "fourier-pooled",
        *(pytest.param(arm, marks=pytest.mark.slow) for arm in ("learned", "keypoints", "hadamax")),
    ],
)
def test_every_kind_of_arm_goes_on_with_the_same_bits(algo: str, arm: str, tmp_path: Path) -> None:
    config = marked_run(algo, arm, n_timesteps=192, save_freq=64)
    undisturbed = trained(config, tmp_path / "undisturbed")
    folder = RunFolder(tmp_path / "cut")
    folder.plan(config)
    interrupt(folder, 150)
    execute(folder, silent)
    assert_same_result(folder, undisturbed)
    assert [r["timestep"] for r in folder.record["resumptions"]] == [128]
    assert folder.record["resumptions"][0]["exact"]


@pytest.mark.parametrize(
    ("algo", "protocol"),
    [("a2c", "sticky"), pytest.param("ppo", "classic", marks=pytest.mark.slow)],
)
def test_a_run_cut_short_twice_ends_with_the_same_bits(
    algo: str, protocol: str, tmp_path: Path
) -> None:
    settings = {"n_timesteps": 512, "eval_freq": 200, "eval_episodes": 1}
    config = marked_run(algo, "coord", protocol=protocol, **settings)
    undisturbed = trained(config, tmp_path / "undisturbed")
    folder = RunFolder(tmp_path / "cut")
    folder.plan(config)
    for after in (300, 400):
        interrupt(folder, after)
        assert len(checkpoint_paths(folder.checkpoints)) == 2
    execute(folder, silent)
    assert_same_result(folder, undisturbed)
    assert [r["timestep"] for r in folder.record["resumptions"]] == [256, 384]
    assert all(r["exact"] for r in folder.record["resumptions"])
    assert undisturbed.record["resumptions"] == []
    assert set(undisturbed.record["fingerprints"]) == {"128", "256", "384", "512"}
    assert not folder.checkpoints.exists()
    theirs = np.load(undisturbed.path / "evaluations.npz")
    with np.load(folder.path / "evaluations.npz") as ours:
        assert all(np.array_equal(ours[name], theirs[name]) for name in theirs)


def test_checkpoints_between_marks_change_nothing(
    folder: RunFolder, undisturbed: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resumption, "CHECKPOINT_SECONDS", 0.0)
    interrupt(folder, 350)
    execute(folder, silent)
    assert folder.record["resumptions"][0]["timestep"] > 256
    assert_same_result(folder, undisturbed)


@pytest.mark.parametrize("damage", ["truncated", "changed", "not of this run"])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(
    damage: str, interrupted: RunFolder, undisturbed: RunFolder, tmp_path: Path
) -> None:
    folder = interrupted
    newest, before = checkpoint_paths(folder.checkpoints)
    content = newest.read_bytes()
    if damage == "not of this run":
        other = RunFolder(tmp_path / "other")
        other.plan(marked_run(seed=1))
        interrupt(other, 300)
        newest.unlink()
        theirs = checkpoint_paths(other.checkpoints)[0]
        theirs.rename(folder.checkpoints / theirs.name)
    else:
        middle = len(content) // 2
        changed = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        damaged = {"truncated": content[:middle], "changed": changed, "empty": b""}
        newest.write_bytes(damaged[damage])
    execute(folder, silent)
    assert [r["timestep"] for r in folder.record["resumptions"]] == [128]
    assert_same_result(folder, undisturbed)
    assert before.name.startswith("0000000000128-")


def test_without_a_good_checkpoint_a_run_starts_again(
    interrupted: RunFolder, undisturbed: RunFolder
) -> None:
    folder = interrupted
    newest, _ = checkpoint_paths(folder.checkpoints)
    os.truncate(newest, 1000)
    # A file system may lose the end of a file in a power cut.
    [events] = folder.path.glob("events.out.tfevents.*")
    os.truncate(events, 10)
    execute(folder, silent)
    assert folder.record["resumptions"] == []
    assert_same_result(folder, undisturbed)


def test_resuming_with_another_build_is_allowed_and_marked(
    interrupted: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "agents.run.provenance.torch.backends.cpu.get_cpu_capability", lambda: "NEON"
    )
    provenance.cache_clear()
    execute(interrupted, silent)
    provenance.cache_clear()
    [row] = interrupted.record["resumptions"]
    assert row["exact"] is False
    assert row["changed_builds"] == ["cpu_capability"]


def test_environments_that_do_not_repeat_themselves_are_noticed(
    interrupted: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = iter(range(10**6, 10**7))
    monkeypatch.setattr("envs.resumable_atari.game_seed", lambda *_: next(seeds))
    with pytest.raises(UsageError, match="do not repeat themselves"):
        execute(interrupted, silent)
    assert checkpoint_paths(interrupted.checkpoints)


def test_runs_of_not_so_clevr_are_resumed_exactly(tmp_path: Path) -> None:
    config = marked_run(env="NotSoClevr-v0")
    undisturbed = trained(config, tmp_path / "undisturbed")
    folder = RunFolder(tmp_path / "cut")
    folder.plan(config)
    interrupt(folder, 300)
    execute(folder, silent)
    assert folder.record["resumptions"][0]["timestep"] == 256
    assert_same_result(folder, undisturbed)
