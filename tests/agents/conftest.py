"""Runs small enough for tests, on real games."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from agents import train
from agents.run.config import RunConfig, make_run_config
from common.command_line import run_command

SMALL: dict[str, dict[str, Any]] = {
    "a2c": {"n_envs": 2, "n_steps": 8},
    "ppo": {"n_envs": 2, "n_steps": 32, "batch_size": 32, "n_epochs": 2},
}


def small_run(algo: str = "a2c", arm: str = "standard", **settings: Any) -> RunConfig:
    """Configure a run of a few updates; a random game of Breakout lasts some 200 timesteps."""
    settings = {"env": "Breakout", "seed": 0, "n_timesteps": 64, **settings}
    return make_run_config(algo=algo, arm=arm, hyperparams=SMALL[algo], **settings)


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
