import os
from pathlib import Path

import numpy as np
import pytest
import torch

from common.errors import UsageError
from paper.detection.data import Field, paint_field, read_field
from tests.paper.digits import write_digits


def test_boxes_are_where_the_ink_is() -> None:
    """One digit is all ink and the others are blank: it is at one of the canvas' boxes."""
    digits = np.zeros((300, 8, 8), np.uint8)
    digits[0, 2:7, 1:6] = 255
    found = 0
    for seed in range(8):
        field = paint_field(digits, seed, 300)
        for image, boxes in zip(field.images[:, 0], field.boxes, strict=True):
            if (image > 0.5).any():
                found += 1
                rows, columns = (image > 0.5).nonzero().unbind(dim=1)
                seen = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
                half = boxes[:, 2:] / 2
                drawn = torch.cat([boxes[:, :2] - half, boxes[:, :2] + half], dim=1).clamp(0, 64)
                assert (drawn - torch.stack(seen)).abs().amax(dim=1).min() <= 0.5 + 1e-4
    assert found > 3


def test_canvases_are_as_the_papers(fields: tuple[Field, Field]) -> None:
    train, _ = fields
    assert train.images.shape[1:] == (1, 64, 64)
    assert train.images.min() == 0
    assert train.images.max() == 1
    assert train.boxes.shape == (len(train.images), 5, 4)
    assert train.boxes[..., 2:].min() >= 15
    assert train.boxes[..., 2:].max() <= 25
    low = train.boxes[..., :2] - train.boxes[..., 2:] / 2
    assert ((low < 64) & (low + train.boxes[..., 2:] > 0)).all()


def test_as_many_canvases_are_kept_as_in_the_papers_file() -> None:
    """It has 10,000 of 60,000; where boxes are does not depend on what digits look like."""
    digits = np.zeros((60_000, 1, 1), np.uint8)
    field = paint_field(digits, 0, 9_000)
    assert field.kept == pytest.approx(0.175, abs=0.002)
    assert len(field.images) == 9_000


def test_the_same_digits_are_painted_alike(digits: Path, fields: tuple[Field, Field]) -> None:
    again = read_field(digits, "test")
    assert again.fingerprint == fields[1].fingerprint != fields[0].fingerprint


def test_too_few_digits_are_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="too few train digits"):
        read_field(write_digits(tmp_path, 1, 1), "train")


@pytest.mark.skipif("COORDRL_MNIST" not in os.environ, reason="names no folder of MNIST's files")
def test_mnist_is_painted_as_in_the_committed_results() -> None:
    folder = Path(os.environ["COORDRL_MNIST"])
    assert read_field(folder, "test").fingerprint == "71fe2574526952de"
    train = read_field(folder, "train")
    assert (train.fingerprint, len(train.images)) == ("1e0047ed2b714e76", 9_000)
