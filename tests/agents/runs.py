"""What tests of runs and studies share: small configurations, their training, their results."""

import csv
import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.run.config import RunConfig, make_run_config
from agents.run.folder import RunFolder
from agents.study import command as study
from agents.training.execute import execute
from common.command_line import run_command
from common.errors import UsageError
from common.files import locked

SMALL: dict[str, dict[str, Any]] = {
    "a2c": {"n_envs": 2, "n_steps": 8},
    "ppo": {"n_envs": 2, "n_steps": 32, "batch_size": 32, "n_epochs": 2},
}
SMALL_STUDY: dict[str, Any] = {
    "env": ["Breakout"],
    "algo": ["a2c"],
    "arms": ["standard", "coord"],
    "seeds": 1,
    "n_timesteps": 400,
    "hyperparams": {"a2c": SMALL["a2c"]},
    "comparison": {"window": 1.0},
}
BROKEN = """
from stable_baselines3.common.torch_layers import NatureCNN

class Broken(NatureCNN):
    calls = 0

    def forward(self, observations):
        Broken.calls += 1
        if Broken.calls > 40:
            raise RuntimeError("out of luck")
        return super().forward(observations)
"""
"""A module with an arm that fails while it is trained."""


def small_run(algo: str = "a2c", arm: str = "standard", **settings: Any) -> RunConfig:
    """Configure a run of a few updates; a random game of Breakout lasts some 200 timesteps."""
    settings = {"env": "Breakout", "seed": 0, "n_timesteps": 64, **settings}
    return make_run_config(algo=algo, arm=arm, hyperparams=SMALL[algo], **settings)


def trained(config: RunConfig, root: Path) -> RunFolder:
    folder = RunFolder(root / config.relative_folder)
    folder.plan(config)
    execute(folder, lambda progress: None)
    return folder


def write_study(path: Path, **changes: Any) -> str:
    path.write_text(yaml.safe_dump({**SMALL_STUDY, **changes}))
    return str(path)


def run_study(*argv: str) -> int:
    return run_command(study.main, argv)


def run_at(root: Path, arm: str) -> RunFolder:
    """Return the folder of a small study's run."""
    return RunFolder(root / "Breakout" / "a2c" / arm / "seed-0")


def is_locked(folder: Path) -> bool:
    try:
        with locked(folder, "the run"):
            return False
    except UsageError:
        return True


def weights_hash(folder: RunFolder) -> str:
    return hashlib.sha256((folder.path / "policy.safetensors").read_bytes()).hexdigest()


def episodes(folder: RunFolder) -> list[dict[str, str]]:
    with (folder.path / "episodes.csv").open() as file:
        return list(csv.DictReader(file))


def episodes_without_wall_time(folder: RunFolder) -> list[dict[str, str]]:
    rows = episodes(folder)
    for row in rows:
        del row["wall_seconds"]
    return rows


def refused(
    main: Callable[[Sequence[str]], int], argv: Sequence[str], capsys: pytest.CaptureFixture[str]
) -> str:
    """Run a command that should refuse its input, and return its one line."""
    try:
        code = run_command(main, argv)
    except SystemExit as exit_:  # argparse's way
        code = exit_.code  # type: ignore[assignment]
    captured = capsys.readouterr()
    assert code == 2, captured
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    return captured.err
