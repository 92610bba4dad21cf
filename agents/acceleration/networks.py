"""What is known of a policy's extractors, and dense layers that suit a rollout's small batches."""

import torch
from stable_baselines3.common.policies import ActorCriticPolicy
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd


def extractors(policy: ActorCriticPolicy) -> list[nn.Module]:
    """List a policy's extractors: one, or the actor's and the critic's."""
    return list(dict.fromkeys([policy.pi_features_extractor, policy.vf_features_extractor]))


def convolutions(extractor: nn.Module) -> nn.Module | None:
    """Find the convolutions of an extractor that is built as SB3's NatureCNN.

    :return: Its module ``cnn``, if it has one, and ``linear`` behind it, and the convolutions
        compute the same in training as in evaluation mode
    """
    cnn, linear = getattr(extractor, "cnn", None), getattr(extractor, "linear", None)
    if not (isinstance(cnn, nn.Module) and isinstance(linear, nn.Module)):
        return None
    has_modes = any(isinstance(module, _NormBase | _DropoutNd) for module in cnn.modules())
    return None if has_modes else cnn


def multiply_weights_first(policy: ActorCriticPolicy) -> None:
    """Let the extractors' dense layers compute (weight @ input^T)^T.

    For the few images of a timestep MKL takes about half as long for it as for
    input @ weight^T, which is what ``nn.Linear`` asks it for.
    """
    for extractor in extractors(policy):
        for module in extractor.modules():
            if type(module) is nn.Linear and module.bias is not None:
                module.forward = _WeightsFirst(module)  # type: ignore[assignment]  # of one instance


class _WeightsFirst:
    def __init__(self, linear: nn.Linear) -> None:
        self.linear = linear

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        if x.dim() != 2:
            return nn.functional.linear(x, self.linear.weight, self.linear.bias)
        return torch.addmm(self.linear.bias[:, None], self.linear.weight, x.t()).t()
