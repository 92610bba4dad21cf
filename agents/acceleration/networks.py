"""The layers of a policy's extractors, and what each is told to do in another way."""

from collections.abc import Callable
from itertools import pairwise
from typing import TypeGuard

import torch
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import NatureCNN
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

from coordrl import CoordConv2d, CoordImpalaCNN

WHITE = 255
"""The largest value of a pixel, by which SB3 divides images."""

_LINEAR_OF_CNN = (NatureCNN.forward, CoordImpalaCNN.forward)
"""How extractors compute that are known to be ``linear(cnn(images))``."""


def extractors(policy: ActorCriticPolicy) -> list[nn.Module]:
    """List a policy's extractors: one, or the actor's and the critic's."""
    return list(dict.fromkeys([policy.pi_features_extractor, policy.vf_features_extractor]))


def steady_extractors(policy: ActorCriticPolicy) -> list[nn.Module]:
    """List the known extractors whose layers are each used once, and the same in every mode.

    Layers of other classes than torch's and ours might do anything.
    """
    return [extractor for extractor in extractors(policy) if _is_steady(extractor)]


def convolutions(extractor: nn.Module) -> list[tuple[nn.Conv2d, nn.ReLU | None]]:
    """List an extractor's 2-D convolutions, padded with zeros if at all.

    :return: Each with the ReLU that follows it in an ``nn.Sequential``, or None
    """
    followed: dict[nn.Conv2d, nn.ReLU | None] = {
        module: None for module in extractor.modules() if is_conv(module)
    }
    for module in extractor.modules():
        if isinstance(module, nn.Sequential):
            for layer, following in pairwise(module):
                if is_conv(layer) and type(following) is nn.ReLU:
                    followed[layer] = following
    return list(followed.items())


def dense_layers(extractor: nn.Module) -> list["WeightsFirst"]:
    """List what stands in for an extractor's dense layers."""
    forwards = [module.forward for module in extractor.modules()]
    return [forward for forward in forwards if isinstance(forward, WeightsFirst)]


def divide_weights(policy: ActorCriticPolicy) -> None:
    """Let the first convolutions divide their weights by 255, where SB3 divides the images.

    Only where images can go nowhere else: in known extractors.
    """
    first = [_first_conv(extractor) for extractor in extractors(policy)]
    convs = [conv for conv in first if conv is not None]
    if policy.normalize_images and len(convs) == len(first):
        saved = policy._get_constructor_parameters() | {"normalize_images": True}
        policy._get_constructor_parameters = lambda: saved  # type: ignore[method-assign]  # for save()
        policy.normalize_images = False
        for conv in convs:
            conv._conv_forward = _Divided(conv._conv_forward)  # type: ignore[assignment,method-assign]


def applied_weight(conv: nn.Conv2d) -> torch.Tensor:
    """Return the weight that a convolution applies: divided, if it was told to."""
    return conv.weight / WHITE if isinstance(conv._conv_forward, _Divided) else conv.weight


def rectify_in_place(policy: ActorCriticPolicy) -> None:
    """Let ReLU overwrite the outputs of convolutions, whose gradients do not need them."""
    for extractor in steady_extractors(policy):
        for _, relu in convolutions(extractor):
            if relu is not None:
                relu.inplace = True


def multiply_weights_first(policy: ActorCriticPolicy) -> None:
    """Let the extractors' dense layers compute (weight @ input^T)^T.

    For the few images of a timestep MKL takes about half as long for it as for
    input @ weight^T, which is what ``nn.Linear`` asks it for.
    """
    for extractor in extractors(policy):
        for module in extractor.modules():
            if type(module) is nn.Linear and module.bias is not None:
                module.forward = WeightsFirst(module)  # type: ignore[assignment]  # of one instance


class WeightsFirst:
    """Stands in for the ``forward`` of a dense layer with a bias.

    :param linear: The layer
    """

    def __init__(self, linear: nn.Linear) -> None:
        self.linear = linear
        self.multiply: Callable[..., torch.Tensor] = _multiply_weights_first

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Compute what the layer does.

        :param x: Tensor of shape (..., in_features)
        """
        if x.dim() != 2:
            return nn.functional.linear(x, self.linear.weight, self.linear.bias)
        return self.multiply(x, self.linear.weight, self.linear.bias)


def _multiply_weights_first(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor
) -> torch.Tensor:
    return torch.addmm(bias[:, None], weight, x.t()).t()


class _Divided:
    def __init__(self, convolve: Callable[..., torch.Tensor]) -> None:
        self._convolve = convolve

    def __call__(
        self, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor | None
    ) -> torch.Tensor:
        return self._convolve(x, weight / WHITE, bias)


def _first_conv(extractor: nn.Module) -> nn.Conv2d | None:
    """Find the convolution that takes the images of a known extractor, if it is one."""
    layer = extractor.cnn if _is_known(extractor) else None
    while isinstance(layer, nn.Sequential):
        layer = layer[0]
    return layer if is_conv(layer) else None


def _is_known(extractor: nn.Module) -> bool:
    return type(extractor).forward in _LINEAR_OF_CNN


def _is_steady(extractor: nn.Module) -> bool:
    layers = [layer for _, layer in extractor.named_modules(remove_duplicate=False)][1:]
    return (
        _is_known(extractor)
        and len(layers) == len(set(layers))
        and all(type(layer).__module__.startswith(("torch.nn.", "coordrl.")) for layer in layers)
        and not any(isinstance(layer, _NormBase | _DropoutNd) for layer in layers)
    )


def is_conv(module: object) -> TypeGuard[nn.Conv2d]:
    """Whether it is a 2-D convolution, with or without coordinates, padded with zeros if at all."""
    return (
        isinstance(module, nn.Conv2d)
        and type(module) in (nn.Conv2d, CoordConv2d)
        and module.padding_mode == "zeros"
        and not isinstance(module.padding, str)
    )
