"""What a study is told before it trains."""

import pytest

from agents.study.config import parse_study
from agents.study.outlook import warnings


def told(**values: object) -> list[str]:
    study = parse_study({"seeds": 5, "arms": ["standard", "coord"], **values}, "study")
    return warnings(study, study.runs())


def test_games_that_are_not_learned_so_soon_are_named() -> None:
    [pong] = told(env=["Pong", "Seaquest"], algo=["ppo"], n_timesteps=100_000)
    assert pong.startswith("Pong, ppo: agents in public logs leave random play after 400,000")
    assert "100,352 are planned" in pong


@pytest.mark.parametrize("algo", ["ppo", "a2c"])
def test_the_fast_suites_are_learned_within_the_studies_that_use_them(algo: str) -> None:
    timesteps = {"ppo": 200_000, "a2c": 400_000}[algo]
    assert not told(env=[f"suite:fast-{algo}"], algo=[algo], n_timesteps=timesteps, seeds=8)


def test_too_few_seeds_are_told() -> None:
    [warning] = told(env=["Seaquest"], algo=["ppo"], n_timesteps=100_000, seeds=2)
    assert "seeds" in warning
