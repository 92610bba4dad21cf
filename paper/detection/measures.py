"""How good proposals are: the released code's measures, and what they leave out."""

import torch

from paper.detection.boxes import move, overlap, propose
from paper.detection.data import Field
from paper.detection.networks import ProposalNetwork

FOUND = 0.5
"""A digit is found, and a proposal right, where their IOU is above this."""
AT_ONCE = 50
"""Canvases that are looked at together."""


@torch.no_grad()
def proposals(
    network: ProposalNetwork, anchors: torch.Tensor, images: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the network's ten proposals for each canvas, shape (n, 10, 4), and their scores."""
    network.eval()
    parts = []
    for some in torch.split(images, AT_ONCE):
        moves, logits = network(some)
        parts.append(propose(move(anchors, moves), logits.softmax(dim=2)[..., 0]))
    boxes, scores = zip(*parts, strict=True)
    return torch.cat(boxes), torch.cat(scores)


def measure(boxes: torch.Tensor, scores: torch.Tensor, field: Field) -> dict[str, float]:
    """Say how good proposals are.

    :param boxes: shape (n, proposals, 4)
    :param scores: shape (n, proposals); -inf where there is no proposal
    :return: ``average``: mean IOU of all proposals with all digits (``mean_nms_iou`` in the
        released code); ``select``: mean over proposals of the IOU with the digit that each is
        nearest to (``mean_argmax_nms_iou``); ``truth``: mean over digits of the IOU with the
        nearest proposal; ``recall``: digits that are found; ``precision``: proposals that are right
    """
    ious = overlap(boxes, field.boxes).double()
    there = torch.isfinite(scores)
    ious = torch.where(there[..., None], ious, 0.0)
    of_proposals, of_truths = ious.amax(dim=2), ious.amax(dim=1)
    n = there.sum()
    return {
        "average": (ious.mean(dim=2).sum() / n).item(),
        "select": (of_proposals.sum() / n).item(),
        "truth": of_truths.mean().item(),
        "recall": (of_truths > FOUND).double().mean().item(),
        "precision": ((of_proposals > FOUND).sum() / n).item(),
    }
