"""The paper's region-proposal network, plain and with CoordConv."""

from math import prod, sqrt

import torch
from torch import nn

from coordrl import CoordConv2d
from paper.detection.boxes import SHAPES

MODELS = ("plain", "coordconv")
FULL_WIDTH = 32
"""The paper's."""
_HIDDEN = 32


class ProposalNetwork(nn.Module):
    """A canvas to boxes' moves and scores: 81,590 parameters, 83,838 with CoordConv.

    Two 5x5 convolutions, each followed by pooling, then a 3x3 one of 32 filters; a *mover* of
    a 3x3 and a 1x1 convolution, and a *scorer* of one 1x1 convolution. Coordinates are given to the
    first convolution, to the third and to the mover's last.

    :param model: ``"plain"`` or ``"coordconv"``
    :param width: filters of the first convolution, half as many as of the second
    """

    def __init__(self, model: str, width: int = FULL_WIDTH) -> None:
        super().__init__()
        special = CoordConv2d if model == "coordconv" else nn.Conv2d
        k = len(SHAPES)
        self.features = nn.Sequential(
            *(special(1, width, 5), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(width, 2 * width, 5), nn.ReLU(), nn.MaxPool2d(2)),
            *(special(2 * width, _HIDDEN, 3, padding=1), nn.ReLU()),
        )
        self.mover = nn.Sequential(
            *(nn.Conv2d(_HIDDEN, _HIDDEN, 3, padding=1), nn.ReLU(), special(_HIDDEN, 4 * k, 1))
        )
        self.scorer = nn.Conv2d(_HIDDEN, 2 * k, 1)
        self._initialise()

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return moves and logits of all boxes.

        :param images: shape (n, 1, 64, 64)
        :return: moves of shape (n, boxes, 4), and logits of shape (n, boxes, 2): of a digit, and of
            none
        """
        features = self.features(images)
        moves, logits = self.mover(features), self.scorer(features)
        return _by_box(moves, 4), _by_box(logits, 2)

    @torch.no_grad()
    def _initialise(self) -> None:
        """Draw weights as the released code does: He's, no biases, boxes not moved at first.

        Coordinates count as inputs; their weights are drawn last, so that both networks of a seed
        begin with the same numbers elsewhere, but for their scale.
        """
        layers = [layer for layer in self.modules() if isinstance(layer, nn.Conv2d)]
        scales = {}
        for layer in layers:
            n_inputs = prod(layer.weight.shape[1:])
            if isinstance(layer, CoordConv2d):
                n_inputs += prod(layer.coord_weight.shape[1:])
            scales[layer] = 0.0 if layer is self.mover[2] else sqrt(2 / n_inputs)
            layer.weight.normal_().mul_(scales[layer])
            if layer.bias is not None:
                layer.bias.zero_()
        for layer in layers:
            if isinstance(layer, CoordConv2d):
                layer.coord_weight.normal_().mul_(scales[layer])


def _by_box(output: torch.Tensor, k: int) -> torch.Tensor:
    """Turn (n, boxes of a cell * k, rows, columns) into (n, all boxes, k)."""
    return output.permute(0, 2, 3, 1).reshape(len(output), -1, k)
