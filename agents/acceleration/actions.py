"""A policy's choice among discrete actions, with fewer steps than torch's distributions take.

What runs once a timestep finds the processor's caches full of the emulator's code and data, so that
every line of Python costs several times what it costs in a loop.
"""

import torch
from stable_baselines3.common.distributions import CategoricalDistribution
from stable_baselines3.common.policies import ActorCriticPolicy


def choose_leanly(policy: ActorCriticPolicy) -> None:
    """Let a policy of discrete actions compute the same actions and probabilities in fewer steps.

    A policy of other actions is left as it is.
    """
    if type(policy.action_dist) is CategoricalDistribution:
        policy.action_dist = LeanCategoricalDistribution(policy.action_dist.action_dim)


class LeanCategoricalDistribution(CategoricalDistribution):
    """SB3's distribution over discrete actions: the same numbers, and random draws.

    Nothing checks the logits; where there are no numbers, sampling fails.
    """

    def proba_distribution(self, action_logits: torch.Tensor) -> "LeanCategoricalDistribution":
        """Set the logits, of shape (batch, action_dim)."""
        self._logits = action_logits - action_logits.logsumexp(-1, keepdim=True)
        self._probs = self._logits.softmax(-1)
        return self

    def log_prob(self, actions: torch.Tensor) -> torch.Tensor:
        """Return the actions' log probabilities, of shape (batch,)."""
        return self._logits.gather(-1, actions.long()[:, None])[:, 0]

    def entropy(self) -> torch.Tensor:
        """Return the distributions' entropies, of shape (batch,)."""
        lowest = torch.finfo(self._logits.dtype).min
        return -(self._logits.clamp(min=lowest) * self._probs).sum(-1)

    def sample(self) -> torch.Tensor:
        """Draw actions, of shape (batch,)."""
        return torch.multinomial(self._probs, 1, replacement=True)[:, 0]

    def mode(self) -> torch.Tensor:
        """Return the most probable actions, of shape (batch,)."""
        return self._probs.argmax(dim=1)
