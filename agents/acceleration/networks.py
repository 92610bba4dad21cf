"""The layers of a policy's extractors, and which of them fast layers can stand in for."""

from itertools import pairwise
from typing import TypeGuard

from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import NatureCNN
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd

from agents.acceleration.layers import FastConv, FastDense
from agents.acceleration.passes import Passes
from coordrl import CoordConv2d, CoordImpalaCNN, HadamaxCNN

_LINEAR_OF_CNN = (NatureCNN.forward, CoordImpalaCNN.forward, HadamaxCNN.forward)
"""How extractors compute that are known to be ``linear(cnn(images))``."""


def replace_layers(policy: ActorCriticPolicy, passes: Passes) -> None:
    """Let fast layers stand in for the convolutions and dense layers of a policy's extractors.

    :param passes: What the layers of steady extractors are to look at
    """
    extractors = dict.fromkeys([policy.pi_features_extractor, policy.vf_features_extractor])
    dividing = _divide_weights(policy, list(extractors))
    for extractor in extractors:
        steady = is_steady(extractor)
        looks_at = passes if steady else Passes(0)
        for conv, relu in convolutions(extractor):
            if steady or conv in dividing:
                FastConv(conv, relu if steady else None, looks_at, divides=conv in dividing)
        for module in extractor.modules():
            if type(module) is nn.Linear and module.bias is not None:
                FastDense(module, looks_at)


def is_steady(extractor: nn.Module) -> bool:
    """Whether it is a known one whose layers are each used once, and the same in every mode.

    Layers of other classes than torch's and ours might do anything.
    """
    layers = [layer for _, layer in extractor.named_modules(remove_duplicate=False)][1:]
    return (
        _is_known(extractor)
        and len(layers) == len(set(layers))
        and all(type(layer).__module__.startswith(("torch.nn.", "coordrl.")) for layer in layers)
        and not any(isinstance(layer, _NormBase | _DropoutNd) for layer in layers)
    )


def convolutions(extractor: nn.Module) -> list[tuple[nn.Conv2d, nn.ReLU | None]]:
    """List an extractor's 2-D convolutions, padded with zeros if at all.

    :return: Each with the ReLU that follows it in an ``nn.Sequential``, or None
    """
    followed: dict[nn.Conv2d, nn.ReLU | None] = {
        module: None for module in extractor.modules() if _is_conv(module)
    }
    for module in extractor.modules():
        if isinstance(module, nn.Sequential):
            for layer, following in pairwise(module):
                if _is_conv(layer) and type(following) is nn.ReLU:
                    followed[layer] = following
    return list(followed.items())


def _divide_weights(policy: ActorCriticPolicy, extractors: list[nn.Module]) -> list[nn.Conv2d]:
    """Leave it to the first convolutions to divide their weights, where SB3 divides the images.

    Only where images can go nowhere else: in known extractors.

    :return: The convolutions that are to divide, if any
    """
    convs = [conv for conv in map(_first_conv, extractors) if conv is not None]
    if not policy.normalize_images or len(convs) < len(extractors):
        return []
    saved = policy._get_constructor_parameters() | {"normalize_images": True}
    policy._get_constructor_parameters = lambda: saved  # type: ignore[method-assign]  # for save()
    policy.normalize_images = False
    return convs


def _first_conv(extractor: nn.Module) -> nn.Conv2d | None:
    """Find the convolution that takes the images of a known extractor, if it is one."""
    layer = extractor.cnn if _is_known(extractor) else None
    while isinstance(layer, nn.Sequential):
        layer = layer[0]
    return layer if _is_conv(layer) else None


def _is_known(extractor: nn.Module) -> bool:
    return type(extractor).forward in _LINEAR_OF_CNN


def _is_conv(module: object) -> TypeGuard[nn.Conv2d]:
    """Whether it is a 2-D convolution, with or without coordinates, padded with zeros if at all."""
    return (
        isinstance(module, nn.Conv2d)
        and type(module) in (nn.Conv2d, CoordConv2d)
        and module.padding_mode == "zeros"
        and not isinstance(module.padding, str)
    )
