"""What a run's run.json must hold, whoever wrote it; nothing that is read is trusted before."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agents.run.fields import CountOrZero

FORMAT = 1

Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Timestep = Annotated[str, Field(pattern="^[0-9]{1,13}$")]
Seconds = Annotated[float, Field(ge=0, le=1e12, allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0, le=1e9, allow_inf_nan=False)]


class Timing(BaseModel):
    """How long a finished run has trained, in all its attempts."""

    wall_seconds: Seconds
    cpu_seconds: Seconds
    timesteps_per_second: Rate


class Score(BaseModel):
    """The mean return of a finished run's last games."""

    mean: Annotated[float, Field(allow_inf_nan=False)]
    games: CountOrZero


class Provenance(BaseModel):
    """With what, and where, a run was made."""

    python: str
    versions: dict[str, str]
    git: dict[str, Any] | None
    cpu: str
    cpu_capability: str


class RunRecord(BaseModel):
    """A run.json, as far as anybody relies on it."""

    model_config = ConfigDict(strict=True)

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
