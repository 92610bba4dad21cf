import pytest
import torch

from paper.detection.boxes import (
    SHAPES,
    corners,
    make_anchors,
    move,
    moves_between,
    overlap,
    propose,
)


def cell(kind: str, row: int, column: int) -> list[tuple[float, ...]]:
    first = (row * 13 + column) * 9
    return [tuple(box) for box in make_anchors(kind)[first : first + 9].tolist()]


def test_intended_anchors_are_nine_shapes_around_each_cells_centre() -> None:
    assert make_anchors("intended").shape == (13 * 13 * 9, 4)
    assert cell("intended", 2, 9) == [(16, 44, *shape) for shape in SHAPES]
    centres = make_anchors("intended")[:, :2]
    assert (centres.min(), centres.max()) == (8, 56)


def test_released_anchors_are_scrambled_as_in_the_released_code() -> None:
    """Four in a row are one coordinate of four shapes: row, column, height, then width."""
    assert cell("released", 2, 9) == [
        *[(16, 16, 16, 16)] * 2,
        *[(16, 44, 44, 44), (44, 44, 44, 44), (44, 44, 15, 20)],
        *[(25, 15, 20, 20), (25, 15, 25, 15), (20, 25, 20, 25), (15, 20, 25, 15)],
    ]
    assert sorted(make_anchors("released").flatten()) == sorted(make_anchors("intended").flatten())


def test_overlaps_are_counted() -> None:
    a = torch.tensor([[10.0, 10, 4, 4], [0, 0, 2, 2]])
    b = torch.tensor([[10.0, 10, 4, 4], [10, 12, 4, 4], [10, 10, 2, 2]])
    expected = torch.tensor([[1, 8 / 24, 4 / 16], [0, 0, 0]])
    torch.testing.assert_close(overlap(a, b), expected)
    assert overlap(a[None].expand(7, 2, 4), b).shape == (7, 2, 3)
    assert [end.tolist() for end in corners(b[1])] == [[8, 10], [12, 14]]


def test_moves_are_undone() -> None:
    torch.manual_seed(0)
    boxes, targets = make_anchors("released"), make_anchors("intended")
    torch.testing.assert_close(move(boxes, moves_between(boxes, targets)), targets)
    assert torch.equal(move(boxes, torch.zeros_like(boxes)), boxes)


def test_proposals_are_the_best_that_do_not_nearly_coincide() -> None:
    torch.manual_seed(0)
    boxes = torch.cat([40 * torch.rand(3, 80, 2), 10 + 3 * torch.rand(3, 80, 2)], dim=2)
    boxes[:, 40:] = boxes[:, :40] + 0.2
    scores = torch.rand(3, 80)
    chosen, values = propose(boxes, scores)
    for k in range(3):
        expected: list[int] = []
        for index in scores[k].argsort(descending=True).tolist():
            taken = boxes[k, expected]
            if not expected or overlap(boxes[k, index][None], taken).max() <= 0.8:
                expected.append(index)
        assert torch.equal(chosen[k], boxes[k, expected[:10]])
        assert torch.equal(values[k], scores[k, expected[:10]])


def test_where_all_boxes_coincide_there_is_one_proposal() -> None:
    boxes = torch.tensor([10.0, 10, 5, 5]).expand(2, 30, 4)
    _, values = propose(boxes, torch.full((2, 30), 0.5))
    assert torch.isfinite(values).sum(dim=1).tolist() == [1, 1]


@pytest.mark.parametrize("kind", ["intended", "released"])
def test_boxes_are_not_empty(kind: str) -> None:
    assert (make_anchors(kind)[:, 2:] > 0).all()
