"""How varied and how right generated pictures are."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from scipy import ndimage

from paper.gan.data import BLUE, RED, Shapes, draw_shapes

N_SAMPLES = 1_000
SEED = 1_000_000
"""Of the random numbers that pictures are made from for measuring: no training's."""
BINS = 10
ENOUGH = 0.8
"""An object is valid from this IOU with the better of a square and a circle at its centre."""
CLEAN = 0.98
"""A picture is valid only if so much of what is not its objects is white."""
N_TRAVERSALS, N_FRAMES = 20, 30

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Objects:
    """What is seen of one colour in many pictures.

    :param there: whether a pixel has the colour, shape (n,)
    :param centres: mean row and column of its pixels, shape (n, 2); NaN where there is none
    :param areas: how many pixels have it, shape (n,)
    :param one: whether they hang together, shape (n,)
    :param iou: with the better of a square and a circle at the centre, shape (n,)
    :param circle: whether that is the circle, shape (n,)
    """

    there: Bools
    centres: Floats
    areas: Floats
    one: Bools
    iou: Floats
    circle: Bools

    @property
    def valid(self) -> Bools:
        """Whether each is a single square or circle of the right size, shape (n,)."""
        return self.one & (self.iou > ENOUGH)


def find(pictures: torch.Tensor, colour: int) -> Objects:
    """Find the object of a colour in each picture.

    :param pictures: shape (n, 3, canvas, canvas), from -1 to 1; a colour is where red, green
        and blue are each on its side of 0
    :param colour: ``data.BLUE`` or ``data.RED``
    """
    n, _, canvas, _ = pictures.shape
    own, other = (2, 0) if colour == BLUE else (0, 2)
    mask = (pictures[:, own] > 0) & (pictures[:, 1] < 0) & (pictures[:, other] < 0)
    masks = mask.numpy()
    areas = masks.sum(axis=(1, 2)).astype(np.float64)
    there, pixels = areas > 0, np.arange(canvas)
    with np.errstate(invalid="ignore"):
        rows = (masks.sum(axis=2) @ pixels) / areas
        columns = (masks.sum(axis=1) @ pixels) / areas
    centres = np.stack([rows, columns], axis=1)
    places = torch.from_numpy(np.nan_to_num(centres).round().astype(np.int64))
    shapes = Shapes(canvas, places[:, None], torch.zeros(n, 1, dtype=torch.bool))
    ious = []
    for is_circle in (False, True):
        ideal = shapes.masks(places, torch.full((n,), is_circle)).numpy()
        union = (masks | ideal).sum(axis=(1, 2))
        ious.append((masks & ideal).sum(axis=(1, 2)) / union)
    one = np.array([ndimage.label(one)[1] == 1 for one in masks], dtype=bool)
    return Objects(there, centres, areas, one, np.maximum(*ious), ious[1] > ious[0])


def are_valid(pictures: torch.Tensor, blue: Objects, red: Objects) -> Bools:
    """Return whether pictures show one right object of each colour and nothing else, shape (n,).

    :param pictures: shape (n, 3, canvas, canvas), from -1 to 1
    """
    white = (pictures > 0).all(dim=1).sum(dim=(1, 2)).numpy()
    rest = pictures.shape[-1] ** 2 - blue.areas - red.areas
    return np.asarray(blue.valid & red.valid & (white >= CLEAN * rest))


def histogram(centres: Floats, canvas: int, *, difference: bool = False) -> Floats:
    """Return the parts of points in 10 x 10 cells, shape (100,); all 0 without points.

    :param centres: shape (n, 2), in [0, canvas]; of a difference in [-canvas, canvas]
    """
    low = -canvas if difference else 0
    edges = np.linspace(low, canvas, BINS + 1)
    counts, _, _ = np.histogram2d(centres[:, 0], centres[:, 1], bins=(edges, edges))
    return np.asarray(counts.ravel() / max(len(centres), 1))


def entropy(parts: Floats) -> float:
    """Return -sum p ln p, in nats: the measure by which the data have the paper's 4.0, 4.0, 3.5."""
    some = parts[parts > 0]
    return float(-(some * np.log(some)).sum()) + 0.0


