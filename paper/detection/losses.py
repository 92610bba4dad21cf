"""The released code's losses, and the boxes that they are taken of."""

from typing import NamedTuple

import torch
import torch.nn.functional as F  # noqa: N812  (torch's name for it)

from paper.detection.boxes import corners, move, moves_between, overlap
from paper.detection.data import CANVAS

RIGHT, WRONG = 0.5, 0.1
"""A box is a digit's above the first IOU, and nobody's where all are below the second."""
N_EACH = 6
"""Boxes of each kind that a canvas' losses are taken of."""


class Losses(NamedTuple):
    """What a batch is trained by, and how well its boxes are moved.

    :param total: scalar to be minimised
    :param iou: mean IOU of the digits' boxes that were drawn: the released code's
        ``pos_box_iou_train``
    """

    total: torch.Tensor
    iou: float


def losses(
    anchors: torch.Tensor, moves: torch.Tensor, logits: torch.Tensor, truths: torch.Tensor
) -> Losses:
    """Return the losses of canvases: how far boxes are off, and how wrong scores are.

    It is the *moved* boxes whose IOU decides which are drawn, as in the released code.

    :param anchors: shape (boxes, 4)
    :param moves: what the network says, shape (n, boxes, 4)
    :param logits: of a digit and of none, shape (n, boxes, 2)
    :param truths: boxes of digits, shape (n, digits, 4)
    """
    with torch.no_grad():
        moved = move(anchors, moves)
        ious = overlap(moved, truths)
        positives, negatives = _candidates(moved, ious)
        chosen, is_positive = _draw(positives.flatten(1), N_EACH)
        none, is_negative = _draw(negatives, N_EACH)
        # The released code draws from more than six candidates, or none.
        is_negative &= (negatives.sum(dim=1) > N_EACH)[:, None]
        box, truth = chosen // truths.shape[1], chosen % truths.shape[1]
        every = torch.arange(len(truths))[:, None]
        targets = moves_between(anchors[box], truths[every, truth])
        iou = _mean(ious[every, box, truth], is_positive)
    off = (moves[every, box] - targets).abs()
    of_boxes = torch.where(off > 1, off, off.square()).sum(dim=2)
    of_scores = torch.cat(
        [
            F.softplus(logits[every, box, 1] - logits[every, box, 0]),
            F.softplus(logits[every, none, 0] - logits[every, none, 1]),
        ],
        dim=1,
    )
    drawn = torch.cat([is_positive, is_negative], dim=1)
    return Losses(_mean(of_boxes, is_positive) + _mean(of_scores, drawn), iou.item())


def _candidates(moved: torch.Tensor, ious: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return which boxes may be drawn for which digit, and which for none.

    :param moved: shape (n, boxes, 4)
    :param ious: shape (n, boxes, digits)
    :return: bool of shapes (n, boxes, digits) and (n, boxes)
    """
    low, high = corners(moved)
    inside = ((low >= 0) & (high <= CANVAS - 1)).all(dim=2)
    closest = torch.zeros_like(ious, dtype=torch.bool)
    closest.scatter_(1, ious.argmax(dim=1, keepdim=True), value=True)
    positives = closest | ((ious > RIGHT) & inside[..., None])
    negatives = ((ious < WRONG) & ~closest).all(dim=2) & inside
    others = ~positives.any(dim=2)
    return positives, torch.where(negatives.any(dim=1, keepdim=True), negatives, others)


def _draw(candidates: torch.Tensor, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw up to ``n`` candidates of each row at random.

    :param candidates: bool of shape (rows, items)
    :return: indices of items, and whether each is a candidate, both of shape (rows, n)
    """
    keys = torch.where(candidates, torch.rand(candidates.shape), -1.0)
    values, indices = keys.topk(n, dim=1)
    return indices, values >= 0


def _mean(values: torch.Tensor, which: torch.Tensor) -> torch.Tensor:
    """Return the mean over canvases of the mean of each one's drawn values."""
    return ((values * which).sum(dim=1) / which.sum(dim=1).clamp(min=1)).mean()
