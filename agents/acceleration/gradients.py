"""Gradients of layers by themselves, as torch's autograd computes them."""

from collections.abc import Callable

import torch
from torch import nn

Gradients = tuple[torch.Tensor | None, ...]


def conv_gradient(conv: nn.Conv2d) -> Callable[..., Gradients]:
    """Make the function that computes a convolution's gradients.

    :param conv: The convolution, padded with zeros
    :return: Function of the output's gradient, the input, the weight, and of which of the
        gradients of input, weight and bias are needed
    """

    def gradients(
        grad: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, needed: list[bool]
    ) -> Gradients:
        bias_size = [conv.out_channels] if needed[2] else None
        settings = (conv.stride, conv.padding, conv.dilation, False, (0, 0), conv.groups)
        backward = torch.ops.aten.convolution_backward
        result: Gradients = backward(grad, x, weight, bias_size, *settings, needed)
        return result

    return gradients


def dense_gradient(
    grad: torch.Tensor, x: torch.Tensor, weight: torch.Tensor, needed: list[bool]
) -> Gradients:
    """Compute a dense layer's gradients, of what :func:`conv_gradient`'s function takes."""
    return (
        grad @ weight if needed[0] else None,
        grad.t() @ x if needed[1] else None,
        grad.sum(0) if needed[2] else None,
    )
