"""Measures what a run takes, by a few of its rollouts: ``python -m agents.measuring``.

A process of its own, because a run is one: it reads a run's configuration on standard input, and
prints a :class:`agents.study.estimate.Measurement`, both as JSON.
"""

import json
import sys
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from agents.acceleration import prepare_process
from agents.run.config import RunConfig
from agents.run.progress import TrainingClock
from agents.study.estimate import Measurement
from agents.training.callbacks import EpisodeLog
from agents.training.checkpoints import checkpoint_paths, write_checkpoint
from agents.training.execute import LOG_INTERVAL
from agents.training.logs import RunLogs
from agents.training.model import make_model, make_run_env
from agents.training.resumption import weights
from agents.training.state import training_state
from common.command_line import run_command

SECONDS = 5.0
"""Least time that is measured: whole rollouts, each with its update."""
ENDLESS = 10**12


def measure(config: RunConfig, folder: Path) -> Measurement:
    """Train a run for a few rollouts.

    :param folder: An empty folder for its files
    """
    begun = time.perf_counter()
    prepare_process(config.num_threads)
    logs = RunLogs(folder)
    with closing(make_run_env(config, resumable=True)) as env:
        model = make_model(config, env)
        model.set_logger(logs.open_logger())
        stopwatch = Stopwatch(SECONDS)
        with (
            closing(model.logger),
            closing(EpisodeLog(folder / "episodes.csv", TrainingClock())) as episodes,
        ):
            reset = time.perf_counter()
            model.learn(ENDLESS, [episodes, stopwatch], log_interval=LOG_INTERVAL[config.algo])
            log_bytes = _size(folder)
            start = time.perf_counter()
            state = {"training": training_state(model), "logs": logs.get_state()}
            write_checkpoint(folder / "checkpoint", 0, state)
            checkpoint = time.perf_counter() - start
    return Measurement(
        start_seconds=stopwatch.started - begun,
        seconds_per_timestep=stopwatch.seconds_per_timestep,
        mark_seconds=stopwatch.started - reset + checkpoint,
        agent_bytes=_agent_bytes(model, folder),
        checkpoint_bytes=checkpoint_paths(folder / "checkpoint")[0].stat().st_size,
        log_bytes_per_timestep=log_bytes / model.num_timesteps,
    )


class Stopwatch(BaseCallback):
    """Times whole rollouts with their updates, after a first one, and then ends the training.

    :param seconds: Least time that is measured
    :ivar started: ``time.perf_counter`` when training began, all environments reset
    :ivar seconds_per_timestep: What was measured, 0 before
    """

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds
        self.started = 0.0
        self.seconds_per_timestep = 0.0
        self._rollouts = 0
        self._start = 0.0
        self._first = 0

    def _on_training_start(self) -> None:
        self.started = time.perf_counter()

    def _on_rollout_start(self) -> None:
        self._rollouts += 1
        now = time.perf_counter()
        if self._rollouts == 2:
            self._start, self._first = now, self.num_timesteps
        elif self._rollouts > 2 and now - self._start >= self.seconds:
            self.seconds_per_timestep = (now - self._start) / (self.num_timesteps - self._first)

    def _on_step(self) -> bool:
        return not self.seconds_per_timestep


def _agent_bytes(model: OnPolicyAlgorithm, folder: Path) -> int:
    model.save(folder / "model.zip")
    return (folder / "model.zip").stat().st_size + len(weights(model.policy))


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def main(_argv: Sequence[str] | None = None) -> int:
    """Measure the run whose configuration comes on standard input.

    :param _argv: None are taken
    """
    config = RunConfig.model_validate_json(sys.stdin.read())
    with TemporaryDirectory() as folder:
        print(json.dumps(asdict(measure(config, Path(folder)))))
    return 0


if __name__ == "__main__":
    sys.exit(run_command(main, None))
