"""The layers that stand in for a network's own: all that makes one faster is in one place."""

from typing import Any

import torch
from torch import nn

from agents.acceleration.passes import Kept, Passes, Phase
from coordrl import CoordConv2d

WHITE = 255
"""The largest value of a pixel, by which SB3 divides images."""

Gradients = tuple[torch.Tensor | None, ...]


class _FastLayer:
    """Stands in for the ``forward`` of a layer, keeps what it computes, and gives it back."""

    def __init__(self, passes: Passes) -> None:
        self._passes = passes
        self._kept = Kept(passes)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Compute what the layer does, or give it back."""
        phase = self._passes.phase
        if phase is Phase.GIVING_BACK:
            return self._give_back(x, self._kept.tensor)
        output = self._compute(x)
        if phase is Phase.KEEPING:
            self._kept.keep(output)
        return output

    def _compute(self, x: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def _give_back(self, x: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
        """Return the output of all passes, which the input and the parameters get gradients of."""
        raise NotImplementedError


class FastConv(_FastLayer):
    """Stands in for the ``forward`` of a convolution and of the ReLU behind it.

    ReLU overwrites the convolution's output, whose gradient does not need it.

    :param conv: The convolution, with or without coordinates, padded with zeros if at all
    :param relu: The ReLU that alone takes its output, if one does
    :param passes: Where the rollout stands
    :param divides: Whether to divide the weights by 255, where SB3 divides the images
    """

    def __init__(
        self, conv: nn.Conv2d, relu: nn.ReLU | None, passes: Passes, *, divides: bool
    ) -> None:
        super().__init__(passes)
        self._conv, self._rectifies, self._divides = conv, relu is not None, divides
        conv.forward = self  # type: ignore[assignment,method-assign]
        if relu is not None:
            relu.forward = _leave  # type: ignore[assignment,method-assign]

    def _weight(self) -> torch.Tensor:
        return self._conv.weight / WHITE if self._divides else self._conv.weight

    def _compute(self, x: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self._conv._conv_forward(x, self._weight(), self._conv.bias)
        if isinstance(self._conv, CoordConv2d):
            self._conv.add_map(x, output)
        return output.relu_() if self._rectifies else output

    def _give_back(self, x: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
        conv, coord_map = self._conv, None
        if isinstance(conv, CoordConv2d):
            coord_map = conv.add_map(x, torch.zeros_like(output[:1]))
        given = (x, self._weight(), conv.bias, coord_map, output, conv, self._rectifies)
        known: torch.Tensor = _KnownConv.apply(*given)  # type: ignore[no-untyped-call]  # torch's
        return known


class FastDense(_FastLayer):
    """Stands in for the ``forward`` of a dense layer with a bias.

    It computes (weight @ input^T)^T: for the few images of a timestep MKL takes about half as long
    for it as for input @ weight^T, which is what ``nn.Linear`` asks it for.
    """

    def __init__(self, linear: nn.Linear, passes: Passes) -> None:
        super().__init__(passes)
        self._linear = linear
        linear.forward = self  # type: ignore[assignment,method-assign]

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Compute what the layer does, of a tensor of shape (..., in_features)."""
        if x.dim() != 2:
            return nn.functional.linear(x, self._linear.weight, self._linear.bias)
        return super().__call__(x)

    def _compute(self, x: torch.Tensor) -> torch.Tensor:
        return torch.addmm(self._linear.bias[:, None], self._linear.weight, x.t()).t()

    def _give_back(self, x: torch.Tensor, output: torch.Tensor) -> torch.Tensor:
        given = (x, self._linear.weight, self._linear.bias, output)
        known: torch.Tensor = _KnownDense.apply(*given)  # type: ignore[no-untyped-call]  # torch's
        return known


class _KnownConv(torch.autograd.Function):
    """A convolution, coordinate map and ReLU whose output is known."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        coord_map: torch.Tensor | None,
        output: torch.Tensor,
        conv: nn.Conv2d,
        rectified: bool,
    ) -> torch.Tensor:
        output = output.detach()
        ctx.save_for_backward(x, weight, *[output] * rectified)
        ctx.conv, ctx.has_bias, ctx.has_map = conv, bias is not None, coord_map is not None
        return output

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Gradients:
        x, weight, *output = ctx.saved_tensors
        conv = ctx.conv
        grad = grad.contiguous(memory_format=torch.channels_last)
        if output:
            grad = torch.ops.aten.threshold_backward(grad, output[0], 0)
        bias_size = [conv.out_channels] if ctx.has_bias else None
        settings = (conv.stride, conv.padding, conv.dilation, False, (0, 0), conv.groups)
        needed = [ctx.needs_input_grad[0], True, ctx.has_bias]
        gradients = torch.ops.aten.convolution_backward(
            grad, x, weight, bias_size, *settings, needed
        )
        map_grad = None
        if ctx.has_map:
            # In the memory's order, as rows of numbers: over four axes torch takes longer.
            rows = grad.movedim(1, -1).view(len(grad), -1)
            map_grad = rows.sum(0).view(1, *grad.shape[2:], -1).movedim(-1, 1)
        return (*gradients, map_grad, None, None, None)


class _KnownDense(torch.autograd.Function):
    """A dense layer whose output is known."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor,  # noqa: ARG004  (it gets a gradient)
        output: torch.Tensor,
    ) -> torch.Tensor:
        ctx.save_for_backward(x, weight)
        return output.detach()

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> Gradients:
        x, weight = ctx.saved_tensors
        return grad @ weight, grad.t() @ x, grad.sum(0), None


def _leave(x: torch.Tensor) -> torch.Tensor:
    return x
