"""A study: which runs, on what, compared how; one YAML file, or flags for the common case."""

from collections import Counter
from collections.abc import Mapping
from itertools import product
from math import prod
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from typing_extensions import Self

from agents.run.arm import Arm, check_controls, find_arm, load_arms
from agents.run.config import RunConfig, Seed, hash_of, make_run_config
from agents.run.fields import Count, PositiveFraction, explain
from agents.run.hyperparams import AGENTS, ALGORITHMS
from agents.run.settings import RunSettings
from agents.study.evaluations import check_evaluated
from common.errors import UsageError, near_names
from common.files import read_bytes
from common.plain_yaml import read_yaml
from coordrl.compare.reading.runs import Outcome, Source
from coordrl.compare.statistics.sequential import FUTILITY, check_looks, default_looks
from envs import resolve_suite

MAX_SEEDS = 1000
MAX_STUDIES = 1000
"""Combinations of a sweep's values at most."""
LARGEST_FILE = 2**20
"""Bytes of the largest study file that is read."""

Names = Annotated[list[str], Field(min_length=1)]
OwnName = Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
SweptValues = Annotated[list[bool | int | float | str], Field(min_length=1, max_length=1000)]


class SequentialConfig(BaseModel):
    """When a study looks at its runs, to stop comparisons of which enough is known.

    ``looks`` are seeds per arm, the last being all of the study; by default they follow from those
    and the number of comparisons. ``futility`` is the chance of still finding something below which
    a comparison is given up; null for never.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    looks: Annotated[list[Count], Field(min_length=1)] | None = None
    futility: Annotated[float, Field(gt=0, lt=1)] | None = FUTILITY


def _sequential(value: Any) -> Any:
    """Read ``sequential: true`` as the looks by default, and ``false`` as none."""
    if isinstance(value, bool):
        return SequentialConfig() if value else None
    return value


class ComparisonConfig(BaseModel):
    """How the arms are compared, declared before anything runs.

    ``window`` is the last part of the timesteps whose games make the score; ``margin`` the
    difference that matters, as a part of the baseline's outcome above random play; ``outcome``
    what is compared, the score or the mean of the learning curve; ``source`` whose games these are
    of, ``runs`` for those of training, ``evaluations`` for those of the evaluations. With
    ``sequential`` the study stops training for comparisons of which enough is known.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    baseline: str | None = None
    test: Literal["unpaired", "paired"] = "unpaired"
    margin: PositiveFraction = 0.1
    window: PositiveFraction = 0.1
    outcome: Outcome = "score"
    source: Source = "runs"
    sequential: Annotated[SequentialConfig | None, BeforeValidator(_sequential)] = None


def _seed_list(value: Any) -> Any:
    """Read ``seeds: 5`` as the seeds 0 to 4."""
    if isinstance(value, int) and not isinstance(value, bool):
        if not 1 <= value <= MAX_SEEDS:
            raise ValueError(f"give the number of seeds, 1 to {MAX_SEEDS}, or a list of seeds")
        return list(range(value))
    return value


def _games(names: list[str]) -> list[str]:
    """Replace suites, ``suite:quick``, by their games."""
    games: list[str] = []
    for name in names:
        suite = name.removeprefix("suite:")
        games += [name] if suite == name else [game.name for game in resolve_suite(suite).games]
    return games


def _with_names(arms: Any) -> Any:
    """Give arms the names that they are listed under."""
    if not isinstance(arms, dict):
        return arms
    named = [(name, arm) for name, arm in arms.items() if isinstance(arm, dict)]
    return {**arms, **{name: {**arm, "name": name} for name, arm in named}}


