import pytest
import torch
from torch import nn

from coordrl import AddCoords
from paper.gan.networks import CoordGenerator, Discriminator, PlainGenerator, make_generator


def count(network: nn.Module) -> int:
    return sum(weight.numel() for weight in network.parameters())


def test_networks_have_the_papers_parameters() -> None:
    assert count(make_generator("plain", 64, 64, 256)) == 6_413_315
    assert count(make_generator("coord-gd", 64, 64, 256)) == 444_931
    assert count(Discriminator(64, 64, coords=False)) == 4_316_545
    assert count(Discriminator(64, 64, coords=True)) == 4_319_745


@pytest.mark.parametrize("canvas", [16, 32])
@pytest.mark.parametrize("arm", ["plain", "coord-g"])
def test_pictures_have_the_canvas_size(arm: str, canvas: int) -> None:
    pictures = make_generator(arm, canvas, 2, 5)(torch.rand(3, 5))
    assert pictures.shape == (3, 3, canvas, canvas)
    for coords in (False, True):
        assert Discriminator(canvas, 2, coords=coords)(pictures).shape == (3,)


def test_the_generator_is_the_papers_with_concatenated_channels() -> None:
    torch.manual_seed(0)
    generator, z = CoordGenerator(16, 2, 5), torch.rand(3, 5)
    channels = AddCoords()(z[:, :, None, None].expand(-1, -1, 16, 16))
    expected = generator.rest(generator.first.to_concatenated()(channels))
    torch.testing.assert_close(generator(z), expected)


def test_the_plain_generator_doubles_from_4_pixels() -> None:
    layers = PlainGenerator(64, 8, 5).rest
    sizes = [(layer.in_channels, layer.stride) for layer in layers if hasattr(layer, "stride")]
    assert sizes == [(64, (2, 2)), (32, (2, 2)), (16, (2, 2)), (8, (2, 2))]
