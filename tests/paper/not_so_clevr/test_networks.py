from collections.abc import Callable

import pytest
import torch
from torch import nn

from coordrl import AddCoords
from paper.not_so_clevr.networks import (
    CoordPainter,
    CoordRegressor,
    CoordRenderer,
    DeconvPainter,
    initialise,
    pooling_regressor,
    strided_regressor,
)


@pytest.mark.parametrize(
    ("make", "parameters"),
    [
        (lambda: CoordPainter(64), 7_553),
        # The smallest and the largest of the paper's sweep: "46k to 1.63M".
        (lambda: DeconvPainter(64, 1, 2), 46_465),
        (lambda: DeconvPainter(64, 3, 4), 1_632_001),
        (CoordRegressor, 906),
        (lambda: pooling_regressor(64), 72_850),
        (strided_regressor, 12_914),
        # "8.1k to 24k" with 1x1 and 3x3 kernels.
        (lambda: CoordRenderer(64), 11_850),
        (lambda: CoordRenderer(64, width=2), 24_210),
    ],
)
def test_networks_have_the_papers_parameters(
    make: Callable[[], nn.Module], parameters: int
) -> None:
    assert sum(weight.numel() for weight in make().parameters()) == parameters


@pytest.mark.parametrize("canvas", [32, 64])
@pytest.mark.parametrize("kernel_size", [2, 3, 4])
def test_painters_paint_the_canvas(canvas: int, kernel_size: int) -> None:
    place = torch.rand(3, 2)
    assert DeconvPainter(canvas, 1, kernel_size)(place).shape == (3, canvas, canvas)
    assert CoordPainter(canvas)(place).shape == (3, canvas, canvas)
    assert CoordRenderer(canvas)(place).shape == (3, canvas, canvas)


@pytest.mark.parametrize("canvas", [32, 64])
def test_regressors_return_places(canvas: int) -> None:
    pictures = torch.rand(3, 1, canvas, canvas)
    for network in (CoordRegressor(), pooling_regressor(canvas), strided_regressor()):
        assert network(pictures).shape == (3, 2)


def test_the_painter_is_the_papers_with_concatenated_channels() -> None:
    painter = CoordPainter(32)
    initialise(painter)
    place = torch.rand(4, 2) * 2 - 1
    channels = AddCoords()(place[:, :, None, None].expand(-1, -1, 32, 32))
    concatenated = painter.first.to_concatenated()
    torch.testing.assert_close(painter(place), painter.rest(concatenated(channels))[:, 0])


def test_single_pixels_are_those_of_the_whole_picture() -> None:
    painter = CoordPainter(32).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
    initialise(painter)
    place = torch.rand(4, 2) * 2 - 1
    which, pixels = torch.tensor([0, 3, 3, 1]), torch.tensor([0, 1023, 17, 500])
    expected = painter(place).flatten(1)[which, pixels]
    torch.testing.assert_close(painter.at(place, which, pixels), expected)


def test_initial_weights_are_hes_and_coordinates_count_as_inputs() -> None:
    torch.manual_seed(0)
    painter, zeros = CoordPainter(64), CoordRegressor("zeros")
    initialise(painter)
    initialise(zeros)
    first = painter.first
    together = torch.cat([first.weight, first.coord_weight], dim=1)
    assert together.shape[1] == 4
    assert together.std().item() == pytest.approx((2 / 4) ** 0.5, rel=0.2)
    assert painter.rest[5].weight.std().item() == pytest.approx((2 / 64) ** 0.5, rel=0.1)
    assert all(not bias.any() for name, bias in painter.named_parameters() if "bias" in name)
    assert not zeros.layers[0].coord_weight.any()
    assert zeros.layers[0].weight.any()


def test_the_regressor_has_no_activation() -> None:
    torch.manual_seed(0)
    layers = CoordRegressor().layers
    a, b = torch.randn(2, 1, 1, 32, 32)
    torch.testing.assert_close(
        layers(a) + layers(b), layers(a + b) + layers(torch.zeros_like(a)), atol=1e-5, rtol=0
    )
