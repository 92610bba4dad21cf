"""The arms of a comparison: feature extractors by name, or by their dotted path."""

import importlib
from functools import cache
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor

from agents.errors import UsageError, explain, near_names
from agents.hyperparams import AGENTS

_Class = TypeVar("_Class")


class Arm(BaseModel):
    """One of the networks being compared: an extractor's class and its arguments.

    ``policy`` is SB3's CnnPolicy, unless it names a policy that uses the extractor in another way.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    description: str = ""
    features_extractor_class: str
    features_extractor_kwargs: dict[str, Any] = Field(default_factory=dict)
    policy: str = "stable_baselines3.common.policies.ActorCriticCnnPolicy"

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

    def _import(self, path: str, base: type[_Class]) -> type[_Class]:
        module, _, name = path.rpartition(".")
        try:
            found = getattr(importlib.import_module(module), name)
        except (ImportError, AttributeError, ValueError) as error:
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
        return {name: Arm(name=name, **entry) for name, entry in entries.items()}
    except ValidationError as error:
        raise explain(error, source.name, Arm) from None


def find_arm(name: str) -> Arm:
    """Look an arm up by its name in ``agents/arms.yaml``, or by an extractor's dotted path.

    :raises UsageError: If there is no such arm, with the nearest names
    """
    arms = load_arms()
    if name in arms:
        return arms[name]
    if "." in name:
        arm = Arm(name=name, features_extractor_class=name)
        arm.extractor_class()
        return arm
    raise UsageError(f"unknown arm {name!r}, {near_names(name, list(arms))}")
