"""Logs of real runs: short PPO on CartPole, with every kind of log that SB3 writes."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback, CallbackList, EvalCallback
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.logger import configure

N_TIMESTEPS = 1024
# As RL Zoo 2.9 writes them (yaml.dump of OrderedDicts), with most of the names left out.
ZOO_ARGS = """!!python/object/apply:collections.OrderedDict
- - - algo
    - ppo
  - - env
    - CartPole-v1
  - - env_kwargs
    - null
  - - n_timesteps
    - -1
  - - seed
    - {seed}
"""
ZOO_CONFIG = """!!python/object/apply:collections.OrderedDict
- - - clip_range
    - lin_0.2
  - - n_envs
    - 2
  - - n_timesteps
    - 1000.0
  - - policy
    - MlpPolicy
"""


class GameEnds(BaseCallback):
    """Keeps when games ended in SB3's own count, and their returns."""

    def __init__(self) -> None:
        super().__init__()
        self.games: list[tuple[int, float]] = []

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            if "episode" in info:
                self.games.append((self.num_timesteps, info["episode"]["r"]))
        return True


def make_model(folder: Path, seed: int) -> PPO:
    """Return a small PPO that logs into a folder."""
    env = make_vec_env("CartPole-v1", n_envs=2, seed=seed, monitor_dir=str(folder))
    model = PPO("MlpPolicy", env, n_steps=64, batch_size=128, n_epochs=1, seed=seed, device="cpu")
    model.set_logger(configure(str(folder), ["csv", "tensorboard"]))
    return model


@pytest.fixture(scope="session")
def sb3_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return ``<arm>/seed-<n>`` folders of real runs with Monitor, progress, events and npz files.

    ``games.txt`` beside the logs has SB3's own count of timesteps at each game's end.
    """
    root = tmp_path_factory.mktemp("sb3") / "logs"
    torch.set_num_threads(1)
    for arm, seed in [("standard", 0), ("standard", 1), ("coord", 0), ("coord", 1)]:
        folder = root / arm / f"seed-{seed}"
        model = make_model(folder, seed + 10 * (arm == "coord"))
        ends = GameEnds()
        evaluation = EvalCallback(
            make_vec_env("CartPole-v1"), n_eval_episodes=2, eval_freq=128, log_path=str(folder)
        )
        evaluation.verbose = 0
        model.learn(N_TIMESTEPS, CallbackList([ends, evaluation]))
        model.env.close()
        model.logger.close()
        (folder / "games.txt").write_text("".join(f"{t},{r!r}\n" for t, r in ends.games))
    return root


@pytest.fixture
def logs(sb3_logs: Path, tmp_path: Path) -> Path:
    """Return a copy of the logs that a test may change."""
    return Path(shutil.copytree(sb3_logs, tmp_path / "logs"))


@pytest.fixture
def zoo_logs(sb3_logs: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Return what arranges an arm's runs as RL Zoo does: ``<root>/ppo/CartPole-v1_<n>``.

    The Monitor and evaluation files are those of real runs; args.yml and config.yml are written
    here as RL Zoo writes them.
    """

    def arrange(arm: str) -> Path:
        root = tmp_path / f"zoo-{arm}"
        for seed in (0, 1):
            run = root / "ppo" / f"CartPole-v1_{seed + 1}"
            shutil.copytree(sb3_logs / arm / f"seed-{seed}", run)
            for name in ["progress.csv", *(file.name for file in run.glob("events*"))]:
                (run / name).unlink()
            about = run / "CartPole-v1"
            about.mkdir()
            (about / "args.yml").write_text(ZOO_ARGS.format(seed=4_000_000_000 + seed))
            (about / "config.yml").write_text(ZOO_CONFIG)
        return root

    return arrange
