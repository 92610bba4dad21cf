"""The arms of a comparison, by name or by dotted path."""

import importlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

from agents.run.fields import explain
from agents.run.hyperparams import AGENTS, ALGORITHMS
from common.errors import UsageError, near_names

_Class = TypeVar("_Class")

_REFUSALS = (
    *(ArithmeticError, AssertionError, LookupError, TypeError, ValueError),
    *(MemoryError, RuntimeError),  # torch's, for sizes that no memory can hold
)
OURS = ("coordrl", "stable_baselines3", "sb3_contrib")
"""Packages whose classes may be imported because a run's folder says so."""


class Arm(BaseModel):
    """One of the networks being compared: an extractor's class and its arguments.

    ``control`` is the arm that it is to be compared with. ``policy`` is SB3's CnnPolicy, unless it
    names a policy that uses the extractor in another way. ``hyperparams`` replaces, by algorithm,
    values of the algorithm's file for this arm.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
    description: str = ""
    control: str | None = None
    features_extractor_class: str
    features_extractor_kwargs: dict[str, Any] = Field(default_factory=dict)
    policy: str = "stable_baselines3.common.policies.ActorCriticCnnPolicy"
    hyperparams: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @field_validator("hyperparams")
    @classmethod
    def _check_algorithms(cls, values: dict[str, Any]) -> dict[str, Any]:
        for algo in values:
            if algo not in ALGORITHMS:
                raise ValueError(f"{algo!r} is no algorithm, {near_names(algo, list(ALGORITHMS))}")
        return values

    def extractor_class(self) -> type[BaseFeaturesExtractor]:
        """Import the extractor's class.

        :raises UsageError: If it cannot be imported or is not an SB3 feature extractor
        """
        return self._import(self.features_extractor_class, BaseFeaturesExtractor)

    def policy_class(self) -> type[ActorCriticPolicy]:
        """Import the policy's class.

        :raises UsageError: If it cannot be imported or is not an SB3 policy
        """
        return self._import(self.policy, ActorCriticPolicy)

    @property
    def foreign(self) -> list[str]:
        """Its classes that are the user's own: importing them runs code that is not ours."""
        paths = (self.features_extractor_class, self.policy)
        return [path for path in paths if path.partition(".")[0] not in OURS]

    def check_classes(self) -> None:
        """Check that the arm's classes can be imported.

        :raises UsageError: If not
        """
        self.extractor_class()
        self.policy_class()

    def add_hyperparams(self, algo: str, values: Mapping[str, Any] | None) -> dict[str, Any]:
        """Join the hyper-parameters that are given for every arm and this arm's own.

        :param values: Those for every arm, by name
        :raises UsageError: If a value is among both: which one counts is not for us to guess
        """
        own = self.hyperparams.get(algo, {})
        for name in values or {}:
            if name in own:
                raise UsageError(
                    f"arm {self.name} has a {name} of its own for {algo}, {own[name]!r}: "
                    f"leave it out of those for every arm, or give it for each arm"
                )
        return {**(values or {}), **own}

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Say in a line what a network that is made in the context says of its arguments.

        :raises UsageError: With the network's own words
        """
        try:
            yield
        except _REFUSALS as error:
            words = str(error).partition("\n")[0]
            wordless = f"{type(error).__name__} with {self.features_extractor_kwargs}"
            raise UsageError(f"arm {self.name}: {words or wordless}") from None

    def _import(self, path: str, base: type[_Class]) -> type[_Class]:
        _check_dotted(path, f"arm {self.name}")
        module, _, name = path.rpartition(".")
        try:
            found = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError) as error:
            raise UsageError(f"arm {self.name}: cannot import {path}: {error}") from None
        if not (isinstance(found, type) and issubclass(found, base)):
            raise UsageError(f"arm {self.name}: {path} is not an SB3 {base.__name__}")
        return found


@cache
def load_arms() -> dict[str, Arm]:
    """Read the arms of ``agents/arms.yaml``.

    :return: Arms by name, in the file's order
    """
    source = AGENTS / "arms.yaml"
    entries = yaml.safe_load(source.read_text())
    try:
        arms = {name: Arm(name=name, **entry) for name, entry in entries.items()}
        check_controls(arms, arms)
    except ValidationError as error:
        raise explain(error, source.name, Arm) from None
    return arms


def check_controls(arms: Mapping[str, Arm], known: Mapping[str, Arm]) -> None:
    """Check that the controls of arms are arms.

    :param known: All arms that there are
    :raises UsageError: If a control is none of these
    """
    for name, arm in arms.items():
        if arm.control is not None and arm.control not in known:
            raise UsageError(
                f"arm {name}: its control {arm.control!r} is no arm, "
                f"{near_names(arm.control, list(known))}"
            )


def find_arm(name: str) -> Arm:
    """Look an arm up by its name in ``agents/arms.yaml``, or by an extractor's dotted path.

    :raises UsageError: If there is no such arm, with the nearest names
    """
    arms = load_arms()
    if name in arms:
        return arms[name]
    if "." in name:
        _check_dotted(name, f"arm {name}")
        arm = Arm(name=name, features_extractor_class=name)
        arm.check_classes()
        return arm
    raise UsageError(f"unknown arm {name!r}, {near_names(name, list(arms))}")


def _check_dotted(path: str, what: str) -> None:
    if "." not in path or not all(part.isidentifier() for part in path.split(".")):
        raise UsageError(f"{what}: {path!r} is no dotted path such as package.Class")
