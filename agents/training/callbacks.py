"""What is written while a run trains: finished games, SB3's log, how far it is, evaluations."""

import csv
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import torch
from stable_baselines3.common.callbacks import BaseCallback, EvalCallback
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.utils import safe_mean, set_random_seed
from stable_baselines3.common.vec_env import VecEnv

from agents.run.progress import Progress, TrainingClock
from common.errors import UsageError

PROGRESS_SECONDS = 1.0
"""Between two reports of progress, at least."""


class EpisodeLog(BaseCallback):
    """Appends a row to ``episodes.csv`` for every finished game.

    :param path: The file; where it exists, its games are those before the run was resumed
    :param clock: The time that the run has trained
    """

    COLUMNS = ("timestep", "wall_seconds", "env", "return", "length")

    def __init__(self, path: Path, clock: TrainingClock) -> None:
        super().__init__()
        self.path = path
        self.clock = clock
        self.timesteps: list[int] = []
        self.returns: list[float] = []
        self._file: TextIO | None = None

    def _on_training_start(self) -> None:
        self._file = self.path.open("a+", newline="")
        self._file.seek(0)
        games = list(csv.DictReader(self._file))
        self.timesteps = [int(game["timestep"]) for game in games]
        self.returns = [float(game["return"]) for game in games]
        if not self.path.stat().st_size:
            self._write(self.COLUMNS)

    def _on_step(self) -> bool:
        for index, info in enumerate(self.locals["infos"]):
            if "episode" in info:
                game = info["episode"]
                self.timesteps.append(self.num_timesteps)
                self.returns.append(float(game["r"]))
                seconds = f"{self.clock.wall_seconds:.3f}"
                self._write((self.num_timesteps, seconds, index, float(game["r"]), game["l"]))
        return True

    def _write(self, row: tuple[Any, ...]) -> None:
        assert self._file is not None
        csv.writer(self._file, lineterminator="\n").writerow(row)
        self._file.flush()

    def close(self) -> None:
        """Close the file, also when training has failed."""
        if self._file is not None:
            self._file.close()


class RolloutLog(BaseCallback):
    """Writes SB3's log every so many rollouts, as ``learn(log_interval=...)`` does.

    A resumed ``learn`` would count its rollouts, its seconds and its rate from zero again.

    :param clock: The time that the run has trained
    """

    def __init__(self, interval: int, clock: TrainingClock) -> None:
        super().__init__()
        self.interval = interval
        self.clock = clock

    def _on_training_start(self) -> None:
        assert isinstance(self.model, OnPolicyAlgorithm)
        self.model.start_time -= int(1e9 * self.clock.wall_seconds)
        self.model._num_timesteps_at_start = 0

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        assert isinstance(self.model, OnPolicyAlgorithm)
        rollouts = self.model.num_timesteps // (self.model.n_steps * self.model.n_envs)
        if rollouts % self.interval == 0:
            self.model.dump_logs(rollouts)


class ProgressReport(BaseCallback):
    """Reports progress after a rollout, at most once in ``PROGRESS_SECONDS``.

    :param n_timesteps: Timesteps of the run
    """

    def __init__(self, n_timesteps: int, report: Callable[[Progress], None]) -> None:
        super().__init__()
        self.n_timesteps = n_timesteps
        self.report = report
        self._first = 0
        self._start = 0.0
        self._last = 0.0

    def _on_training_start(self) -> None:
        self._first = self.model.num_timesteps
        self._start = self._last = time.perf_counter()

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        now = time.perf_counter()
        if now - self._last < PROGRESS_SECONDS:
            return
        self._last = now
        rate = (self.num_timesteps - self._first) / (now - self._start)
        games = self.model.ep_info_buffer
        self.report(
            Progress(
                timesteps=self.num_timesteps,
                n_timesteps=self.n_timesteps,
                timesteps_per_second=rate,
                seconds_left=(self.n_timesteps - self.num_timesteps) / rate,
                mean_return=float(safe_mean([game["r"] for game in games])) if games else None,
            )
        )


class MatchedEval(EvalCallback):
    """SB3's evaluation, on the same games at every evaluation and in every arm.

    Games and actions are drawn from ``seed``, and the training's random states are put back
    afterwards: a run gives the same bits with and without evaluations.
    """

    def __init__(self, eval_env: VecEnv, *, seed: int, **kwargs: Any) -> None:
        super().__init__(eval_env, deterministic=False, warn=False, **kwargs)
        self.seed = seed

    def _init_callback(self) -> None:
        super()._init_callback()
        for what in ("observation_space", "action_space"):
            trained, evaluated = getattr(self.training_env, what), getattr(self.eval_env, what)
            if trained != evaluated:
                raise UsageError(
                    f"eval_env_kwargs give evaluations another {what}, {evaluated}, "
                    f"than training, {trained}"
                )

    def _on_step(self) -> bool:
        if self.eval_freq <= 0 or self.n_calls % self.eval_freq:
            return True
        with random_states_kept():
            set_random_seed(self.seed, using_cuda=self.model.device.type == "cuda")
            self.eval_env.seed(self.seed)
            return super()._on_step()

    def get_state(self) -> dict[str, Any]:
        """Describe the evaluations so far, as plain values."""
        return {
            "n_calls": self.n_calls,
            "best_mean_reward": float(self.best_mean_reward),
            "last_mean_reward": float(self.last_mean_reward),
            "timesteps": list(self.evaluations_timesteps),
            "results": [[float(r) for r in returns] for returns in self.evaluations_results],
            "lengths": [[int(n) for n in lengths] for lengths in self.evaluations_length],
        }

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on after other evaluations of the same run."""
        self.n_calls = state["n_calls"]
        self.best_mean_reward = state["best_mean_reward"]
        self.last_mean_reward = state["last_mean_reward"]
        self.evaluations_timesteps = state["timesteps"]
        self.evaluations_results = state["results"]
        self.evaluations_length = state["lengths"]


@contextmanager
def random_states_kept() -> Iterator[None]:
    """Put the global random states of Python, numpy and torch back at the end."""
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002  (SB3's)
    with torch.random.fork_rng():
        yield
    random.setstate(python_state)
    np.random.set_state(numpy_state)  # noqa: NPY002
