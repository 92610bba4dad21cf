"""A run's folder: game/algo/arm/seed-n, with run.json saying what it is and how it went."""

import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agents.run.config import RunConfig
from agents.run.fields import explain
from common.errors import UsageError
from common.files import read_json, write_json
from envs import reference_scores

FORMAT = 1
RUN_FILE = "run.json"
UNFINISHED_FILES = ("episodes.csv", "progress.csv", "progress.json", "evaluations.npz")


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    @property
    def record(self) -> dict[str, Any]:
        """What run.json says.

        :raises UsageError: If it is damaged
        """
        return read_json(self.file)

    @property
    def file(self) -> Path:
        """Its run.json."""
        return self.path / RUN_FILE

    @property
    def exists(self) -> bool:
        """Whether a run was planned here."""
        return self.file.is_file()

    @cached_property
    def config(self) -> RunConfig:
        """The run's configuration.

        :raises UsageError: If run.json is missing or damaged
        """
        if not self.exists:
            raise UsageError(f"{self.path} is not a run's folder: it has no {RUN_FILE}")
        try:
            return RunConfig.model_validate(self.record.get("config"))
        except ValidationError as error:
            raise explain(error, str(self.file), RunConfig) from None

    @property
    def finished(self) -> bool:
        """Whether the run has ended well."""
        return self.exists and self.record.get("status") == "finished"

    @property
    def progress_path(self) -> Path:
        """The file that says how far a running run is."""
        return self.path / "progress.json"

    @property
    def checkpoints(self) -> Path:
        """The folder of an unfinished run's checkpoints."""
        return self.path / "checkpoint"

    def plan(self, config: RunConfig) -> None:
        """Write down what the run is to be, unless it is there already.

        :raises UsageError: If another configuration was run, or begun, in this folder
        """
        if self.exists:
            self._check_same(config)
            return
        self.path.mkdir(parents=True, exist_ok=True)
        game = config.env
        record = {
            "format": FORMAT,
            "status": "planned",
            "error": None,
            "game": game,
            "algorithm": config.algo,
            "arm": config.arm.name,
            "seed": config.seed,
            "protocol": config.protocol,
            "n_timesteps": config.n_timesteps,
            "config": config.model_dump(mode="json"),
            "config_hash": config.hash,
            "parameters": None,
            "reference_scores": reference_scores(game, **config.env_kwargs),
            "timing": None,
            "score": None,
            "provenance": None,
            "resumptions": [],
            "fingerprints": {},
        }
        write_json(self.file, record)

    def update(self, **changes: Any) -> None:
        """Replace some values of run.json, atomically."""
        write_json(self.file, {**self.record, **changes})

    def clear(self) -> None:
        """Remove what an unfinished attempt at the run has left, for it to start again."""
        for name in UNFINISHED_FILES:
            (self.path / name).unlink(missing_ok=True)
        for events in self.path.glob("events.out.tfevents.*"):
            events.unlink()
        self.remove_checkpoints()

    def remove_checkpoints(self) -> None:
        """Remove the checkpoints, which a finished run does not need."""
        if self.checkpoints.exists():
            shutil.rmtree(self.checkpoints)

    def _check_same(self, config: RunConfig) -> None:
        theirs, ours = self.config.identity, config.identity
        different = [key for key in ours if ours[key] != theirs[key]]
        if different:
            key = different[0]
            raise UsageError(
                f"{self.path} holds a run with another {key} ({theirs[key]!r}, now {ours[key]!r}): "
                "choose another folder, or delete that run"
            )
