"""A study: which runs, on what, compared how; one YAML file, or flags for the common case."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from agents.config import RunConfig, Seed, Timesteps, hash_of, make_run_config
from agents.errors import UsageError, explain, near_names
from agents.hyperparams import AGENTS

Names = Annotated[list[str], Field(min_length=1)]


class ComparisonConfig(BaseModel):
    """How the arms are compared, declared before anything runs.

    ``window`` is the last part of the timesteps whose games make the score; ``margin`` the
    difference that matters, as a part of the baseline's score above random play.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    baseline: str | None = None
    test: Literal["unpaired", "paired"] = "unpaired"
    margin: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.1
    window: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = 0.1


def _seed_list(value: Any) -> Any:
    """Read ``seeds: 5`` as the seeds 0 to 4."""
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 1:
            raise ValueError("give the number of seeds, at least 1, or a list of seeds")
        return list(range(value))
    return value


class StudyConfig(BaseModel):
    """All cells of a study: every game, algorithm and seed, with every arm."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: Names
    algo: Names = ["a2c", "ppo"]
    arms: Names = ["standard", "coord"]
    seeds: Annotated[
        list[Seed], Field(min_length=1, max_length=1000), BeforeValidator(_seed_list)
    ] = [0, 1, 2, 3, 4]
    n_timesteps: Timesteps | dict[str, Timesteps] | None = None
    protocol: str = "classic"
    hyperparams: dict[str, dict[str, Any]] = Field(default_factory=dict)
    eval_freq: Annotated[int, Field(ge=0)] = 0
    eval_episodes: Annotated[int, Field(ge=1)] = 5
    device: str = "auto"
    num_threads: Annotated[int, Field(ge=1)] = 1
    comparison: ComparisonConfig = ComparisonConfig()
    note: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in ("env", "algo", "arms", "seeds"):
            [(value, times)] = Counter(getattr(self, name)).most_common(1)
            if times > 1:
                raise ValueError(f"{name} names {value} twice")
        timesteps = self.n_timesteps if isinstance(self.n_timesteps, dict) else {}
        for algo in (*self.hyperparams, *timesteps):
            if algo not in self.algo:
                raise ValueError(f"values are given for {algo!r}, {near_names(algo, self.algo)}")
        if 0 < len(timesteps) < len(self.algo):
            raise ValueError("n_timesteps: give a number for every algorithm, or one for all")
        if self.baseline not in self.arms:
            raise ValueError(
                f"the baseline {self.baseline!r} is no arm, {near_names(self.baseline, self.arms)}"
            )
        return self

    @property
    def baseline(self) -> str:
        """The arm that the others are compared with: the one named, standard, or the first."""
        if self.comparison.baseline is not None:
            return self.comparison.baseline
        return "standard" if "standard" in self.arms else self.arms[0]

    @property
    def hash(self) -> str:
        """Short hash of the study's configuration."""
        return hash_of(self.model_dump(mode="json"))

    def runs(self) -> list[RunConfig]:
        """Expand the study into its runs, the arms of a cell side by side.

        :raises UsageError: If a game, an arm or a hyper-parameter is unknown or out of range
        """
        configs = [
            self._run(env, algo, arm, seed)
            for seed in self.seeds
            for env in self.env
            for algo in self.algo
            for arm in self.arms
        ]
        [(folder, times)] = Counter(config.relative_folder for config in configs).most_common(1)
        if times > 1:
            raise UsageError(f"two of the study's runs are the same: {folder}")
        return configs

    def _run(self, env: str, algo: str, arm: str, seed: int) -> RunConfig:
        n_timesteps = self.n_timesteps
        return make_run_config(
            env=env,
            algo=algo,
            arm=arm,
            seed=seed,
            n_timesteps=n_timesteps[algo] if isinstance(n_timesteps, dict) else n_timesteps,
            protocol=self.protocol,
            hyperparams=self.hyperparams.get(algo),
            eval_freq=self.eval_freq,
            eval_episodes=self.eval_episodes,
            device=self.device,
            num_threads=self.num_threads,
            score_window=self.comparison.window,
        )


def parse_study(values: Mapping[str, Any], source: str) -> StudyConfig:
    """Check a study's values.

    :param values: The keys of a study file
    :param source: Where they come from, for messages
    :raises UsageError: If a key is unknown or missing, or a value wrong
    """
    try:
        return StudyConfig.model_validate(values)
    except ValidationError as error:
        raise explain(error, source, StudyConfig) from None


def read_study_file(path: Path) -> dict[str, Any]:
    """Read the keys of a study file.

    :param path: The file; one of ``agents/studies`` may be given by its name alone
    :raises UsageError: If there is no such file, or it is not a study
    """
    if not path.exists() and path.name == str(path):
        path = AGENTS / "studies" / f"{path.stem}.yaml"
    try:
        values = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        studies = ", ".join(sorted(p.stem for p in (AGENTS / "studies").glob("*.yaml")))
        raise UsageError(f"there is no study file {path}; agents/studies has {studies}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} is not valid YAML: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise UsageError(f"{path} is not a study: it should hold keys such as env: [Pong]")
    return values
