"""Runs whose files were changed while they did not run end with the bits of undisturbed ones."""

import io
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
import torch
from gymnasium import spaces

from agents import train
from agents.run.config import RunConfig
from agents.run.folder import RunFolder
from agents.run.progress import Progress, progress_writer, read_progress
from agents.training import execute as executing
from agents.training import resumption
from agents.training.checkpoints import checkpoint_paths
from agents.training.execute import execute
from common.command_line import run_command
from common.errors import UsageError
from tests.agents.fuzzing.mutations import change_checkpoint
from tests.agents.runs import episodes_without_wall_time, small_run, trained, weights_hash

State = dict[str, Any]


class PowerCut(BaseException):
    """Nothing is tidied up."""


class Unrepeatable(gym.Env[Any, Any]):
    """Images of noise that no seed repeats."""

    observation_space = spaces.Box(0, 255, (36, 36, 1), np.uint8)
    action_space = spaces.Discrete(3)
    metadata: dict[str, Any] = {"render_modes": []}  # noqa: RUF012
    repeats = False

    def __init__(self) -> None:
        self.steps = 0

    def _look(self) -> Any:
        random = np.random.default_rng(self.steps if self.repeats else None)
        return random.integers(0, 256, (36, 36, 1), dtype=np.uint8)

    def reset(self, *, seed: int | None = None, options: Any = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.steps = 0
        return self._look(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.steps += 1
        return self._look(), float(action), self.steps % 10 == 0, False, {}


class Repeatable(Unrepeatable):
    """The same images at every attempt."""

    repeats = True


for name, env in (("Unrepeatable-v0", Unrepeatable), ("Repeatable-v0", Repeatable)):
    gym.register(name, env)


def marked_run(**settings: Any) -> RunConfig:
    """Configure a run of four marks."""
    settings = {"env": "NotSoClevr-v0", "arm": "pooled", "n_timesteps": 128, **settings}
    return small_run("a2c", **settings).model_copy(update={"save_freq": 32})


def silent(progress: Progress) -> None:
    pass


def planned(config: RunConfig, root: Path) -> RunFolder:
    folder = RunFolder(root / "run")
    folder.plan(config)
    return folder


def interrupt(folder: RunFolder, after: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train until some timestep, then leave everything as it is."""

    def on_step(self: Any) -> bool:
        if self.model.num_timesteps >= after:
            raise PowerCut
        return True

    with monkeypatch.context() as patch:
        patch.setattr(resumption.Checkpoints, "_on_step", on_step)
        with pytest.raises(PowerCut):
            execute(folder, silent)


def assert_same_bits(ours: RunFolder, theirs: RunFolder) -> None:
    assert ours.finished
    assert weights_hash(ours) == weights_hash(theirs)
    assert episodes_without_wall_time(ours) == episodes_without_wall_time(theirs)
    assert ours.record["fingerprints"] == theirs.record["fingerprints"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    return trained(marked_run(), tmp_path_factory.mktemp("undisturbed"))


@pytest.fixture(scope="module")
def cut_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        folder = planned(marked_run(), tmp_path_factory.mktemp("cut"))
        interrupt(folder, 110, patch)
    return folder.path


@pytest.fixture
def cut(cut_once: Path, tmp_path: Path) -> RunFolder:
    """Return a run that was interrupted after its mark at 96, with checkpoints at 96 and 64."""
    return RunFolder(Path(shutil.copytree(cut_once, tmp_path / "run")))


@pytest.mark.parametrize(("where", "timestep"), [("first row", None), ("after the one before", 64)])
def test_a_byte_changed_in_the_episodes_is_noticed(
    where: str, timestep: int | None, cut: RunFolder, undisturbed: RunFolder
) -> None:
    path = cut.path / "episodes.csv"
    before = torch.load(checkpoint_paths(cut.checkpoints)[1], weights_only=True)
    content = bytearray(path.read_bytes())
    at = content.index(b"\n") + 1 if timestep is None else before["logs"]["sizes"][path.name]
    content[at] = ord("9") if content[at] != ord("9") else ord("8")
    path.write_bytes(content)
    execute(cut, silent)
    resumptions = [row["timestep"] for row in cut.record["resumptions"]]
    assert resumptions == ([] if timestep is None else [timestep])
    assert_same_bits(cut, undisturbed)


def without(*keys: str) -> Callable[[State], State]:
    def change(state: State) -> State:
        place = state
        for key in keys[:-1]:
            place = place[key]
        del place[keys[-1]]
        return state

    return change


def with_another(value: Any, *keys: str) -> Callable[[State], State]:
    def change(state: State) -> State:
        place = state
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value
        return state

    return change


def another_shape(state: State) -> State:
    weights = state["training"]["policy"]
    name = next(iter(weights))
    weights[name] = torch.zeros(7, 7)
    return state


@pytest.mark.parametrize(
    "change",
    [
        another_shape,
        without("training"),
        without("training", "policy"),
        without("training", "random", "numpy"),
        without("logs"),
        without("logs", "progress_csv"),
        without("wall_seconds"),
        with_another(3, "training", "environments"),
        with_another("x", "training", "num_timesteps"),
        with_another(torch.ones(3), "training", "last_obs"),
        with_another(torch.ones(3), "training", "last_episode_starts"),
        with_another([1], "training", "optimizer"),
        with_another([1], "training", "episodes"),
        with_another(3, "training", "last_episode_starts"),
        with_another([], "logs", "progress_csv"),
        with_another({"../x": "y"}, "logs", "sizes"),
        with_another("x", "wall_seconds"),
        with_another(0.0, "cpu_seconds", "x"),
        with_another({"key": [1]}, "training", "random", "numpy", "state"),
        lambda state: [state],
    ],
)
def test_a_checkpoint_of_wrong_content_is_passed_over(
    change: Callable[[State], Any], cut: RunFolder, undisturbed: RunFolder
) -> None:
    def changed(state: State) -> Any:
        try:
            return change(state)
        except TypeError:  # a place within a number
            return {**state, "cpu_seconds": {}}

    change_checkpoint(checkpoint_paths(cut.checkpoints)[0], changed)
    execute(cut, silent)
    # Where it shows only when it is put back, that attempt is no resumption.
    assert [row["timestep"] for row in cut.record["resumptions"]] == [64]
    assert_same_bits(cut, undisturbed)


@pytest.mark.parametrize("what", ["folder", "link", "pipe", "pickle"])
def test_what_has_the_name_of_a_checkpoint_and_is_none_is_passed_over(
    what: str, cut: RunFolder, undisturbed: RunFolder, tmp_path: Path
) -> None:
    newest = checkpoint_paths(cut.checkpoints)[0]
    content = newest.read_bytes()
    newest.unlink()
    if what == "folder":
        newest.mkdir()
        (newest / "file").touch()
    elif what == "link":
        (tmp_path / "elsewhere").write_bytes(content)
        newest.symlink_to(tmp_path / "elsewhere")
    elif what == "pipe":
        os.mkfifo(newest)
    else:
        buffer = io.BytesIO()
        torch.save({"format": 1, "training": spaces.Discrete(3)}, buffer)
        newest.write_bytes(buffer.getvalue())
    execute(cut, silent)
    assert [row["timestep"] for row in cut.record["resumptions"]] == [64]
    assert_same_bits(cut, undisturbed)


def test_all_checkpoints_of_wrong_content_mean_a_new_start(
    cut: RunFolder, undisturbed: RunFolder
) -> None:
    for path in checkpoint_paths(cut.checkpoints):
        change_checkpoint(path, another_shape)
    execute(cut, silent)
    assert cut.record["resumptions"] == []
    assert_same_bits(cut, undisturbed)


def test_a_long_replay_is_progress(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    config = marked_run(env="Repeatable-v0", arm="standard")
    undisturbed = trained(config, tmp_path / "undisturbed")
    folder = planned(config, tmp_path)
    interrupt(folder, 110, monkeypatch)
    folder.progress_path.unlink(missing_ok=True)
    seen: list[Progress] = []

    def seeing(path: Path) -> Callable[[Progress], None]:
        write = progress_writer(path)

        def write_and_see(progress: Progress) -> None:
            write(progress)
            if (read := read_progress(path)) is not None:
                seen.append(read)

        return write_and_see

    monkeypatch.setattr(executing, "progress_writer", seeing)
    slow = iter(range(0, 10**6, 2))  # two seconds a look
    with monkeypatch.context() as patch:
        patch.setattr(executing.time, "monotonic", lambda: float(next(slow)))
        execute(folder, silent)
    replays = [progress for progress in seen if progress.replayed]
    assert [progress.replayed for progress in replays] == list(range(1, 96 // 2))
    assert {progress.timesteps for progress in replays} == {96}
    assert_same_bits(folder, undisturbed)


def test_environments_that_do_not_repeat_themselves_are_resumed_by_the_users_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = planned(marked_run(env="Unrepeatable-v0", arm="standard"), tmp_path)
    interrupt(folder, 110, monkeypatch)
    argv = ["--run", str(folder.path)]
    capsys.readouterr()
    assert run_command(train.main, argv) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error: the environments do not repeat themselves")
    assert "--resume-inexactly" in line
    assert run_command(train.main, [*argv, "--resume-inexactly"]) == 0
    assert folder.finished
    *_, last = folder.record["resumptions"]
    assert (last["timestep"], last["exact"]) == (96, False)


def test_an_exact_resumption_stays_exact_with_the_users_word(cut: RunFolder) -> None:
    """Not-so-Clevr's state is put back, not replayed: there is nothing inexact about it."""
    assert run_command(train.main, ["--run", str(cut.path), "--resume-inexactly"]) == 0
    assert [row["exact"] for row in cut.record["resumptions"]] == [True]


def test_what_killed_processes_were_writing_is_removed(cut: RunFolder) -> None:
    drafts = [
        cut.path / ".run.123456.json",
        cut.path / ".model.123456.zip",
        cut.checkpoints / ".0000000000096-abc.123456.pt",
    ]
    for draft in drafts:
        draft.write_text("half")
    (cut.path / ".nfs.keep").write_text("not ours")
    execute(cut, silent)
    assert not any(draft.exists() for draft in drafts)
    assert (cut.path / ".nfs.keep").exists()


def test_a_run_on_a_device_that_is_not_there_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = planned(marked_run(), tmp_path)
    for device in ("meta", "cuda:99", "x"):
        record = json.loads(folder.file.read_text())
        record["config"]["device"] = device
        folder.file.write_text(json.dumps(record))
        assert run_command(train.main, ["--run", str(folder.path)]) == 2
        [line] = capsys.readouterr().err.splitlines()
        assert line.startswith(f"error: device '{device}' is not to be had here")


def test_a_progress_that_was_replayed_long_ago_is_read(tmp_path: Path) -> None:
    """Records of earlier versions have no number of replayed steps."""
    path = tmp_path / "progress.json"
    progress_writer(path)(Progress(1, 2, 3.0, 4.0, None, 5))
    record = json.loads(path.read_text())
    assert record.pop("replayed") == 5
    path.write_text(json.dumps(record))
    read = read_progress(path)
    assert read is not None
    assert read.replayed == 0


def test_a_run_is_another_until_something_was_trained(tmp_path: Path) -> None:
    folder = planned(marked_run(), tmp_path)
    folder.plan(marked_run(n_timesteps=64))  # nothing was trained: it may become another
    assert folder.config.n_timesteps == 64
    execute(folder, silent)
    with pytest.raises(UsageError, match="holds a run with another n_timesteps"):
        RunFolder(folder.path).plan(marked_run())
