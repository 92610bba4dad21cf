"""Exact resumption: checkpoints while a run trains, and going on from the newest good one."""

import hashlib
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from safetensors.torch import save
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.policies import BasePolicy

from agents.run.folder import RunFolder
from agents.run.progress import TrainingClock
from agents.run.provenance import builds, changed_builds
from agents.run.records import CheckpointRecord
from agents.training.callbacks import MatchedEval
from agents.training.checkpoints import read_checkpoints, write_checkpoint
from agents.training.logs import RunLogs
from agents.training.state import State, restore_training, training_state
from common.errors import UsageError
from envs.resumable import as_resumable

CHECKPOINT_SECONDS = 300.0
"""A checkpoint is written this often at least, besides those at the marks."""


class UnusableCheckpointError(Exception):
    """A checkpoint is whole, and yet does not hold what it should."""


@dataclass
class Attempt:
    """One attempt at a run, and what it goes on from.

    :param checkpoint: The newest good checkpoint, None to start from the beginning
    :param path: Its file
    """

    folder: RunFolder
    logs: RunLogs
    checkpoint: State | None
    path: Path | None

    @classmethod
    def begin(cls, folder: RunFolder, unusable: Collection[Path] = ()) -> "Attempt":
        """Find the newest good checkpoint and take the folder back to it.

        :param unusable: Checkpoints that have turned out not to be good
        """
        logs = RunLogs(folder.path)
        path, checkpoint = _newest(folder, logs, unusable)
        if checkpoint is None:
            folder.clear()
            folder.update(resumptions=[], fingerprints={})
        else:
            logs.set_state(checkpoint["logs"])
            earlier = folder.record.get("resumptions", [])
            folder.update(resumptions=[*earlier, _resumption(checkpoint)])
        return cls(folder, logs, checkpoint, path)

    def restore(
        self,
        model: OnPolicyAlgorithm,
        evaluation: MatchedEval | None,
        replayed: Callable[[int], None],
        inexact: bool,
    ) -> TrainingClock:
        """Put model, environments, evaluation and random states where the checkpoint was taken.

        :param replayed: Called with the number of steps that the environments have replayed
        :param inexact: Whether environments whose whole past would be replayed begin anew instead
        :return: The clock of the training, which starts now
        :raises UnusableCheckpointError: If the checkpoint does not hold what it should
        """
        if self.checkpoint is None:
            return TrainingClock()
        try:
            if evaluation is not None:
                evaluation.set_state(self.checkpoint["evaluation"])
            if not restore_training(model, self.checkpoint["training"], replayed, inexact):
                *earlier, last = self.folder.record["resumptions"]
                self.folder.update(resumptions=[*earlier, {**last, "exact": False}])
            return TrainingClock(self.checkpoint["wall_seconds"], self.checkpoint["cpu_seconds"])
        except (LookupError, TypeError, AttributeError, ValueError, RuntimeError) as error:
            if isinstance(error, UsageError):
                raise
            self.folder.update(resumptions=self.folder.record["resumptions"][:-1])
            raise UnusableCheckpointError(f"{type(error).__name__}: {error}") from error


class Checkpoints(BaseCallback):
    """Writes checkpoints between rollouts, and fingerprints of the weights at the marks.

    :param attempt: The attempt whose run is checkpointed
    :param clock: The time that the run has trained
    :param evaluation: The run's evaluation, if it has one
    :param stop_at: Timestep of a mark at which to stop training
    """

    def __init__(
        self,
        attempt: Attempt,
        clock: TrainingClock,
        evaluation: MatchedEval | None,
        stop_at: int | None = None,
    ) -> None:
        super().__init__()
        self.folder = attempt.folder
        self.logs = attempt.logs
        self.config = attempt.folder.config
        self.clock = clock
        self.evaluation = evaluation
        self.stop_at = stop_at
        self._started_at = 0
        self._last = 0.0
        self._stopping = False

    def _on_training_start(self) -> None:
        self._started_at = self.model.num_timesteps
        self._last = time.monotonic()

    def _on_rollout_start(self) -> None:
        timesteps = self.model.num_timesteps
        if timesteps == self._started_at:
            return  # nothing done yet, or the checkpoint that this attempt goes on from
        if timesteps % self.config.mark_interval == 0:
            self._mark(timesteps)
        elif time.monotonic() - self._last >= CHECKPOINT_SECONDS:
            self._write(timesteps)

    def _on_step(self) -> bool:
        # SB3 asks once a rollout has begun: one step too many, which nobody sees.
        return not self._stopping

    def _mark(self, timesteps: int) -> None:
        as_resumable(self.model.get_env()).mark()
        add_fingerprint(self.folder, timesteps, weights(self.model.policy))
        self._write(timesteps)
        self._stopping = timesteps == self.stop_at

    def _write(self, timesteps: int) -> None:
        assert isinstance(self.model, OnPolicyAlgorithm)
        state = {
            "config_hash": self.config.hash,
            "builds": builds(),
            "training": training_state(self.model),
            "evaluation": self.evaluation.get_state() if self.evaluation else None,
            "logs": self.logs.get_state(),
            "wall_seconds": self.clock.wall_seconds,
            "cpu_seconds": self.clock.cpu_seconds,
        }
        write_checkpoint(self.folder.checkpoints, timesteps, state)
        self._last = time.monotonic()


def weights(policy: BasePolicy) -> bytes:
    """Return a policy's weights in the safetensors format, the same bytes for the same weights."""
    kept = policy.state_dict().keys()
    # Each tensor once, under its first name: aliases would make the header vary.
    tensors = [*policy.named_parameters(), *policy.named_buffers()]
    return save({name: tensor for name, tensor in tensors if name in kept})


def add_fingerprint(folder: RunFolder, timesteps: int, content: bytes) -> None:
    """Note the hash of the weights at some timestep in run.json."""
    fingerprint = hashlib.sha256(content).hexdigest()
    known = folder.record.get("fingerprints", {})
    folder.update(fingerprints={**known, str(timesteps): fingerprint})


def _newest(
    folder: RunFolder, logs: RunLogs, unusable: Collection[Path]
) -> tuple[Path | None, State | None]:
    """Return the newest checkpoint that is whole, of this run, and whose logs are still there."""
    for path, checkpoint in read_checkpoints(folder.checkpoints):
        try:
            CheckpointRecord.model_validate(checkpoint)
        except ValidationError:
            continue
        ours = checkpoint["config_hash"] == folder.config.hash and path not in unusable
        if ours and logs.hold(checkpoint["logs"]):
            return path, checkpoint
    return None, None


def _resumption(checkpoint: State) -> dict[str, Any]:
    """Describe a resumption: bits agree with those of an undisturbed run on the same builds only.

    :return: A row of run.json's "resumptions"
    """
    changed = changed_builds(checkpoint["builds"])
    return {
        "timestep": checkpoint["training"]["num_timesteps"],
        "at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "exact": not changed,
        "changed_builds": changed,
    }
