"""A pass through a network that leaves no trace, to see what its convolutions get."""

from typing import Any

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd


def single_pixels(module: nn.Module, example: Any) -> set[nn.Module]:
    """Find the convolutions of which all inputs are single pixels, as in squeeze-and-excitation.

    Nothing is trained or counted, and no random state moves.

    :param module: The network
    :param example: An input
    """
    single: dict[nn.Module, bool] = {}

    def look(conv: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        assert isinstance(conv, _ConvNd)
        is_single = set(inputs[0].shape[-len(conv.kernel_size) :]) == {1}
        single[conv] = is_single and single.get(conv, True)

    convs = [part for part in module.modules() if isinstance(part, _ConvNd)]
    hooks = [conv.register_forward_pre_hook(look) for conv in convs]
    modes = [(part, part.training) for part in module.modules()]
    devices = {parameter.get_device() for parameter in module.parameters() if parameter.is_cuda}
    try:
        with torch.no_grad(), torch.random.fork_rng(devices):
            module.eval()(example)
    finally:
        for part, mode in modes:
            part.training = mode
        for hook in hooks:
            hook.remove()
    return {conv for conv, is_single in single.items() if is_single}
