"""A run's folder: game/algo/arm/seed-n, with run.json saying what it is and how it went."""

import csv
import shutil
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agents.run.config import RunConfig
from agents.run.fields import explain
from agents.run.records import FORMAT, RunRecord
from common.errors import UsageError
from common.files import read_json, write_json
from envs import reference_scores

RUN_FILE = "run.json"
UNFINISHED_FILES = ("episodes.csv", "progress.csv", "progress.json", "evaluations.npz")


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run."""

    path: Path

    @property
    def record(self) -> dict[str, Any]:
        """What run.json says, of the types that :class:`RunRecord` states.

        :raises UsageError: If it is damaged
        """
        record = read_json(self.file)
        try:
            RunRecord.model_validate(record)
        except ValidationError as error:
            raise explain(error, str(self.file), RunRecord) from None
        return record

    @property
    def file(self) -> Path:
        """Its run.json."""
        return self.path / RUN_FILE

    @property
    def exists(self) -> bool:
        """Whether a run was planned here."""
        return self.file.is_file()

    def trusted(self, trust: bool) -> "RunFolder":
        """Check that the run imports no code but this project's and SB3's, and return it.

        :param trust: Whether the user has said that other code may be imported
        :raises UsageError: If it would, or if that code lies in the runs' own folder
        """
        for name in self.config.foreign:
            if not trust:
                raise UsageError(
                    f"{self.path} was trained with code of its own, {name}: add --trust to import "
                    f"it, if the run and that code are yours"
                )
            self._check_elsewhere(name)
        return self

    def _check_elsewhere(self, name: str) -> None:
        """Check that a module does not lie among the runs, where whoever sent them put it."""
        root = self.path.resolve()
        if root.parts[-4:] == self.config.relative_folder.parts:
            root = root.parents[3]
        parts = name.partition(":")[0].split(".")
        for entry in sys.path:
            module = Path(entry, *parts).resolve()
            if module.is_relative_to(root) and root not in (Path(entry).resolve(), Path.cwd()):
                raise UsageError(f"{name} lies in the runs' folder {root}: it is not imported")

    @cached_property
    def config(self) -> RunConfig:
        """The run's configuration.

        :raises UsageError: If run.json is missing or damaged
        """
        if not self.exists:
            raise UsageError(f"{self.path} is not a run's folder: it has no {RUN_FILE}")
        try:
            return RunConfig.model_validate(self.record["config"])
        except ValidationError as error:
            raise explain(error, str(self.file), RunConfig) from None

    @property
    def finished(self) -> bool:
        """Whether the run has ended well."""
        return self.exists and self.record["status"] == "finished"

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

        :raises UsageError: If another configuration was trained in this folder
        """
        if self.exists and not self._can_become(config):
            self._check_same(config)
            return
        self.path.mkdir(parents=True, exist_ok=True)
        self.__dict__.pop("config", None)  # what was read of a run that was planned before
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
        if config.eval_env_kwargs:
            settings = {**config.env_kwargs, **config.eval_env_kwargs}
            record["eval_reference_scores"] = reference_scores(game, **settings)
        write_json(self.file, record)

    def update(self, **changes: Any) -> None:
        """Replace some values of run.json, atomically."""
        write_json(self.file, {**self.record, **changes})

    def games(self, last: int | None = None) -> list[list[str]]:
        """Return the games of episodes.csv, or those up to a timestep, without their wall time."""
        with (self.path / "episodes.csv").open(newline="", errors="replace") as file:
            games = [row[:1] + row[2:] for row in csv.reader(file)][1:]
        return games if last is None else [game for game in games if int(game[0]) <= last]

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

    def _can_become(self, config: RunConfig) -> bool:
        """Whether nothing has been trained here, so that a run may take the place.

        That a run has failed is not forgotten, unless another one takes its place.
        """
        status = self.record["status"]
        trained = self.file.with_name("episodes.csv").exists() or self.checkpoints.exists()
        if trained or status not in ("planned", "failed"):
            return False
        try:
            return status == "planned" or self.config.hash != config.hash
        except UsageError:  # what failed cannot be read
            return True

    def _check_same(self, config: RunConfig) -> None:
        theirs, ours = self.config.identity, config.identity
        different = [key for key in ours if ours[key] != theirs[key]]
        if different:
            key = different[0]
            raise UsageError(
                f"{self.path} holds a run with another {key} ({theirs[key]!r}, now {ours[key]!r}): "
                "choose another folder, or delete that run"
            )
