"""What there is to a convolution besides its weights, and the sizes of what it gets."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.modules.conv import _ConvNd


def why_not_plain(conv: _ConvNd) -> str | None:
    """Say what one of torch's convolutions has that a new one of its settings would not have.

    :param conv: The convolution, of exactly one of torch's classes
    :return: The reason, to follow "it", or None
    """
    if "weight" not in conv._parameters:
        return "has a weight that is computed from others, as by weight norm or pruning"
    if hooks := [name for name, value in vars(conv).items() if name.endswith("_hooks") and value]:
        return f"has hooks ({', '.join(hooks)}), which the new layer would not have"
    fresh = type(conv)(**plain_arguments(conv, conv.in_channels))
    parts = [conv._parameters.keys() - fresh._parameters.keys(), conv._buffers, conv._modules]
    if own := sorted(set().union(vars(conv).keys() - vars(fresh).keys(), *parts)):
        return f"has {', '.join(own)} of its own, which the new layer would not have"
    if conv.weight.shape != fresh.weight.shape:
        return f"has a weight of another shape than its settings say, {tuple(conv.weight.shape)}"
    if conv._reversed_padding_repeated_twice != fresh._reversed_padding_repeated_twice:
        return "was made with another padding, which torch still uses for part of its work"
    return None


def plain_arguments(conv: _ConvNd, in_channels: int) -> dict[str, Any]:
    """Return the arguments that make a convolution like this one, drawing no random numbers."""
    output_padding = {"output_padding": conv.output_padding} if conv.transposed else {}
    return {
        "in_channels": in_channels,
        "out_channels": conv.out_channels,
        "kernel_size": conv.kernel_size,
        "stride": conv.stride,
        "padding": conv.padding,
        "dilation": conv.dilation,
        "groups": conv.groups,
        "bias": conv.bias is not None,
        "padding_mode": conv.padding_mode,
        "dtype": conv.weight.dtype,
        "device": "meta",
        **output_padding,
    }


def scales_filters(
    new: torch.Tensor | None,
    old: torch.Tensor | None,
    filters: Callable[[torch.Tensor], torch.Tensor],
) -> bool:
    """Whether a weight is another with a scale for each filter, as if batch norm was folded.

    :param new: The one
    :param old: The other
    :param filters: Arranges a weight as (filters, ...)
    """
    if new is None or old is None or new.is_meta or type(new.detach()) is not torch.Tensor:
        return False
    if new.shape != old.shape or new.device != old.device or new.dtype != old.dtype:
        return False
    rows, before = (filters(weight.detach()).flatten(1).double() for weight in (new, old))
    if rows.shape[1] == 1:
        return False  # a single number a filter is a scale whatever it is
    scale = (rows * before).sum(1, keepdim=True) / before.square().sum(1, keepdim=True)
    rounding = 2 * max(torch.finfo(new.dtype).eps, 1e-12)  # of the sums, in double precision
    is_scaled = torch.allclose(rows, scale.nan_to_num() * before, rtol=rounding, atol=0)
    return is_scaled and bool(((scale - 1).abs() > rounding).any())


def input_sizes(module: nn.Module, example: Any) -> dict[nn.Module, set[tuple[int, ...]]]:
    """Find the spatial sizes of what a network's convolutions get, of those that get anything.

    Nothing is trained or counted, and no random state moves.

    :param module: The network
    :param example: An input
    """
    sizes: dict[nn.Module, set[tuple[int, ...]]] = {}

    def look(conv: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        assert isinstance(conv, _ConvNd)
        sizes.setdefault(conv, set()).add(tuple(inputs[0].shape[-len(conv.kernel_size) :]))

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
    return sizes
