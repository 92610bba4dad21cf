"""The field of MNIST: digits stretched and strewn over a canvas, of which the middle is cut out."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from math import ceil, floor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from common.errors import UsageError
from paper.idx import Bytes, read_part

N_DIGITS = 5
CANVAS = 64
FIELD = 120
"""Height and width of what the canvas is the middle of."""
SIZES = (15, 25)
"""Heights and widths of digits are uniform between these, each by itself."""
SEEDS = {"train": 0, "test": 1}
"""Of the released code's generator."""
MOST = {"train": 9_000, "test": 1_000}

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Field:
    """Canvases and the boxes of their digits.

    :param images: float32 of shape (n, 1, 64, 64), from 0 to 1
    :param boxes: float32 of shape (n, 5, 4): row and column of the centre, height and width; parts
        of a box may be beyond the canvas
    :param kept: the part of all canvases that were kept, on which each digit's box has a part
    """

    images: torch.Tensor
    boxes: torch.Tensor
    kept: float

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all of it."""
        digest = hashlib.sha256(self.images.numpy().tobytes())
        digest.update(self.boxes.numpy().tobytes())
        return digest.hexdigest()[:16]


def read_field(folder: Path, part: str) -> Field:
    """Paint canvases with the digits of a folder of idx files.

    :param part: ``"train"`` or ``"test"``: which digits are painted
    :raises UsageError: if the files are missing, damaged, or too few
    """
    field = paint_field(read_part(folder, part).images, SEEDS[part], MOST[part])
    if not len(field.images):
        raise UsageError(f"{folder} holds too few {part} digits for a single canvas")
    return field


def paint_field(digits: Bytes, seed: int, most: int) -> Field:
    """Paint canvases as the paper's released generator does, in its order.

    It deals as many hands of five digits as there are digits. Of the 120 x 120 pixels of each the
    paper's file holds the middle, for 10,000 of 60,000; it is not said which. Those in which all
    five boxes reach into the middle are 17.5 %, so these are taken to be the ones.

    :param digits: uint8 of shape (n, height, width), white on black
    :param seed: of the released generator: 0 for training, 1 for testing
    :param most: canvases at most
    """
    generator = np.random.RandomState(seed)
    n = len(digits)
    hands = np.stack([generator.permutation(n) for _ in range(N_DIGITS)], axis=1)
    boxes = _random_boxes(generator, n)
    boxes[..., :2] -= (FIELD - CANVAS) / 2
    low, high = boxes[..., :2] - boxes[..., 2:] / 2, boxes[..., :2] + boxes[..., 2:] / 2
    inside = ((high > 0) & (low < CANVAS)).all(axis=(1, 2))
    chosen = np.flatnonzero(inside)[:most]
    images = np.zeros((len(chosen), 1, CANVAS, CANVAS), dtype=np.float32)
    for image, which in zip(images[:, 0], chosen, strict=True):
        for digit, box in zip(hands[which], boxes[which], strict=True):
            _add(image, digits[digit], box)
    np.minimum(images, 1, out=images)
    kept = float(inside.mean()) if n else 0.0
    return Field(torch.from_numpy(images), torch.from_numpy(boxes[chosen]).float(), kept)


def _random_boxes(generator: np.random.RandomState, n: int) -> Floats:
    """Draw boxes within the field, (n, 5, 4): for each its height, width, row and column."""
    drawn = generator.random_sample((n, N_DIGITS, 4))
    sizes = SIZES[0] + (SIZES[1] - SIZES[0]) * drawn[..., :2]
    centres = sizes / 2 + ((FIELD - sizes / 2) - sizes / 2) * drawn[..., 2:]
    return np.concatenate([centres, sizes], axis=2)


def _add(image: npt.NDArray[np.float32], digit: Bytes, box: Floats) -> None:
    """Add the digit's ink, and nothing around it, to a canvas, stretched over the box."""
    rows, columns = (np.flatnonzero(digit.any(axis=axis)) for axis in (1, 0))
    (top, left), (bottom, right) = box[:2] - box[2:] / 2, box[:2] + box[2:] / 2
    window = (
        slice(max(floor(top), 0), min(ceil(bottom), CANVAS)),
        slice(max(floor(left), 0), min(ceil(right), CANVAS)),
    )
    part = image[window]
    if not len(rows) or not part.size:
        return
    ink = digit[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32) / 255
    down, across = ink.shape[0] / box[2], ink.shape[1] / box[3]  # source pixels a canvas pixel
    start = (window[0].start - top) * down, (window[1].start - left) * across
    part += np.asarray(
        Image.fromarray(ink).transform(
            part.shape[::-1],
            Image.Transform.AFFINE,
            (across, 0, start[1], 0, down, start[0]),
            resample=Image.Resampling.BILINEAR,
        )
    )
