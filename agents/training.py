"""Executes one planned run: trains, and leaves its folder as ``runs/README.md`` describes."""

import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import torch
from safetensors.torch import save
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import configure
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm

from agents.callbacks import EpisodeLog, MatchedEval, ProgressReport
from agents.config import EVAL_SEED_OFFSET, RunConfig
from agents.files import locked, write_atomically
from agents.model import make_model, make_run_env, parameter_counts
from agents.progress import Progress, progress_writer
from agents.provenance import provenance
from agents.run_folder import RunFolder
from coordrl.compare.curves import final_score

MAX_EVAL_ENVS = 8


def execute(folder: RunFolder, report: Callable[[Progress], None]) -> None:
    """Train a planned run to its end, from its beginning; a finished one is left as it is.

    ``run.json`` says at any time how it stands: running, finished, interrupted or failed.

    :param folder: The run's folder, with its run.json
    :param report: Called with the progress about once a second
    :raises UsageError: If the configuration cannot be run, or another process is running it
    """
    config = folder.config
    with locked(folder.path, "the run"):
        if folder.finished:
            return
        folder.clear()
        torch.set_num_threads(config.num_threads)
        started = datetime.now(UTC).isoformat(timespec="seconds")
        folder.update(status="running", error=None, started=started, provenance=provenance())
        try:
            _train(folder, config, report)
        except KeyboardInterrupt:
            folder.update(status="interrupted")
            raise
        except Exception as error:
            folder.update(status="failed", error=f"{type(error).__name__}: {error}")
            raise


def _train(folder: RunFolder, config: RunConfig, report: Callable[[Progress], None]) -> None:
    with closing(make_run_env(config)) as env:
        model = make_model(config, env)
        folder.update(parameters=parameter_counts(model))
        model.set_logger(configure(str(folder.path), ["csv", "tensorboard"]))
        episodes = EpisodeLog(folder.path / "episodes.csv")
        write_progress = progress_writer(folder.progress_path)

        def report_and_write(progress: Progress) -> None:
            write_progress(progress)
            report(progress)

        progress = ProgressReport(config.n_timesteps, report_and_write)
        callbacks: list[BaseCallback] = [episodes, progress]
        evaluation = _Evaluation(config, folder.path)
        with closing(model.logger), closing(episodes), closing(evaluation):
            wall, cpu = time.perf_counter(), time.process_time()
            model.learn(config.n_timesteps, callback=callbacks + evaluation.callbacks)
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        _save(model, folder.path)
    score = final_score(
        episodes.timesteps, episodes.returns, config.n_timesteps, config.score_window
    )
    folder.update(
        status="finished",
        timing={
            "wall_seconds": round(wall, 3),
            "cpu_seconds": round(cpu, 3),
            "timesteps_per_second": round(config.n_timesteps / wall, 1),
        },
        score=None if score is None else {"mean": score.mean, "games": score.games},
    )
    folder.progress_path.unlink(missing_ok=True)


class _Evaluation:
    """The evaluation of a run that wants one, with its own environments."""

    def __init__(self, config: RunConfig, path: Path) -> None:
        self.callbacks: list[BaseCallback] = []
        if config.eval_freq:
            seed = EVAL_SEED_OFFSET + config.seed
            n_envs = min(config.eval_episodes, MAX_EVAL_ENVS)
            env = make_run_env(config, n_envs=n_envs, seed=seed)
            self.callbacks.append(
                MatchedEval(
                    env,
                    seed=seed,
                    n_eval_episodes=config.eval_episodes,
                    eval_freq=max(config.eval_freq // config.hyperparams.n_envs, 1),
                    log_path=str(path),
                    verbose=0,
                )
            )

    def close(self) -> None:
        for callback in self.callbacks:
            assert isinstance(callback, MatchedEval)
            callback.eval_env.close()


def _save(model: OnPolicyAlgorithm, path: Path) -> None:
    """Save the agent in SB3's format, and its bare weights, which load without unpickling."""
    write_atomically(path / "model.zip", model.save)
    # Each tensor once, under its first name: aliases would make the file's header vary.
    weights = save(dict(model.policy.named_parameters()))
    write_atomically(path / "policy.safetensors", lambda draft: draft.write_bytes(weights))
