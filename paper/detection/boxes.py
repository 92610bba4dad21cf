"""Boxes: anchors, how they are moved, how much they overlap, which are proposed.

A box is (row, column, height, width), the first two of its centre, in pixels.
"""

import numpy as np
import torch

ANCHORS = ("intended", "released")
SHAPES = (
    *((15, 15), (20, 20), (25, 25), (15, 20), (20, 25)),
    *((20, 15), (25, 20), (15, 25), (25, 15)),
)
"""Heights and widths of a cell's anchors, in the released code's order."""
N_CELLS = 13
"""Cells down and across, of two 5x5 convolutions and two poolings of 64 pixels."""
STRIDE, FIRST_CENTRE = 4, 8
NMS_IOU = 0.8
N_PROPOSALS = 10


def make_anchors(kind: str) -> torch.Tensor:
    """Return the boxes that the network is to move, in the order of its outputs.

    :param kind: ``"intended"``: nine shapes around the centre of each cell; ``"released"``: the
        same numbers as the released code's networks get them. It lays them out by (coordinate,
        shape, row, column), moves the first two axes together to the end, and reads them back by
        (row, column, shape, coordinate): four in a row are then one coordinate of four shapes
    :return: shape (13 * 13 * 9, 4)
    """
    centres = FIRST_CENTRE + STRIDE * np.arange(N_CELLS, dtype=np.float32)
    heights, widths = np.array(SHAPES, dtype=np.float32).T
    k, n = len(SHAPES), N_CELLS
    laid_out = np.empty((4, k, n, n), dtype=np.float32)
    laid_out[0], laid_out[1] = centres[:, None], centres
    laid_out[2], laid_out[3] = heights[:, None, None], widths[:, None, None]
    if kind == "released":
        boxes = laid_out.reshape(4 * k, n, n).transpose(1, 2, 0).reshape(-1, 4)
    else:
        boxes = laid_out.transpose(2, 3, 1, 0).reshape(-1, 4)
    return torch.from_numpy(boxes.copy())


def move(boxes: torch.Tensor, by: torch.Tensor) -> torch.Tensor:
    """Move boxes: centres in parts of their size, sizes by factors of which the logarithm is given.

    :param by: what the network says, shape (..., 4)
    """
    centres = boxes[..., :2] + by[..., :2] * boxes[..., 2:]
    return torch.cat([centres, boxes[..., 2:] * by[..., 2:].exp()], dim=-1)


def moves_between(boxes: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return what :func:`move` needs to move boxes to targets, shape (..., 4)."""
    centres = (targets[..., :2] - boxes[..., :2]) / boxes[..., 2:]
    return torch.cat([centres, (targets[..., 2:] / boxes[..., 2:]).log()], dim=-1)


def corners(boxes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the lowest and the highest rows and columns, each of shape (..., 2)."""
    half = boxes[..., 2:] / 2
    return boxes[..., :2] - half, boxes[..., :2] + half


def overlap(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the intersection over union (IOU) of each box of one set with each of another.

    :param a: shape (..., n, 4)
    :param b: shape (..., m, 4)
    :return: shape (..., n, m)
    """
    a, b = a.unsqueeze(-2), b.unsqueeze(-3)
    (low_a, high_a), (low_b, high_b) = corners(a), corners(b)
    shared = (torch.minimum(high_a, high_b) - torch.maximum(low_a, low_b)).clamp(min=0)
    both = shared[..., 0] * shared[..., 1]
    return both / (a[..., 2] * a[..., 3] + b[..., 2] * b[..., 3] - both)


def propose(boxes: torch.Tensor, scores: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Choose ten boxes of each canvas: the best ones that do not nearly coincide.

    Non-maximum suppression: the box of the highest score is taken, those whose IOU with it is above
    .8 are dropped, and so on.

    :param boxes: shape (canvases, n, 4)
    :param scores: shape (canvases, n)
    :return: the boxes, shape (canvases, 10, 4), best first, and their scores, shape
        (canvases, 10), which are -inf where no box is left
    """
    left, every = scores.clone(), torch.arange(len(boxes))
    chosen, values = [], []
    for _ in range(N_PROPOSALS):
        value, which = left.max(dim=1)
        box = boxes[every, which]
        chosen.append(box)
        values.append(value)
        left[overlap(boxes, box[:, None])[..., 0] > NMS_IOU] = -torch.inf
        left[every, which] = -torch.inf
    return torch.stack(chosen, dim=1), torch.stack(values, dim=1)
