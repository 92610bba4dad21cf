"""What an agent's actions take from what it sees, and how it plays without."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from gymnasium import spaces
from scipy import stats
from stable_baselines3.common.policies import ActorCriticPolicy

Probabilities = npt.NDArray[np.float64]


class ObservationSample:
    """Keeps every observation with the same probability, however many come (Vitter's algorithm R).

    It is a callback of SB3's ``evaluate_policy``, which calls it once a step and environment.

    :param size: Observations to keep at most
    """

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        self.seen = 0
        self._random = np.random.default_rng(seed)
        self._kept: list[npt.NDArray[Any]] = []

    def __call__(self, local: dict[str, Any], _global: dict[str, Any]) -> None:
        """Keep the observation that the agent has just acted on, or not."""
        self.seen += 1
        place = len(self._kept) if self.seen <= self.size else self._random.integers(self.seen)
        if place < self.size:
            observation = local["observations"][local["i"]].copy()
            self._kept[place : place + 1] = [observation]

    def observations(self) -> npt.NDArray[Any]:
        """Return the sample, shape (up to ``size``, *observation shape)."""
        return np.array(self._kept)


def has_discrete_actions(policy: ActorCriticPolicy) -> bool:
    """Say whether an agent chooses one of some actions, so that each has a probability."""
    return isinstance(policy.action_space, spaces.Discrete)


def action_probabilities(
    policy: ActorCriticPolicy, observations: npt.NDArray[Any], *, deterministic: bool
) -> Probabilities:
    """Return how probable each action is on each observation, shape (observations, actions).

    :param policy: One with discrete actions
    :param deterministic: Whether the most probable action is taken, or one is drawn
    """
    with torch.no_grad():
        tensors, _ = policy.obs_to_tensor(observations)
        chosen = policy.get_distribution(tensors).distribution
    assert isinstance(chosen, torch.distributions.Categorical)
    found: Probabilities = chosen.probs.double().cpu().numpy()
    return np.eye(found.shape[1])[found.argmax(axis=1)] if deterministic else found


def information(probabilities: Probabilities) -> dict[str, float]:
    """Return how much of an action's uncertainty the observation takes away, in nats.

    :param probabilities: of each action on each observation, as :func:`action_probabilities` has
    :return: ``nats``, the mutual information of observation and action (0 where the same actions
        are as probable whatever is seen), and ``entropy``, that of the actions' mean
        probabilities, which is the most that it could be

    >>> information(np.array([[1.0, 0.0], [0.0, 1.0]]))
    {'nats': 0.693..., 'entropy': 0.693...}
    >>> information(np.array([[0.5, 0.5], [0.5, 0.5]]))["nats"]
    0.0
    """
    entropy = stats.entropy(probabilities.mean(axis=0))
    nats = entropy - stats.entropy(probabilities, axis=1).mean()
    return {"nats": max(float(nats), 0.0), "entropy": float(entropy)}


class BlindPolicy:
    """Draws actions that an agent takes as often, without watching.

    SB3's ``evaluate_policy`` takes it for a model.

    :param probabilities: The agent's, of each action on each observation
    :param seed: Seed of the actions
    """

    def __init__(self, probabilities: Probabilities, seed: int) -> None:
        mean = probabilities.mean(axis=0)
        self._rates = mean / mean.sum()
        self._random = np.random.default_rng(seed)

    def predict(
        self,
        observation: npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]],
        state: tuple[npt.NDArray[Any], ...] | None = None,
        episode_start: npt.NDArray[Any] | None = None,  # noqa: ARG002  (SB3's interface)
        deterministic: bool = False,  # noqa: ARG002
    ) -> tuple[npt.NDArray[Any], tuple[npt.NDArray[Any], ...] | None]:
        """Draw an action for each environment."""
        return self._random.choice(len(self._rates), len(observation), p=self._rates), state
