"""Executes one planned run: trains, and leaves its folder as ``runs/README.md`` describes."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from datetime import datetime, timezone
from pathlib import Path

from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import KVWriter
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from agents.acceleration import prepare_process
from agents.run.config import EVAL_SEED_OFFSET, RunConfig, resolve_device
from agents.run.folder import RunFolder
from agents.run.progress import Progress, TrainingClock, progress_writer
from agents.run.provenance import provenance
from agents.training.callbacks import EpisodeLog, MatchedEval, ProgressReport, RolloutLog
from agents.training.model import make_model, make_run_env, parameter_counts
from agents.training.resumption import (
    Attempt,
    Checkpoints,
    UnusableCheckpointError,
    add_fingerprint,
    weights,
)
from common.command_line import tell
from common.errors import plain
from common.files import locked, remove_drafts, write_atomically
from coordrl.compare.statistics.curves import final_score

MAX_EVAL_ENVS = 8
LOG_INTERVAL = {"a2c": 100, "ppo": 1}
"""Rollouts between two rows of SB3's log, the defaults of its ``learn``."""


def execute(
    folder: RunFolder,
    report: Callable[[Progress], None],
    stop_at: int | None = None,
    inexact: bool = False,
    tracker: AbstractContextManager[KVWriter] | None = None,
) -> None:
    """Train a planned run to its end, from its newest checkpoint; a finished one is left alone.

    ``run.json`` says at any time how it stands: running, finished, interrupted or failed.

    :param folder: The run's folder, with its run.json
    :param report: Called with the progress about once a second
    :param stop_at: Timestep of a mark at which the run is left, interrupted
    :param inexact: Whether environments that would replay their whole past begin anew instead
    :param tracker: Where SB3's log goes too, opened when nobody else can train the run
    :raises UsageError: If the configuration cannot be run, or another process is running it
    """
    config = folder.config
    resolve_device(config.device)
    with locked(folder.path, "the run"):
        if folder.finished:
            return
        remove_drafts(folder.path)
        prepare_process(config.num_threads)
        started = datetime.now(timezone.utc).isoformat(timespec="seconds")
        try:
            folder.update(status="running", error=None, started=started, provenance=provenance())
            with tracker or nullcontext() as output:
                finished = _train(folder, config, report, stop_at, inexact, output)
        except KeyboardInterrupt:
            folder.update(status="interrupted")
            raise
        except Exception as error:
            folder.update(status="failed", error=plain(f"{type(error).__name__}: {error}"))
            raise
        if not finished:
            folder.update(status="interrupted")


def _train(
    folder: RunFolder,
    config: RunConfig,
    report: Callable[[Progress], None],
    stop_at: int | None,
    inexact: bool,
    output: KVWriter | None,
) -> bool:
    """Train, save and score; tell whether the run came to its end."""
    unusable: list[Path] = []
    while True:
        attempt = Attempt.begin(folder, unusable)
        try:
            return _go_on(attempt, config, report, stop_at, inexact, output)
        except UnusableCheckpointError as error:
            assert attempt.path is not None
            tell(f"{attempt.path} cannot be used, the checkpoint before it is taken: {error}")
            unusable.append(attempt.path)


def _go_on(
    attempt: Attempt,
    config: RunConfig,
    report: Callable[[Progress], None],
    stop_at: int | None,
    inexact: bool,
    output: KVWriter | None,
) -> bool:
    folder = attempt.folder
    with ExitStack() as stack:
        env = stack.enter_context(closing(make_run_env(config, resumable=True)))
        model = make_model(config, env)
        folder.update(parameters=parameter_counts(model))
        model.set_logger(attempt.logs.open_logger(output))
        stack.enter_context(closing(model.logger))
        evaluation = _evaluation(config, folder.path)
        if evaluation is not None:
            stack.enter_context(closing(evaluation.eval_env))
        clock = attempt.restore(model, evaluation, _replay_report(attempt, config), inexact)
        episodes = stack.enter_context(closing(EpisodeLog(folder.path / "episodes.csv", clock)))
        callbacks: list[BaseCallback] = [
            episodes,
            RolloutLog(LOG_INTERVAL[config.algo], clock),
            _progress_report(folder, report),
            Checkpoints(attempt, clock, evaluation, stop_at),
        ]
        model.learn(
            config.n_timesteps - model.num_timesteps,
            callback=callbacks if evaluation is None else [*callbacks, evaluation],
            log_interval=None,  # type: ignore[arg-type]  # SB3 takes it, for no log of its own
            reset_num_timesteps=attempt.checkpoint is None,
        )
        timing = _timing(config, clock)
    if model.num_timesteps < config.n_timesteps:
        return False
    _finish(folder, config, model, episodes, timing)
    return True


def _finish(
    folder: RunFolder,
    config: RunConfig,
    model: OnPolicyAlgorithm,
    episodes: EpisodeLog,
    timing: dict[str, float],
) -> None:
    """Save the agent and write down how the run went."""
    write_atomically(folder.path / "model.zip", model.save)
    content = weights(model.policy)
    write_atomically(folder.path / "policy.safetensors", lambda draft: draft.write_bytes(content))
    add_fingerprint(folder, config.n_timesteps, content)
    score = final_score(
        episodes.timesteps, episodes.returns, config.n_timesteps, config.score_window
    )
    folder.update(
        status="finished",
        timing=timing,
        score=None if score is None else {"mean": score.mean, "games": score.games},
    )
    folder.progress_path.unlink(missing_ok=True)
    folder.remove_checkpoints()


def _timing(config: RunConfig, clock: TrainingClock) -> dict[str, float]:
    wall, cpu = clock.wall_seconds, clock.cpu_seconds
    return {
        "wall_seconds": round(wall, 3),
        "cpu_seconds": round(cpu, 3),
        "timesteps_per_second": round(config.n_timesteps / wall, 1),
    }


def _progress_report(folder: RunFolder, report: Callable[[Progress], None]) -> ProgressReport:
    write_progress = progress_writer(folder.progress_path)

    def report_and_write(progress: Progress) -> None:
        write_progress(progress)
        report(progress)

    return ProgressReport(folder.config.n_timesteps, report_and_write)


def _replay_report(attempt: Attempt, config: RunConfig) -> Callable[[int], None]:
    """Return a report, about once a second, of the steps that are played again on resuming."""
    write_progress = progress_writer(attempt.folder.progress_path)
    last = time.monotonic()

    def replayed(steps: int) -> None:
        nonlocal last
        if time.monotonic() - last < 1 or attempt.checkpoint is None:
            return
        last = time.monotonic()
        done = attempt.checkpoint["training"]["num_timesteps"]
        rate = done / attempt.checkpoint["wall_seconds"]
        left = config.n_timesteps - done
        write_progress(Progress(done, config.n_timesteps, rate, left / rate, None, steps))

    return replayed


def _evaluation(config: RunConfig, path: Path) -> MatchedEval | None:
    """Make the evaluation of a run that wants one, with its own environments."""
    if not config.eval_freq:
        return None
    seed = EVAL_SEED_OFFSET + config.seed
    env = make_run_env(
        config,
        n_envs=min(config.eval_episodes, MAX_EVAL_ENVS),
        seed=seed,
        env_kwargs=config.eval_env_kwargs,
    )
    return MatchedEval(
        env,
        seed=seed,
        n_eval_episodes=config.eval_episodes,
        eval_freq=config.eval_steps,
        log_path=str(path),
        verbose=0,
    )
