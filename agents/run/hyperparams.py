"""Hyper-parameters of A2C and PPO: the Zoo's values, checked, and overridden by name."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from stable_baselines3 import A2C, PPO
from stable_baselines3.common.on_policy_algorithm import OnPolicyAlgorithm
from stable_baselines3.common.sb2_compat.rmsprop_tf_like import RMSpropTFLike
from stable_baselines3.common.utils import LinearSchedule
from typing_extensions import Self

from agents.acceleration import keep_dynamo_out
from agents.run.fields import Count, Fraction, NonNegative, Positive, explain
from common.errors import UsageError, near_names

AGENTS = Path(__file__).parents[1]
OPTIMIZERS: dict[str, type[torch.optim.Optimizer]] = {
    "Adam": torch.optim.Adam,
    "AdamW": torch.optim.AdamW,
    "RMSprop": torch.optim.RMSprop,
    "RMSpropTFLike": RMSpropTFLike,
}

LONGEST_ROLLOUT = 10**6
"""Timesteps between two updates at most: of Atari games, 28 GB."""
FUSED = ("Adam", "AdamW")
"""Optimizers that torch can run in one go over all parameters, which SB3 does not ask it for."""


def _number_or_schedule(value: Any) -> Any:
    """Accept what the Zoo accepts: a number, or "lin_0.1" for a linear fall from .1 to 0."""
    if isinstance(value, str):
        initial = value.removeprefix("lin_")
        try:
            number = float(initial)
        except ValueError:
            raise ValueError("give a number, or lin_X for a linear fall from X to 0") from None
        if not 0 < number < float("inf"):
            raise ValueError("the number must be positive")
        return f"lin_{initial}" if value.startswith("lin_") else number
    return value


Scheduled = Annotated[Positive | str, BeforeValidator(_number_or_schedule)]


class Hyperparams(BaseModel):
    """What A2C and PPO share, under SB3's names; RL Zoo's names for the environment's part."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    n_envs: Annotated[Count, Field(le=1024)]
    frame_stack: Annotated[Count, Field(le=64)]
    n_steps: Count
    learning_rate: Scheduled
    gamma: Fraction
    gae_lambda: Fraction
    ent_coef: NonNegative
    vf_coef: NonNegative
    max_grad_norm: Positive
    normalize_advantage: bool
    optimizer_class: Literal["Adam", "AdamW", "RMSprop", "RMSpropTFLike"]
    optimizer_kwargs: dict[str, Any]

    @model_validator(mode="after")
    def _check_optimizer(self) -> Self:
        """Let the optimizer itself say what is wrong with its arguments."""
        keep_dynamo_out()
        parameter = torch.zeros(1, requires_grad=True)
        try:
            OPTIMIZERS[self.optimizer_class]([parameter], lr=1.0, **self.optimizer_kwargs)  # type: ignore[call-arg]  # base class takes no lr
        except (TypeError, ValueError, LookupError, ArithmeticError, RuntimeError) as error:
            raise ValueError(f"optimizer_kwargs of {self.optimizer_class}: {error}") from None
        return self

    @model_validator(mode="after")
    def _check_size(self) -> Self:
        if self.rollout > LONGEST_ROLLOUT:
            raise ValueError(
                f"n_envs x n_steps are {self.rollout:,} timesteps between two updates, all held in "
                f"memory: {LONGEST_ROLLOUT:,} at most"
            )
        return self

    @property
    def rollout(self) -> int:
        """Timesteps collected between two updates."""
        return self.n_envs * self.n_steps

    def algorithm_kwargs(self) -> dict[str, Any]:
        """Return the arguments of the algorithm's constructor, schedules made."""
        elsewhere = {"n_envs", "frame_stack", "optimizer_class", "optimizer_kwargs"}
        values = self.model_dump(exclude=elsewhere)
        return {name: _schedule(value) for name, value in values.items()}

    def optimizer(self) -> dict[str, Any]:
        """Return the optimizer's part of ``policy_kwargs``, with torch's fused Adam."""
        chosen = self.optimizer_kwargs.keys() & {"foreach", "fused", "differentiable"}
        fused = {"fused": True} if self.optimizer_class in FUSED and not chosen else {}
        return {
            "optimizer_class": OPTIMIZERS[self.optimizer_class],
            "optimizer_kwargs": {**fused, **self.optimizer_kwargs},
        }


class A2CHyperparams(Hyperparams):
    """Hyper-parameters of A2C."""


class PPOHyperparams(Hyperparams):
    """Hyper-parameters of PPO."""

    batch_size: Annotated[Count, Field(ge=2)]
    n_epochs: Count
    clip_range: Scheduled

    @model_validator(mode="after")
    def _check_rollout(self) -> Self:
        if self.rollout % self.batch_size == 1:
            raise ValueError(
                f"a rollout of n_envs x n_steps = {self.rollout} leaves a minibatch of one "
                f"timestep, which has no advantage to normalise: batch_size is {self.batch_size}"
            )
        return self


ALGORITHMS: dict[str, tuple[type[OnPolicyAlgorithm], type[Hyperparams]]] = {
    "a2c": (A2C, A2CHyperparams),
    "ppo": (PPO, PPOHyperparams),
}


def load_hyperparams(
    algo: str, overrides: Mapping[str, Any] | None = None
) -> tuple[Hyperparams, int]:
    """Read an algorithm's YAML file and replace some of its values.

    :param algo: "a2c" or "ppo"
    :param overrides: Values by name, as ``--hyperparams`` or a study file gives them
    :return: The hyper-parameters, and the file's number of timesteps
    :raises UsageError: If a name is unknown or a value out of range
    """
    if algo not in ALGORITHMS:
        raise UsageError(f"unknown algorithm {algo!r}, {near_names(algo, list(ALGORITHMS))}")
    values = dict(_file_values(algo))
    n_timesteps = values.pop("n_timesteps")
    return parse_hyperparams(algo, {**values, **(overrides or {})}), n_timesteps


def parse_hyperparams(algo: str, values: Mapping[str, Any]) -> Hyperparams:
    """Check a complete set of hyper-parameters.

    :raises UsageError: If a name is unknown or missing, or a value out of range
    """
    model = ALGORITHMS[algo][1]
    try:
        return model.model_validate(values)
    except ValidationError as error:
        raise explain(error, f"hyperparams of {algo}", model) from None


@cache
def _file_values(algo: str) -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((AGENTS / f"{algo}.yaml").read_text())
    return values


def _schedule(value: Any) -> Any:
    if isinstance(value, str):
        return LinearSchedule(float(value.removeprefix("lin_")), 0.0, 1.0)
    return value
