"""Runs small enough for tests, on real games."""

from typing import Any

import pytest

from agents.config import RunConfig, make_run_config

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
