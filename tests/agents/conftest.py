"""Runs small enough for tests, on real games."""

import shutil
from pathlib import Path

import pytest
import torch

from agents import train
from common.command_line import run_command


@pytest.fixture(autouse=True, scope="session")
def one_thread() -> None:
    """Tests run side by side."""
    torch.set_num_threads(1)


@pytest.fixture(params=["a2c", "ppo"])
def algo(request: pytest.FixtureRequest) -> str:
    return str(request.param)


FINISHED = {
    "Seaquest": ("a2c", ("standard", "coord"), "n_envs:2 n_steps:8"),
    "NotSoClevr-v0": ("ppo", ("pooled", "coord-pooled"), "n_envs:4 n_steps:16 batch_size:32"),
}


@pytest.fixture(scope="session")
def trained_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("trained")
    for game, (algo, arms, hyperparams) in FINISHED.items():
        for arm in arms:
            flags = ["--env", game, "--algo", algo, "--arm", arm, "-n", "64", "-f", str(root)]
            assert run_command(train.main, [*flags, "--hyperparams", *hyperparams.split()]) == 0
    return root


@pytest.fixture
def finished_runs(trained_once: Path, tmp_path: Path) -> Path:
    """Finished runs of a test's own, in game/algo/arm/seed-n; without what is pickled."""
    pickled = shutil.ignore_patterns("model.zip", "checkpoint*")
    return Path(shutil.copytree(trained_once, tmp_path / "runs", ignore=pickled))