def measure(pictures: torch.Tensor) -> dict[str, float]:
    """Say how varied and how right pictures are.

    :param pictures: shape (n, 3, canvas, canvas), from -1 to 1
    :return: entropies in nats of where ``red`` and ``blue`` are and of their ``difference``, and
        ``spread``, the mean of the first two; ``tv``: the mean of both places' total variation
        distance to the data's; ``there``: pictures with both colours; ``valid``: pictures of
        exactly one right object of each colour on white; ``valid_spread``: spread of these alone;
        ``pair``: the part of them that has the most frequent of the four pairs of shapes (data:
        .25), missing where none is valid; ``distinct``: the mean difference of two pictures' signs,
        as a part of the data's
    """
    canvas = pictures.shape[-1]
    seen = {name: find(pictures, colour) for name, colour in (("blue", BLUE), ("red", RED))}
    blue, red = seen["blue"], seen["red"]
    both, valid = blue.there & red.there, are_valid(pictures, blue, red)
    parts = {name: histogram(one.centres[one.there], canvas) for name, one in seen.items()}
    apart = histogram((red.centres - blue.centres)[both], canvas, difference=True)
    data = _data(canvas)
    pairs = np.bincount((2 * blue.circle + red.circle)[valid], minlength=4)
    of_valid = [entropy(histogram(one.centres[valid], canvas)) for one in seen.values()]
    entropies = {name: entropy(part) for name, part in parts.items()}
    return {
        "spread": (entropies["red"] + entropies["blue"]) / 2,
        **entropies,
        "difference": entropy(apart),
        "tv": float(np.mean([_distance(parts[name], data.places[name]) for name in parts])),
        "there": float(both.mean()),
        "valid": float(valid.mean()),
        "valid_spread": float(np.mean(of_valid)),
        **({"pair": float(pairs.max() / pairs.sum())} if valid.any() else {}),
        "distinct": _difference(pictures) / data.difference,
    }


@torch.no_grad()
def traversals(
    paint: Callable[[torch.Tensor], torch.Tensor],
    draw: Callable[[int, torch.Generator], torch.Tensor],
) -> torch.Tensor:
    """Return pictures on the straight ways between pairs of random numbers.

    :param paint: makes pictures of numbers
    :param draw: draws numbers for so many pictures
    :return: shape (20, 30, 3, canvas, canvas)
    """
    drawn = draw(2 * N_TRAVERSALS, torch.Generator().manual_seed(SEED + 1))
    ends = drawn.view(2, N_TRAVERSALS, 1, -1)
    along = torch.linspace(0, 1, N_FRAMES)[:, None]
    points = ends[0] * (1 - along) + ends[1] * along
    return torch.stack([paint(some) for some in points])


def measure_traversals(frames: torch.Tensor) -> dict[str, float]:
    """Say how steadily objects move.

    :return: ``path_valid``: frames with exactly one right object of each colour; ``path_jump``: the
        farthest that an object moves from a frame to the next, in pixels, median over ways and
        objects (the canvas' size where an object is not there); ``path_area``: standard deviation
        of an object's area over a way by its mean, likewise
    """
    canvas, valid, jumps, areas = frames.shape[-1], [], [], []
    for way in frames:
        seen = [find(way, colour) for colour in (BLUE, RED)]
        valid.append(are_valid(way, *seen))
        for one in seen:
            steps = np.linalg.norm(np.diff(one.centres, axis=0), axis=1)
            jumps.append(np.nan_to_num(steps, nan=canvas).max())
            areas.append(one.areas.std() / max(one.areas.mean(), 1.0))
    return {
        "path_valid": float(np.mean(valid)),
        "path_jump": float(np.median(jumps)),
        "path_area": float(np.median(areas)),
    }


@dataclass(frozen=True, eq=False)
class _Data:
    places: dict[str, Any]
    difference: float


@lru_cache(maxsize=2)
def _data(canvas: int) -> _Data:
    shapes = draw_shapes(canvas, 20_000, seed=2)
    centres = shapes.centres.numpy().astype(np.float64)
    places = {
        name: histogram(centres[:, colour], canvas) for name, colour in (("blue", 0), ("red", 1))
    }
    return _Data(places, _difference(shapes.paint(torch.arange(N_SAMPLES))))


def _distance(a: Floats, b: Floats) -> float:
    """Return the total variation distance; 1 where there is nothing."""
    return float(np.abs(a - b).sum() / 2) if a.any() else 1.0


def _difference(pictures: torch.Tensor) -> float:
    half = len(pictures) // 2
    signs = pictures.sign()
    return (signs[:half] - signs[half : 2 * half]).abs().mean().item()
