import pytest
import torch

from paper.gan.data import BLUE, RED, draw_shapes
from paper.gan.measures import entropy, find, histogram, measure


@pytest.mark.parametrize("canvas", [16, 32, 64])
def test_whole_objects_are_on_the_canvas_two_radii_apart(canvas: int) -> None:
    shapes = draw_shapes(canvas, 2_000)
    radius = {64: 10, 32: 5, 16: 2}[canvas]
    assert shapes.centres.min() == radius
    assert shapes.centres.max() == canvas - radius - 1
    apart = (shapes.centres[:, 0] - shapes.centres[:, 1]).float().norm(dim=1)
    assert apart.min() >= 2 * radius
    assert shapes.circles.float().mean().item() == pytest.approx(0.5, abs=0.03)


def test_the_papers_entropies_come_out_of_its_data() -> None:
    """It reports 4.0, 4.0 and 3.5 for the data; red has to keep away from blue."""
    shapes = draw_shapes(64, 1_000)
    centres = shapes.centres.double().numpy()
    assert entropy(histogram(centres[:, BLUE], 64)) == pytest.approx(4.00, abs=0.03)
    assert entropy(histogram(centres[:, RED], 64)) == pytest.approx(4.05, abs=0.03)
    difference = histogram(centres[:, RED] - centres[:, BLUE], 64, difference=True)
    assert entropy(difference) == pytest.approx(3.54, abs=0.03)


def test_objects_are_found_where_they_were_painted() -> None:
    shapes = draw_shapes(32, 300)
    pictures = shapes.paint(torch.arange(300))
    assert pictures.shape == (300, 3, 32, 32)
    red = find(pictures, RED)
    torch.testing.assert_close(torch.from_numpy(red.centres), shapes.centres[:, RED].double())
    assert red.valid.all()
    assert red.circle.tolist() == shapes.circles[:, RED].tolist()
    assert set(red.areas) == {81, 121}  # of a circle of radius 5, and of a square of 11
    # Red can cover a corner of a blue square.
    assert find(pictures, BLUE).valid.mean() > 0.98


def test_the_data_measure_as_the_data() -> None:
    shapes = draw_shapes(16, 1_000, seed=3)
    found = measure(shapes.paint(torch.arange(1_000)))
    assert found["valid"] > 0.99
    assert found["spread"] == pytest.approx(found["valid_spread"], abs=0.02)
    assert found["spread"] == (found["red"] + found["blue"]) / 2
    assert found["pair"] == pytest.approx(0.25, abs=0.05)
    assert found["distinct"] == pytest.approx(1, abs=0.05)
    assert found["tv"] < 0.15


def test_pictures_are_the_same_again() -> None:
    assert draw_shapes(16, 50).fingerprint == draw_shapes(16, 50).fingerprint
    assert draw_shapes(16, 50).fingerprint != draw_shapes(32, 50).fingerprint
