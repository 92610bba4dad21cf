"""A painter of pixels whose gradient passes only through the pixels that matter to it."""

from collections.abc import Callable
from typing import Any

import torch

from paper.not_so_clevr.networks import CoordPainter

NEGLIGIBLE = 1e-6
"""Pixels with less than this part of a place's whole gradient are left out of it."""


def paint(painter: CoordPainter, place: torch.Tensor) -> torch.Tensor:
    """Return what ``painter(place)`` returns; its gradient is cheaper.

    A softmax passes a pixel's gradient on in proportion to its probability, and soon all but a few
    of the 4,096 pixels have next to none. 1x1 convolutions treat each pixel by itself, so only
    those that matter are computed again, with what backpropagation needs.

    :param place: places of shape (n, 2)
    :return: logits of shape (n, canvas, canvas)
    """
    apply: Callable[..., torch.Tensor] = _Selective.apply
    return apply(painter, place, *painter.parameters())


class _Selective(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, painter: CoordPainter, place: torch.Tensor, *_weights: torch.Tensor
    ) -> torch.Tensor:
        ctx.painter, ctx.place = painter, place
        logits: torch.Tensor = painter(place)
        return logits

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        painter, place = ctx.painter, ctx.place
        size = gradient.flatten(1).abs()
        matters = size >= NEGLIGIBLE * size.sum(dim=1, keepdim=True)
        with torch.enable_grad():
            if matters.double().mean() > 0.5:
                logits, through = painter(place), gradient
            else:
                which, where = matters.nonzero(as_tuple=True)
                logits = painter.at(place, which, where)
                through = gradient.flatten(1)[which, where]
        return None, None, *torch.autograd.grad(logits, list(painter.parameters()), through)
