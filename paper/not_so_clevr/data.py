"""The data set: every place of the square, what is held out, and the pictures of it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

CANVASES = (32, 64)
"""Heights and widths of the canvas, in pixels. The paper's is the last."""
PAPER_SPLITS = ("uniform", "quadrant")
"""Those of the paper's figures; the other has its text's sizes."""
SPLITS = ("uniform", "uniform-80-20", "quadrant")
REACH = 4
"""Pixels from the square's centre to its edge: it is 9 pixels high and wide."""

# The paper's released code draws one number a place from numpy's generator of this seed, and holds
# out the places whose number is below a quarter: 768 of 3,136.
_RELEASED_SEED = 20202
_RELEASED_PART = 0.25


@dataclass(frozen=True)
class Dataset:
    """All places at which the whole square is on the canvas, and which of them are for testing.

    They are in the order of the released code, x outside, y inside; x counts columns, y rows.

    :param split: what is held out. ``"uniform"``: places at random, the very 768 of 3,136 that the
        paper's released code holds out; ``"uniform-80-20"``: a fifth at random, as the paper's text
        says; ``"quadrant"``: the places whose x and y are both beyond the canvas' middle
    :param canvas: height and width of the canvas, in pixels
    :raises ValueError: if there is no such split or canvas

    >>> Dataset("quadrant")
    Dataset(split='quadrant', canvas=64): 2,407 training and 729 test places
    """

    split: str = "uniform"
    canvas: int = CANVASES[-1]

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise ValueError(f"the split is one of {', '.join(SPLITS)}, not {self.split!r}")
        if self.canvas not in CANVASES:
            raise ValueError(f"the canvas measures 32 or 64 pixels, not {self.canvas!r}")

    def __repr__(self) -> str:
        sizes = f"{len(self.train):,} training and {len(self.test):,} test places"
        return f"Dataset(split={self.split!r}, canvas={self.canvas}): {sizes}"

    @cached_property
    def places(self) -> torch.Tensor:
        """Centres of the square as (x, y), int64 of shape (n, 2)."""
        centres = torch.arange(REACH, self.canvas - REACH)
        return torch.cartesian_prod(centres, centres)

    @cached_property
    def inputs(self) -> torch.Tensor:
        """The places as coordinate channels hold them: from -1 to 1 over the canvas, (n, 2)."""
        return self.places * (2 / (self.canvas - 1)) - 1

    @cached_property
    def pixels(self) -> torch.Tensor:
        """Index of the centre among the canvas' pixels, row by row, int64 of shape (n,)."""
        return self.places[:, 1] * self.canvas + self.places[:, 0]

    @cached_property
    def is_test(self) -> torch.Tensor:
        """Whether a place is held out, bool of shape (n,)."""
        n = len(self.places)
        if self.split == "quadrant":
            return (self.places * 2 > self.canvas).all(dim=1)
        generator = np.random.RandomState(_RELEASED_SEED)
        if self.split == "uniform":
            return torch.from_numpy(generator.random_sample(n) < _RELEASED_PART)
        held_out = torch.zeros(n, dtype=torch.bool)
        held_out[generator.permutation(n)[: round(n / 5)]] = True
        return held_out

    @cached_property
    def train(self) -> torch.Tensor:
        """Indices of the training places."""
        return (~self.is_test).nonzero().flatten()

    @cached_property
    def test(self) -> torch.Tensor:
        """Indices of the test places."""
        return self.is_test.nonzero().flatten()

    @cached_property
    def examples(self) -> torch.Tensor:
        """Indices of the places that figures show: two for training, two for testing."""
        return torch.cat(
            [part[[len(part) // 3, 2 * len(part) // 3]] for part in (self.train, self.test)]
        )

    def one_hot(self, indices: torch.Tensor) -> torch.Tensor:
        """Return pictures of the centre alone, float32 of shape (n, 1, canvas, canvas)."""
        pictures = torch.zeros(len(indices), self.canvas * self.canvas)
        pictures.scatter_(1, self.pixels[indices, None], 1.0)
        return pictures.view(-1, 1, self.canvas, self.canvas)

    def squares(self, indices: torch.Tensor) -> torch.Tensor:
        """Return pictures of the square, 1 on 0, float32 of shape (n, 1, canvas, canvas)."""
        distance = (torch.arange(self.canvas) - self.places[indices, :, None]).abs()
        columns, rows = (distance <= REACH).unbind(dim=1)
        return (rows[:, :, None] & columns[:, None]).float()[:, None]
