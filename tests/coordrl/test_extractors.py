import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import NatureCNN

from coordrl import CoordConv2d, CoordNatureCNN

FRAMES = spaces.Box(0, 255, shape=(4, 84, 84), dtype=np.uint8)


@pytest.mark.parametrize(
    ("coord_layers", "with_r", "extra"),
    [
        ((), False, 0),
        ((0,), False, 4096),
        ((1,), False, 2048),
        ((2,), False, 1152),
        ((0, 1, 2), False, 7296),
        ((0, 1, 2), True, 10944),
    ],
)
def test_parameter_count(coord_layers: tuple[int, ...], with_r: bool, extra: int) -> None:
    extractor = CoordNatureCNN(FRAMES, coord_layers=coord_layers, with_r=with_r)
    assert sum(p.numel() for p in extractor.parameters()) == 1_684_128 + extra


def test_shares_its_initial_parameters_with_nature_cnn() -> None:
    torch.manual_seed(0)
    plain = NatureCNN(FRAMES).state_dict()
    torch.manual_seed(0)
    coord = CoordNatureCNN(FRAMES).state_dict()
    assert set(coord) - set(plain) == {f"cnn.{layer}.coord_weight" for layer in (0, 2, 4)}
    for name, parameter in plain.items():
        assert torch.equal(parameter, coord[name]), name


def test_only_the_named_layers_get_coordinates_in_any_order() -> None:
    extractor = CoordNatureCNN(FRAMES, coord_layers=(2, 0, 2))
    assert [isinstance(extractor.cnn[i], CoordConv2d) for i in (0, 2, 4)] == [True, False, True]


def test_the_features_depend_on_the_position() -> None:
    """A constant image has the same features everywhere, unless the layer knows where it is."""
    image = torch.full((1, 4, 84, 84), 0.5)
    for coord_layers in ((), (0,)):
        first = CoordNatureCNN(FRAMES, coord_layers=coord_layers).cnn[0](image)
        varies = bool((first - first[..., :1, :1]).abs().max() > 1e-5)
        assert varies == bool(coord_layers)


@pytest.mark.parametrize("shape", [(4, 36, 36), (1, 36, 200), (3, 210, 160)])
def test_any_size_that_fits(shape: tuple[int, ...]) -> None:
    space = spaces.Box(0, 255, shape=shape, dtype=np.uint8)
    assert CoordNatureCNN(space)(torch.zeros(2, *shape)).shape == (2, 512)


def test_too_small_images_name_the_size_that_fits() -> None:
    space = spaces.Box(0, 255, shape=(4, 84, 35), dtype=np.uint8)
    with pytest.raises(ValueError, match=r"at least 36x36 pixels.*\(4, 84, 35\)"):
        CoordNatureCNN(space)


@pytest.mark.parametrize("layer", [3, -1, "first"])
def test_unknown_layer(layer: object) -> None:
    with pytest.raises(ValueError, match="numbered 0 to 2"):
        CoordNatureCNN(FRAMES, coord_layers=(0, layer))  # type: ignore[arg-type]