class StudyConfig(RunSettings):
    """All cells of a study: every game, algorithm and seed, with every arm.

    ``env`` names games, and suites of them as ``suite:atari-5``. ``own_arms`` describes, by name,
    further ones to be named in ``arms``, as ``agents/arms.yaml`` describes those that there are.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: Annotated[Names, AfterValidator(_games)]
    algo: Names = Field(default=["a2c", "ppo"])
    arms: Names = Field(default=["standard", "coord"])
    own_arms: Annotated[dict[OwnName, Arm], BeforeValidator(_with_names)] = Field(
        default_factory=dict
    )
    seeds: Annotated[
        list[Seed], Field(min_length=1, max_length=MAX_SEEDS), BeforeValidator(_seed_list)
    ] = Field(default=[0, 1, 2, 3, 4])
    n_timesteps: Count | dict[str, Count] | None = None
    hyperparams: dict[str, dict[str, Any]] = Field(default_factory=dict)
    sweep: dict[str, SweptValues] = Field(default_factory=dict)
    comparison: ComparisonConfig = ComparisonConfig()
    note: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in ("env", "algo", "arms", "seeds"):
            [(value, times)] = Counter(getattr(self, name)).most_common(1)
            if times > 1:
                raise ValueError(f"{name} names {value} twice")
        for algo in self.algo:
            if algo not in ALGORITHMS:
                raise ValueError(f"algo: unknown {algo!r}, {near_names(algo, list(ALGORITHMS))}")
        self._check_by_algorithm()
        for name in self.own_arms:
            if name in load_arms():
                raise ValueError(f"own_arms: {name!r} is an arm already, choose another name")
        check_controls(self.own_arms, {**load_arms(), **self.own_arms})
        for arm in self.arms:
            if arm not in self.own_arms:
                find_arm(arm)
        if self.baseline not in self.arms:
            near = near_names(self.baseline, self.arms)
            raise ValueError(f"the baseline {self.baseline!r} is none of the arms, {near}")
        return self

    @model_validator(mode="after")
    def _check_looks(self) -> Self:
        if self.looks is not None:
            check_looks(self.looks, len(self.seeds))
        return self

    def _check_by_algorithm(self) -> None:
        """Check the keys of values that are given by algorithm."""
        timesteps = self.n_timesteps if isinstance(self.n_timesteps, dict) else {}
        for key, values in (("hyperparams", self.hyperparams), ("n_timesteps", timesteps)):
            for algo in values:
                if algo not in self.algo:
                    raise ValueError(f"{key}: no algorithm {algo!r}, {near_names(algo, self.algo)}")
        if isinstance(self.n_timesteps, dict) and len(timesteps) < len(self.algo):
            raise ValueError("n_timesteps: give a number for every algorithm, or one for all")

    @property
    def baseline(self) -> str:
        """The arm that the others are compared with: the one named, standard, or the first."""
        if self.comparison.baseline is not None:
            return self.comparison.baseline
        return "standard" if "standard" in self.arms else self.arms[0]

    @property
    def family(self) -> int:
        """How many comparisons the study makes: games x algorithms x arms but the baseline."""
        return len(self.env) * len(self.algo) * (len(self.arms) - 1)

    @property
    def pairs(self) -> bool:
        """Whether the paired test is the primary one."""
        return self.comparison.test == "paired"

    @property
    def looks(self) -> tuple[int, ...] | None:
        """Seeds per arm at each look of a sequential study, None for others."""
        sequential = self.comparison.sequential
        if sequential is None:
            return None
        if sequential.looks is not None:
            return tuple(sequential.looks)
        return default_looks(len(self.seeds), max(self.family, 1), pairs=self.pairs)

    @property
    def hash(self) -> str:
        """Short hash of the study's configuration."""
        values = self.model_dump(mode="json")
        # Which studies had not always.
        if self.comparison.outcome == "score":
            del values["comparison"]["outcome"]
        if self.comparison.source == "runs":
            del values["comparison"]["source"]
        if self.comparison.sequential is None:
            del values["comparison"]["sequential"]
        return hash_of(values)

    def parts(self) -> dict[str, "StudyConfig"]:
        """Return the studies that a sweep consists of: this one at every combination of values.

        :return: Studies without a sweep, by the name of their folder within this one's; the
            study itself under "." if it sweeps nothing
        :raises UsageError: If two combinations have the same name
        """
        parts: dict[str, StudyConfig] = {}
        combinations = prod(len(values) for values in self.sweep.values())
        if combinations > MAX_STUDIES:
            raise UsageError(f"the sweep has {combinations:,} combinations, {MAX_STUDIES} at most")
        for values in product(*self.sweep.values()):
            swept = dict(zip(self.sweep, values, strict=True))
            label = ",".join(f"{name}={value}" for name, value in swept.items()) or "."
            if label in parts:
                raise UsageError(f"the sweep has {label} twice")
            hyperparams = {algo: {**self.hyperparams.get(algo, {}), **swept} for algo in self.algo}
            parts[label] = self.model_copy(update={"hyperparams": hyperparams, "sweep": {}})
        return parts

    def runs(self, *, elsewhere: bool = False) -> list[RunConfig]:
        """Expand the study into its runs, the arms of a cell side by side.

        :param elsewhere: Whether other machines train them, whose devices are not known here
        :raises UsageError: If a game, an arm or a hyper-parameter is unknown or out of range, or if
            evaluations are to be compared and there are none, or not where scores are taken
        """
        configs = [
            self._run(env, algo, arm, seed, elsewhere)
            for seed in self.seeds
            for env in self.env
            for algo in self.algo
            for arm in self.arms
        ]
        [(folder, times)] = Counter(config.relative_folder for config in configs).most_common(1)
        if times > 1:
            raise UsageError(f"env and arms name the same run twice: {folder}")
        if self.comparison.source == "evaluations":
            check_evaluated(configs)
        return configs

    def _run(self, env: str, algo: str, arm: str, seed: int, elsewhere: bool) -> RunConfig:
        settings = {name: getattr(self, name) for name in RunSettings.model_fields}
        if isinstance(self.n_timesteps, dict):
            settings["n_timesteps"] = self.n_timesteps[algo]
        return make_run_config(
            env=env,
            algo=algo,
            arm=self.own_arms.get(arm, arm),
            seed=seed,
            hyperparams=self.hyperparams.get(algo),
            score_window=self.comparison.window,
            elsewhere=elsewhere,
            **settings,
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
        content = read_bytes(path, LARGEST_FILE)
    except FileNotFoundError:
        studies = ", ".join(sorted(p.stem for p in (AGENTS / "studies").glob("*.yaml")))
        raise UsageError(f"there is no study file {path}; agents/studies has {studies}") from None
    try:
        values = read_yaml(content.decode("utf-8-sig"))
    except ValueError as error:
        raise UsageError(f"{path} is not valid YAML: {error}") from None
    if not isinstance(values, dict):
        raise UsageError(f"{path} is not a study: it should hold keys such as env: [Pong]")
    return values
