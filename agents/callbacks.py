"""What is written while a run trains: its finished games, how far it is, its evaluations."""

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
from stable_baselines3.common.utils import safe_mean, set_random_seed
from stable_baselines3.common.vec_env import VecEnv

from agents.progress import Progress


class EpisodeLog(BaseCallback):
    """Appends a row to ``episodes.csv`` for every finished game.

    :param path: The file, written anew
    """

    COLUMNS = ("timestep", "wall_seconds", "env", "return", "length")

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.timesteps: list[int] = []
        self.returns: list[float] = []
        self._file: TextIO | None = None
        self._start = 0.0

    def _on_training_start(self) -> None:
        self._start = time.perf_counter()
        self._file = self.path.open("w", newline="")
        self._write(self.COLUMNS)

    def _on_step(self) -> bool:
        for index, info in enumerate(self.locals["infos"]):
            if "episode" in info:
                game = info["episode"]
                seconds = time.perf_counter() - self._start
                self.timesteps.append(self.num_timesteps)
                self.returns.append(float(game["r"]))
                self._write(
                    (self.num_timesteps, f"{seconds:.3f}", index, float(game["r"]), game["l"])
                )
        return True

    def _write(self, row: tuple[Any, ...]) -> None:
        assert self._file is not None
        csv.writer(self._file, lineterminator="\n").writerow(row)
        self._file.flush()

    def close(self) -> None:
        """Close the file, also when training has failed."""
        if self._file is not None:
            self._file.close()


class ProgressReport(BaseCallback):
    """Reports progress after a rollout, at most once in an interval.

    :param n_timesteps: Timesteps of the run
    :param report: Called with the progress
    :param interval: Least seconds between two reports
    """

    def __init__(
        self, n_timesteps: int, report: Callable[[Progress], None], interval: float = 1.0
    ) -> None:
        super().__init__()
        self.n_timesteps = n_timesteps
        self.report = report
        self.interval = interval
        self._start = 0.0
        self._last = 0.0

    def _on_training_start(self) -> None:
        self._start = self._last = time.perf_counter()

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        now = time.perf_counter()
        if now - self._last < self.interval:
            return
        self._last = now
        rate = self.num_timesteps / (now - self._start)
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

    def _on_step(self) -> bool:
        if self.eval_freq <= 0 or self.n_calls % self.eval_freq:
            return True
        with random_states_kept():
            set_random_seed(self.seed, using_cuda=self.model.device.type == "cuda")
            self.eval_env.seed(self.seed)
            return super()._on_step()


@contextmanager
def random_states_kept() -> Iterator[None]:
    """Put the global random states of Python, numpy and torch back at the end."""
    python_state, numpy_state = random.getstate(), np.random.get_state()  # noqa: NPY002  (SB3's)
    with torch.random.fork_rng():
        yield
    random.setstate(python_state)
    np.random.set_state(numpy_state)  # noqa: NPY002
