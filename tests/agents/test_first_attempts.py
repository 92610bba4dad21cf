"""What failed before anything was trained does not stand in the way of the right command."""

from pathlib import Path

import pytest

from agents import train
from agents.run.folder import RunFolder
from common.command_line import run_command

FLAGS = "--algo a2c --env NotSoClevr-v0 --arm pooled --hyperparams n_envs:2 n_steps:8"


def run(root: Path, *more: str) -> int:
    return run_command(train.main, [*FLAGS.split(), "-f", str(root), *more])


def the_run(root: Path) -> RunFolder:
    return RunFolder(root / "NotSoClevr-v0" / "a2c" / "pooled" / "seed-0")


def test_the_right_command_after_one_that_failed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The number of timesteps is wrong, and so is a setting that shows when evaluations are made.
    wrong = ["-n", "64", "--eval-freq", "16", "--eval-env-kwargs", "square_size:3"]
    if run(tmp_path, *wrong) == 0:
        pytest.fail("the first attempt was to fail")
    capsys.readouterr()
    assert run(tmp_path, "-n", "32") == 0
    assert the_run(tmp_path).config.n_timesteps == 32
    assert the_run(tmp_path).finished


def test_a_planned_run_may_become_another(tmp_path: Path) -> None:
    assert run(tmp_path, "-n", "32") == 0
    config = the_run(tmp_path).config
    planned = RunFolder(tmp_path / "planned")
    planned.plan(config.model_copy(update={"n_timesteps": 64}))
    planned.plan(config)
    assert planned.config.n_timesteps == 32


def test_a_run_with_trained_episodes_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tmp_path, "-n", "32") == 0
    folder = the_run(tmp_path)
    for status in ("finished", "failed", "interrupted"):
        folder.update(status=status)
        before = folder.file.read_bytes()
        capsys.readouterr()
        assert run(tmp_path, "-n", "64") == 2
        [line] = capsys.readouterr().err.splitlines()
        assert "holds a run with another n_timesteps (32, now 64)" in line
        assert folder.file.read_bytes() == before
