"""Layers that keep what they compute in a rollout's passes, and give it back in the update."""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import torch
from torch import nn

from agents.acceleration.networks import WeightsFirst, applied_weight
from coordrl import CoordConv2d

Gradients = tuple[torch.Tensor | None, ...]


class Phase(Enum):
    """What kept layers do beside computing."""

    NOTHING = auto()
    KEEPING = auto()
    GIVING_BACK = auto()


@dataclass
class Passes:
    """Where a rollout stands, for all of a policy's kept layers.

    :param n_steps: Number of passes in a rollout
    :param phase: What is being done
    :param number: Which pass is being kept, from 0
    """

    n_steps: int
    phase: Phase = Phase.NOTHING
    number: int = 0


class _Store:
    """What one layer computed in the passes of a rollout, one after the other."""

    def __init__(self, passes: Passes) -> None:
        self._passes = passes
        self.outputs = torch.empty(0)

    def keep(self, output: torch.Tensor) -> None:
        n = len(output)
        shape = (self._passes.n_steps * n, *output.shape[1:])
        if self.outputs.shape != shape:
            layout = torch.channels_last if output.dim() == 4 else torch.contiguous_format
            self.outputs = torch.empty(
                shape, dtype=output.dtype, device=output.device, memory_format=layout
            )
        first = self._passes.number * n
        self.outputs[first : first + n].copy_(output)


class KeptConv:
    """Stands in for the ``forward`` of a convolution and of the ReLU behind it.

    A coordinate map is computed once a rollout, with its gradient.

    :param conv: The convolution, with or without coordinates, padded with zeros if at all
    :param relu: The ReLU that takes its output, if one does
    :param passes: Where the rollout stands
    """

    def __init__(self, conv: nn.Conv2d, relu: nn.ReLU | None, passes: Passes) -> None:
        self._conv, self._rectifies, self._passes = conv, relu is not None, passes
        self._compute = conv.forward
        self._store = _Store(passes)
        self._map: torch.Tensor | None = None
        conv.forward = self  # type: ignore[assignment,method-assign]
        if relu is not None:
            relu.forward = _leave  # type: ignore[assignment,method-assign]

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        """Compute what the layers do, or give it back.

        :param x: Tensor of shape (N, in_channels, height, width)
        """
        conv = self._conv
        if self._passes.phase is Phase.GIVING_BACK:
            given = (x, applied_weight(conv), conv.bias, self._map, self._store.outputs)
            known: torch.Tensor = _KnownConv.apply(*given, conv, self._rectifies)  # type: ignore[no-untyped-call]  # torch's
            self._map = None
            return known
        keeping = self._passes.phase is Phase.KEEPING
        output = self._convolve(x) if keeping else self._compute(x)
        if self._rectifies:
            output.relu_()
        if keeping:
            self._store.keep(output)
        return output

    def _convolve(self, x: torch.Tensor) -> torch.Tensor:
        conv = self._conv
        output: torch.Tensor = conv._conv_forward(x, conv.weight, conv.bias)
        if isinstance(conv, CoordConv2d):
            if self._map is None or self._passes.number == 0:
                with torch.enable_grad():
                    self._map = conv.add_map(x, torch.zeros_like(output[:1]))
            # In the memory's order, as rows of numbers: over four axes torch takes twice as long.
            last = output.stride(1) == 1
            target, added = (_rows(output), _rows(self._map)) if last else (output, self._map)
            target.add_(added.detach())
        return output


class KeptDense:
    """Stands in for what a dense layer computes.

    :param dense: What computes it
    :param passes: Where the rollout stands
    """

    def __init__(self, dense: WeightsFirst, passes: Passes) -> None:
        self._passes = passes
        self._multiply = dense.multiply
        self._store = _Store(passes)
        dense.multiply = self

    def __call__(self, x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """Compute x @ weight^T + bias, or give it back."""
        if self._passes.phase is Phase.GIVING_BACK:
            known: torch.Tensor = _KnownDense.apply(x, weight, bias, self._store.outputs)  # type: ignore[no-untyped-call]  # torch's
            return known
        output = self._multiply(x, weight, bias)
        if self._passes.phase is Phase.KEEPING:
            self._store.keep(output)
        return output


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
            height, width = grad.shape[2:]
            map_grad = _rows(grad).sum(0).view(1, height, width, -1).movedim(-1, 1)
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


def _rows(images: torch.Tensor) -> torch.Tensor:
    """See images that lie channels last as (N, height * width * channels)."""
    return images.movedim(1, -1).view(len(images), -1)


def _leave(x: torch.Tensor) -> torch.Tensor:
    return x
