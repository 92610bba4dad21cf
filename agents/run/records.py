"""What a run's records must hold, whoever wrote them; nothing that is read is trusted before."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.run.fields import CountOrZero

FORMAT = 1

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Timestep = Annotated[str, Field(pattern="^[0-9]{1,13}$")]
Seconds = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class _Record(BaseModel):
    """Nothing is taken for what it is not: "1.5" is no number."""

    model_config = ConfigDict(strict=True)


class Timing(_Record):
    """How long a finished run has trained, in all its attempts."""

    wall_seconds: Seconds
    cpu_seconds: Seconds
    timesteps_per_second: Rate


class Score(_Record):
    """The mean return of a finished run's last games."""

    mean: Annotated[float, Field(allow_inf_nan=False)]
    games: CountOrZero


class Provenance(_Record):
    """With what, and where, a run was made."""

    python: str
    versions: dict[str, str]
    git: dict[str, Any] | None
    cpu: str
    cpu_capability: str


class RunRecord(_Record):
    """A run.json, as far as anybody relies on it."""

    format: Literal[1]
    status: Literal["planned", "running", "finished", "interrupted", "failed"]
    error: str | None = None
    game: str
    algorithm: str
    arm: str
    config: dict[str, Any]
    timing: Timing | None = None
    score: Score | None = None
    provenance: Provenance | None = None
    resumptions: list[dict[str, Any]] = []
    fingerprints: dict[Timestep, Sha256] = {}


class Episode(_Record):
    """A finished game, as SB3 keeps it."""

    r: float
    l: int  # noqa: E741  (SB3's name for the length)
    t: float


class Training(_Record):
    """Of how training stood, what is of plain types; the rest shows when it is put back."""

    num_timesteps: CountOrZero
    n_updates: CountOrZero
    episodes: list[Episode]


class Logs(_Record):
    """How far the growing files were."""

    sizes: dict[str, CountOrZero]
    hashes: dict[str, Sha256] = {}
    progress_csv: str


class CheckpointRecord(_Record):
    """What a checkpoint holds, as far as it is of plain types."""

    config_hash: str
    builds: dict[str, str]
    training: Training
    logs: Logs
    wall_seconds: Seconds
    cpu_seconds: Seconds
