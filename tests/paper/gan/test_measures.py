from math import log

import numpy as np
import pytest
import torch

from paper.gan.data import BLUE, RED, draw_shapes
from paper.gan.measures import (
    entropy,
    find,
    histogram,
    measure,
    measure_traversals,
    traversals,
)


def test_entropies_of_known_histograms() -> None:
    centres = np.array([[1.0, 1], [1, 30], [30, 1], [30, 30]])
    assert entropy(histogram(centres, 32)) == pytest.approx(log(4))
    assert entropy(histogram(centres[:1], 32)) == 0
    assert entropy(histogram(centres[:0], 32)) == 0
    # Over twice the canvas two cells of it are one.
    near = np.array([[0.5, 0.5], [4.0, 4.0]])
    assert entropy(histogram(near, 32)) == pytest.approx(log(2))
    assert entropy(histogram(near, 32, difference=True)) == 0


def test_one_picture_again_and_again_is_a_collapse() -> None:
    picture = draw_shapes(16, 1).paint(torch.tensor([0]))
    found = measure(picture.expand(40, -1, -1, -1))
    assert found["spread"] == found["difference"] == found["distinct"] == 0
    assert found["valid"] == found["pair"] == 1
    assert found["tv"] > 0.9


def test_noise_is_spread_and_not_valid() -> None:
    torch.manual_seed(0)
    found = measure(2 * torch.rand(200, 3, 16, 16) - 1)
    assert found["valid"] == found["valid_spread"] == 0
    assert "pair" not in found
    white = measure(torch.ones(20, 3, 16, 16))
    assert white["tv"] == 1
    assert white["spread"] == white["valid"] == white["there"] == 0
    assert "pair" not in white


def test_two_objects_or_a_wrong_shape_are_not_valid() -> None:
    shapes = draw_shapes(32, 40)
    pictures = shapes.paint(torch.arange(40))
    some = pictures.clone()
    some[:10, :, :2, :2] = pictures[0, :, 0, 0][:, None, None]  # white: nothing is added
    assert find(some[:10], RED).valid.all()
    some[:, :, 0, 0] = torch.tensor([1.0, -1.0, -1.0])  # a second red pixel in the corner
    assert not find(some, RED).valid.any()
    assert find(some, BLUE).valid.mean() > 0.9
    some = pictures.clone()
    some[:, :, ::2] = 1  # every other row is gone
    assert not find(some, RED).valid.any()


def test_right_objects_on_another_colour_than_white_are_not_valid() -> None:
    pictures = draw_shapes(32, 40).paint(torch.arange(40))
    assert measure(pictures)["valid"] > 0.9
    white = (pictures > 0).all(dim=1)
    for colour in ([-1.0, -1.0, -1.0], [1.0, -1.0, 1.0], [-1.0, 1.0, -1.0]):
        other = torch.where(white[:, None], torch.tensor(colour)[:, None, None], pictures)
        found = measure(other)
        assert (found["valid"], found["there"]) == (0, 1)


def test_an_object_that_moves_steadily_jumps_a_pixel_at_most() -> None:
    shapes = draw_shapes(32, 30)
    shapes.centres[:, BLUE] = torch.tensor([6, 6])
    shapes.centres[:, RED, 0] = 25
    shapes.centres[:, RED, 1] = torch.arange(30).clamp(5, 26)
    shapes.circles[:] = False
    frames = shapes.paint(torch.arange(30))[None]
    found = measure_traversals(frames)
    assert found == {"path_valid": 1, "path_jump": 0.5, "path_area": 0}
    broken = frames.clone()
    broken[0, 10] = 1  # white
    found = measure_traversals(broken)
    assert found["path_valid"] == 29 / 30
    assert found["path_jump"] == 32
    assert found["path_area"] > 0


def test_traversals_are_straight() -> None:
    seen: list[torch.Tensor] = []

    def paint(z: torch.Tensor) -> torch.Tensor:
        seen.append(z)
        return torch.zeros(len(z), 3, 16, 16)

    def draw(n: int, generator: torch.Generator) -> torch.Tensor:
        return 2 * torch.rand(n, 4, generator=generator) - 1

    assert traversals(paint, draw).shape == (20, 30, 3, 16, 16)
    steps = seen[0].diff(dim=0)
    torch.testing.assert_close(steps, steps[:1].expand_as(steps), atol=1e-6, rtol=0)
    assert seen[0].abs().max() <= 1
