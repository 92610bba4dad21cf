"""The configuration of one run: everything that decides its bits, checked."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
from pydantic import ConfigDict, Field, SerializeAsAny, ValidationError, model_validator
from typing_extensions import Self

from agents.run.arm import Arm, find_arm
from agents.run.fields import Count, CountOrZero, PositiveFraction, explain
from agents.run.hyperparams import ALGORITHMS, Hyperparams, load_hyperparams, parse_hyperparams
from agents.run.settings import RunSettings
from common.errors import UsageError
from envs import PROTOCOLS, check_settings, is_not_so_clevr, resolve_env_id
from envs.make import wrapper_paths

EVAL_SEED_OFFSET = 2**30
"""Evaluations play other games than training does: their seeds begin where those of runs end."""

LEAST_MARK_INTERVAL = 100_000
"""After a mark every environment is given a seed, which costs 0.3 seconds: 1 % of A2C's time."""

NO_ENV_KWARGS = frozenset(
    {"env_id", "n_envs", "seed", "protocol", "num_threads", "frame_stack", "resumable"}
)
"""Arguments of ``envs.make_env`` that other parts of the configuration decide."""

Seed = Annotated[CountOrZero, Field(lt=EVAL_SEED_OFFSET)]


class RunConfig(RunSettings):
    """One run, resolved: nothing in it depends on a file, a default or another run.

    ``n_timesteps`` is rounded up to whole rollouts: SB3 finishes the rollout it has begun, and its
    schedules would fall below zero beyond the total. ``save_freq`` is the distance of the marks, at
    which a checkpoint is written and games start from new seeds: marks change what is played.
    ``env_kwargs`` are settings of the environment as :func:`envs.make_env` takes them, and
    ``eval_env_kwargs`` those that are different in evaluations.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: Annotated[str, Field(pattern=r"^\w[\w./:-]*$")]
    algo: Literal["a2c", "ppo"]
    arm: Arm
    seed: Seed
    n_timesteps: Count
    hyperparams: SerializeAsAny[Hyperparams]
    score_window: PositiveFraction = 0.1

    @model_validator(mode="before")
    @classmethod
    def _parse_hyperparams(cls, values: Any) -> Any:
        """Give the hyper-parameters their algorithm's type when a run.json is read."""
        if isinstance(values, dict) and isinstance(values.get("hyperparams"), dict):
            algo = values.get("algo")
            if isinstance(algo, str) and algo in ALGORITHMS:
                parsed = parse_hyperparams(algo, values["hyperparams"])
                return {**values, "hyperparams": parsed}
        return values

    @model_validator(mode="after")
    def _check_env_kwargs(self) -> Self:
        for name in (*self.env_kwargs, *self.eval_env_kwargs):
            if name in NO_ENV_KWARGS:
                raise ValueError(f"{name} is no env_kwarg: it has a setting of its own")
        for settings in (self.env_kwargs, {**self.env_kwargs, **self.eval_env_kwargs}):
            frame_stack = self.hyperparams.frame_stack
            check_settings(self.env, self.protocol, frame_stack=frame_stack, **settings)
        return self

    @property
    def eval_steps(self) -> int:
        """Steps of all environments between two evaluations, 0 where there are none."""
        return self.eval_freq and max(self.eval_freq // self.hyperparams.n_envs, 1)

    @property
    def foreign(self) -> list[str]:
        """The user's own code that the run imports: an arm's classes, an environment's module."""
        wrappers = [each.get("env_wrapper") for each in (self.env_kwargs, self.eval_env_kwargs)]
        paths = [path for each in wrappers for path in wrapper_paths(each)]
        ours = ("gymnasium", "stable_baselines3")
        foreign = [path for path in paths if path.partition(".")[0] not in ours]
        return [*self.arm.foreign, *[self.env] * (":" in self.env), *foreign]

    @property
    def hash(self) -> str:
        """Short hash of what decides the run's bits."""
        return hash_of(self.identity)

    @property
    def identity(self) -> dict[str, Any]:
        """What makes this run another than a run without it: all but words about its arm."""
        return self.model_dump(mode="json", exclude={"arm": {"description", "control"}})

    @property
    def mark_interval(self) -> int:
        """Timesteps between two marks, whole rollouts; by default a twentieth of the run."""
        rollout = self.hyperparams.rollout
        chosen = self.save_freq or max(self.n_timesteps // 20, LEAST_MARK_INTERVAL)
        return -(-chosen // rollout) * rollout

    @property
    def relative_folder(self) -> Path:
        """The run's folder within its study: game/algo/arm/seed-n."""
        game = self.env.replace("/", "-").replace(":", "-")
        return Path(game, self.algo, self.arm.name, f"seed-{self.seed}")


def make_run_config(
    *,
    env: str,
    algo: str,
    arm: str | Arm,
    seed: int,
    n_timesteps: int | None = None,
    protocol: str = "classic",
    hyperparams: Mapping[str, Any] | None = None,
    elsewhere: bool = False,
    **settings: Any,
) -> RunConfig:
    """Resolve names, files and defaults into the configuration of a run.

    :param env: Game by any of its usual names, or a Gymnasium id
    :param algo: "a2c" or "ppo"
    :param arm: An arm, its name in ``agents/arms.yaml``, or an extractor's dotted path
    :param n_timesteps: Total timesteps over all environments, the algorithm's file's if None
    :param hyperparams: Values that replace those of the algorithm's file, as the arm's own do
    :param elsewhere: Whether another machine trains it, whose devices are not known here
    :param settings: The other fields of :class:`RunConfig`
    :raises UsageError: If anything is unknown or out of range
    """
    arm = arm if isinstance(arm, Arm) else find_arm(arm)
    arm.check_classes()
    resolved, default_timesteps = load_hyperparams(
        algo, {**_env_hyperparams(env), **arm.add_hyperparams(algo, hyperparams)}
    )
    if protocol not in PROTOCOLS:
        raise UsageError(f"unknown protocol {protocol!r}, use one of {', '.join(PROTOCOLS)}")
    total = default_timesteps if n_timesteps is None else n_timesteps
    device = settings.get("device", "auto")
    try:
        return RunConfig(
            env=_resolve_env(env),
            algo=algo,  # type: ignore[arg-type]  # load_hyperparams has checked it
            arm=arm,
            seed=seed,
            n_timesteps=-(-total // resolved.rollout) * resolved.rollout,
            protocol=protocol,
            hyperparams=resolved,
            **{
                **settings,
                "device": device if elsewhere and device == "cuda" else resolve_device(device),
            },
        )
    except ValidationError as error:
        raise explain(error, "run", RunConfig) from None


def _env_hyperparams(env: str) -> dict[str, Any]:
    """Return what an environment needs in place of the algorithm's file's values."""
    return {"frame_stack": 1} if is_not_so_clevr(env) else {}


def _resolve_env(env: str) -> str:
    try:
        return resolve_env_id(env)
    except ValueError as error:
        raise UsageError(str(error)) from None


def resolve_device(device: str) -> str:
    """Name the device that a run will use on this machine.

    :param device: "auto" for the GPU where there is one, or a name such as "cpu" or "cuda:1"
    :raises UsageError: If there is no such device here
    """
    if device == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        usable = torch.empty(0, device=device).device.type != "meta"
    except (RuntimeError, AssertionError, ImportError):  # without CUDA, or a backend's own module
        usable = False
    if not usable:
        raise UsageError(f"device {device!r} is not to be had here: use cpu or auto")
    return device


def hash_of(values: Any) -> str:
    """Hash JSON values, independently of the order of keys.

    >>> hash_of({"a": 1, "b": 2}) == hash_of({"b": 2, "a": 1})
    True
    """
    text = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]
