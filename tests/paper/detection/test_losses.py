import torch
import torch.nn.functional as F  # noqa: N812

from paper.detection.boxes import make_anchors, move, moves_between, overlap
from paper.detection.losses import _candidates, losses

TRUTHS = torch.tensor(
    [[20.0, 20, 20, 20], [40, 20, 15, 25], [20, 44, 22, 18], [44, 44, 25, 15], [2, 60, 20, 20]]
)


def test_candidates_are_the_released_codes() -> None:
    anchors = make_anchors("intended")[None]
    ious = overlap(anchors, TRUTHS[None])
    positives, negatives = _candidates(anchors, ious)
    for truth in range(5):
        nearest = ious[0, :, truth].argmax()
        assert positives[0, nearest, truth]
    low, high = anchors[0, :, :2] - anchors[0, :, 2:] / 2, anchors[0, :, :2] + anchors[0, :, 2:] / 2
    for box in range(1521):
        inside = bool((low[box] >= 0).all() and (high[box] <= 63).all())
        is_nearest = [bool(ious[0, :, t].argmax() == box) for t in range(5)]
        for truth in range(5):
            right = is_nearest[truth] or (inside and bool(ious[0, box, truth] > 0.5))
            assert positives[0, box, truth] == right
        nobodys = inside and bool((ious[0, box] < 0.1).all()) and not any(is_nearest)
        assert negatives[0, box] == nobodys


def test_where_no_box_is_nobodys_any_that_is_not_a_digits_is_taken() -> None:
    boxes = torch.tensor([30.0, 30, 60, 60]).repeat(1, 20, 1)
    truths = torch.tensor([[30.0, 30, 50, 50]] * 5)[None]
    positives, negatives = _candidates(boxes, overlap(boxes, truths))
    assert positives.any(dim=2).all()
    assert not negatives.any()
    boxes[0, 10:, 0] = 90  # beyond the canvas, far from all
    positives, negatives = _candidates(boxes, overlap(boxes, truths))
    assert negatives[0].tolist() == [False] * 10 + [True] * 10


def test_losses_are_means_over_what_is_drawn() -> None:
    """Where all candidates are alike, it does not matter which are drawn."""
    anchors = make_anchors("intended")
    moves = torch.zeros(2, 1521, 4, requires_grad=True)
    logits = torch.tensor([2.0, -1.0]).repeat(2, 1521, 1)
    found = losses(anchors, moves, logits, TRUTHS.expand(2, 5, 4))
    of_scores = (F.softplus(torch.tensor(-3.0)) + F.softplus(torch.tensor(3.0))) / 2
    assert found.total > of_scores
    assert 0.3 < found.iou < 1
    found.total.backward()
    assert moves.grad is not None
    # At most six boxes of each canvas are moved.
    assert 1 <= moves.grad.any(dim=2).sum(dim=1).max() <= 6


def test_boxes_that_fit_cost_nothing() -> None:
    torch.manual_seed(0)
    anchors = make_anchors("released")
    targets = TRUTHS[:4].repeat(381, 1)[:1521]
    moves = moves_between(anchors, targets)[None]
    torch.testing.assert_close(move(anchors, moves[0]), targets)
    logits = torch.zeros(1, 1521, 2)
    found = losses(anchors, moves, logits, TRUTHS[None, :4])
    torch.testing.assert_close(found.total, torch.tensor(2.0).log(), atol=1e-4, rtol=0)
    assert found.iou > 0.999


def test_large_errors_count_as_they_are_and_small_ones_squared() -> None:
    anchors = torch.tensor([[30.0, 30, 20, 20]] * 30)
    moves = torch.zeros(1, 30, 4)
    for off, expected in ((0.5, 0.25), (2.0, 2.0)):
        truths = torch.tensor([[30 + 20 * off, 30, 20, 20.0]])[None]
        found = losses(anchors, moves, torch.zeros(1, 30, 2), truths)
        torch.testing.assert_close(found.total - torch.tensor(2.0).log(), torch.tensor(expected))
