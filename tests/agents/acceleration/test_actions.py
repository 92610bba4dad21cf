import pytest
import torch
from stable_baselines3.common.distributions import CategoricalDistribution

from agents.acceleration.actions import LeanCategoricalDistribution


def numbers(kind: type[CategoricalDistribution], logits: torch.Tensor) -> list[torch.Tensor]:
    """Return what a policy takes from a distribution, and the gradient of the logits."""
    logits = logits.clone().requires_grad_()
    torch.manual_seed(0)
    distribution = kind(logits.shape[1]).proba_distribution(action_logits=logits)
    actions = distribution.get_actions()
    log_prob, entropy = distribution.log_prob(actions), distribution.entropy()
    (log_prob.sum() + entropy.square().sum()).backward()
    assert logits.grad is not None
    best = distribution.get_actions(deterministic=True)
    return [actions, best, log_prob, entropy, logits.grad, torch.rand(3)]


def test_it_gives_the_bits_of_sb3s_and_draws_as_many_random_numbers() -> None:
    for scale in (0.01, 1, 100, 1e4):
        logits = scale * torch.randn(64, 6)
        ours = numbers(LeanCategoricalDistribution, logits)
        theirs = numbers(CategoricalDistribution, logits)
        for one, other in zip(ours, theirs, strict=True):
            assert torch.equal(one, other)


def test_a_policy_that_gives_no_numbers_is_noticed() -> None:
    nothing = LeanCategoricalDistribution(3).proba_distribution(torch.full((2, 3), float("nan")))
    with pytest.raises(RuntimeError, match="nan"):
        nothing.get_actions()
