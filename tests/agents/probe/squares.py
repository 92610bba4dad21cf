"""Frames with a bright square, whose places are known without a game."""

import numpy as np

from agents.probe.frames import Frames


def squares(n: int, seed: int = 0) -> Frames:
    """Draw frames with a square of 8x8 pixels; every tenth one is missing."""
    generator = np.random.default_rng(seed)
    corners = generator.integers(0, 77, size=(n, 2))
    images = np.zeros((n, 4, 84, 84), np.uint8)
    for image, (column, row) in zip(images, corners, strict=True):
        image[:, row : row + 8, column : column + 8] = 255
    places = corners + 3.5
    images[::10], places[::10] = 0, np.nan
    return Frames(images, places, np.repeat(places[:, None], 4, axis=1))
