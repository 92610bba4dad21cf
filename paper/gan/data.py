"""Pictures of two shapes, as the paper's released code makes them."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import torch

N_PICTURES = 50_000
PAPER_CANVAS = 64
BLUE, RED = 0, 1
COLOURS = torch.tensor([[-1.0, -1.0, 1.0], [1.0, -1.0, -1.0]])
"""Red, green and blue of both objects, from -1 to 1; the canvas is white."""
_PAPER_RADIUS = 10


def radius_of(canvas: int) -> int:
    """Return the objects' radius: 10 on the paper's canvas of 64 pixels.

    >>> radius_of(64), radius_of(32), radius_of(16)
    (10, 5, 2)
    """
    return round(canvas * _PAPER_RADIUS / PAPER_CANVAS)


@dataclass(frozen=True, eq=False)
class Shapes:
    """Places and shapes of both objects of many pictures.

    :param canvas: height and width of the pictures, in pixels
    :param centres: rows and columns, int64 of shape (n, 2 objects, 2); blue is the first object
    :param circles: whether each object is a circle, or else a square, bool of shape (n, 2)
    """

    canvas: int
    centres: torch.Tensor
    circles: torch.Tensor

    def __len__(self) -> int:
        return len(self.centres)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all of it."""
        digest = hashlib.sha256(str(self.canvas).encode())
        for part in (self.centres, self.circles):
            digest.update(part.numpy().tobytes())
        return digest.hexdigest()[:16]

    def paint(self, which: torch.Tensor) -> torch.Tensor:
        """Paint pictures: blue first, then red over it.

        :param which: indices, shape (m,)
        :return: float32 of shape (m, 3, canvas, canvas), from -1 to 1
        """
        masks = self.masks(self.centres[which], self.circles[which])
        pictures = torch.ones(len(which), 3, self.canvas, self.canvas)
        for mask, colour in zip(masks.unbind(dim=1), COLOURS, strict=True):
            pictures = torch.where(mask[:, None], colour[:, None, None], pictures)
        return pictures

    def masks(self, centres: torch.Tensor, circles: torch.Tensor) -> torch.Tensor:
        """Return the pixels of objects.

        :param centres: rows and columns, shape (..., 2)
        :param circles: shape (...)
        :return: bool of shape (..., canvas, canvas)
        """
        radius, pixels = radius_of(self.canvas), torch.arange(self.canvas)
        down = (pixels - centres[..., :1])[..., :, None]
        across = (pixels - centres[..., 1:])[..., None, :]
        circle = down.square() + across.square() <= radius**2
        square = torch.maximum(down.abs(), across.abs()) <= radius
        return torch.where(circles[..., None, None], circle, square)


def draw_shapes(canvas: int, n: int = N_PICTURES, seed: int = 0) -> Shapes:
    """Draw places and shapes by the released code's rule.

    Whole objects are on the canvas. Red's place is drawn again while it is nearer to blue's than
    two radii: circles touch at most, corners of squares can be covered.
    """
    generator = np.random.default_rng(seed)
    radius = radius_of(canvas)

    def places(m: int) -> npt.NDArray[np.int64]:
        return generator.integers(radius, canvas - radius, size=(m, 2))

    blue, red = places(n), places(n)
    while len(near := np.flatnonzero(((blue - red) ** 2).sum(axis=1) < (2 * radius) ** 2)):
        red[near] = places(len(near))
    circles = generator.random((n, 2)) >= 0.5
    centres = np.stack([blue, red], axis=1)
    return Shapes(canvas, torch.from_numpy(centres), torch.from_numpy(circles))
