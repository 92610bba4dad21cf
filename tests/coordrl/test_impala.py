from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import nn
from torch.nn import functional as F  # noqa: N812  (torch's name for it)

from coordrl import CoordConv2d, CoordImpalaCNN
from coordrl.inspect import coordinate_maps


def images(*shape: int) -> spaces.Box:
    return spaces.Box(0, 255, shape=shape, dtype=np.uint8)


def convs(extractor: CoordImpalaCNN) -> list[nn.Conv2d]:
    return [module for module in extractor.cnn.modules() if isinstance(module, nn.Conv2d)]


def impala(x: torch.Tensor, layers: list[nn.Conv2d], linear: nn.Module) -> torch.Tensor:
    """Compute the network as the paper draws it, from its layers in order."""
    for section in (layers[:5], layers[5:10], layers[10:]):
        x = F.max_pool2d(section[0](x), kernel_size=3, stride=2, padding=1)
        for first, second in (section[1:3], section[3:5]):
            x = x + second(F.relu(first(F.relu(x))))
    features: torch.Tensor = linear(F.relu(x).flatten(1))
    return features


@pytest.mark.parametrize("coord_layers", ["all", ()])
def test_is_the_network_of_the_paper(coord_layers: Any) -> None:
    extractor = CoordImpalaCNN(images(4, 30, 21), coord_layers=coord_layers)
    x = torch.rand(2, 4, 30, 21)
    expected = impala(x, convs(extractor), extractor.linear)
    torch.testing.assert_close(extractor(x), expected)
    assert expected.shape == (2, 256)
    assert [conv.out_channels for conv in convs(extractor)] == [16] * 5 + [32] * 10


@pytest.mark.parametrize("pool", [None, "avg", "max"])
def test_coordinates_change_no_shared_parameter_and_no_later_random_number(pool: Any) -> None:
    torch.manual_seed(0)
    plain = CoordImpalaCNN(images(4, 30, 21), coord_layers=(), pool=pool)
    after_plain = torch.rand(5)
    torch.manual_seed(0)
    coord = CoordImpalaCNN(images(4, 30, 21), pool=pool)
    after_coord = torch.rand(5)
    extra = set(coord.state_dict()) - set(plain.state_dict())
    assert len(extra) == 15
    assert all(name.endswith("coord_weight") for name in extra)
    for name, parameter in plain.state_dict().items():
        assert torch.equal(parameter, coord.state_dict()[name]), name
    assert torch.equal(after_plain, after_coord)


def test_layers_are_numbered_in_the_order_of_the_forward_pass() -> None:
    extractor = CoordImpalaCNN(images(4, 30, 21), coord_layers=(5, 0, 14))
    numbers = [i for i, conv in enumerate(convs(extractor)) if isinstance(conv, CoordConv2d)]
    assert numbers == [0, 5, 14]


@pytest.mark.parametrize(("pool", "n_features"), [(None, 32 * 4 * 3), ("avg", 32), ("max", 32)])
def test_pooling(pool: Any, n_features: int) -> None:
    extractor = CoordImpalaCNN(images(4, 30, 21), pool=pool)
    assert extractor.cnn(torch.rand(2, 4, 30, 21)).shape == (2, n_features)


def test_depths_and_width() -> None:
    extractor = CoordImpalaCNN(images(3, 20, 20), depths=(2, 3), width=4)
    assert [conv.out_channels for conv in convs(extractor)] == [8] * 5 + [12] * 5


@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 84, 84), (3, 7, 50)])
def test_any_size_fits(shape: tuple[int, ...]) -> None:
    assert CoordImpalaCNN(images(*shape))(torch.rand(2, *shape)).shape == (2, 256)


@pytest.mark.parametrize(
    ("space", "kwargs", "message"),
    [
        (spaces.Box(0.0, 1.0, (3, 20, 20)), {}, "needs images.*normalized_image=True"),
        (spaces.Discrete(2), {}, "needs images, a Box of shape"),
        (images(3, 20, 20), {"width": 0}, "width=0 must be positive"),
        (images(3, 20, 20), {"depths": ()}, r"depths=\(\) .* must be positive"),
        (images(3, 20, 20), {"coord_layers": (15,)}, "numbered 0 to 14"),
        (images(3, 20, 20), {"coord_layers": "first"}, "coord_layers='first'.* or give \"all\""),
        (images(3, 20, 20), {"pool": "sum"}, "pool='sum' is unknown"),
        (images(3, 20, 20), {"padding_mode": "same"}, "padding_mode='same' is unknown: use one of"),
    ],
)
def test_bad_arguments(space: Any, kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CoordImpalaCNN(space, **kwargs)


def test_normalised_images() -> None:
    space = spaces.Box(0.0, 1.0, (3, 20, 20))
    extractor = CoordImpalaCNN(space, normalized_image=True)
    assert extractor(torch.rand(2, 3, 20, 20)).shape == (2, 256)


@pytest.mark.parametrize("code", ["constant", "random_0"])
def test_controls_start_with_the_parameters_of_coordinates(code: str) -> None:
    torch.manual_seed(0)
    coord = CoordImpalaCNN(images(4, 30, 21))
    torch.manual_seed(0)
    control = CoordImpalaCNN(images(4, 30, 21), code=code)
    assert {conv.code for conv in convs(control) if isinstance(conv, CoordConv2d)} == {code}
    for name, parameter in coord.state_dict().items():
        assert torch.equal(parameter, control.state_dict()[name]), name


def test_constants_add_the_same_to_every_position_whatever_the_padding() -> None:
    control = CoordImpalaCNN(images(4, 30, 21), code="constant")
    for maps in coordinate_maps(control).values():
        torch.testing.assert_close(maps, maps[:, :1, :1].expand_as(maps), atol=1e-5, rtol=1e-5)


def rolled(extractor: CoordImpalaCNN, shift: int) -> float:
    """Return how much the features change when the image moves, around the borders."""
    x = torch.rand(1, 4, 32, 32)
    moved = x.roll((shift, -2 * shift), (2, 3))
    return float((extractor(x) - extractor(moved)).abs().max().detach())


@pytest.mark.parametrize(
    ("kwargs", "sees"),
    [
        ({"padding_mode": "circular", "coord_layers": ()}, False),
        ({"padding_mode": "circular", "code": "constant"}, False),
        ({"padding_mode": "circular"}, True),
        ({"padding_mode": "zeros", "coord_layers": ()}, True),
    ],
)
def test_circular_padding_and_pooling_hide_where_things_are(
    kwargs: dict[str, Any], sees: bool
) -> None:
    """8 is the stride of all three sections together; smaller moves change the features anyway."""
    extractor = CoordImpalaCNN(images(4, 32, 32), pool="avg", **kwargs)
    assert (rolled(extractor, 8) > 1e-5) == sees
    assert rolled(extractor, 4) > 1e-5


def test_circular_padding_starts_with_the_parameters_of_the_plain_network() -> None:
    torch.manual_seed(0)
    plain = CoordImpalaCNN(images(4, 30, 21)).state_dict()
    torch.manual_seed(0)
    circular = CoordImpalaCNN(images(4, 30, 21), padding_mode="circular")
    assert circular.state_dict().keys() == plain.keys()
    for name, parameter in plain.items():
        assert torch.equal(parameter, circular.state_dict()[name]), name
    assert circular(torch.rand(2, 4, 30, 21)).shape == (2, 256)
    assert CoordImpalaCNN(images(1, 1, 1), padding_mode="circular")(torch.rand(1, 1, 1, 1)).numel()


def test_impoola_is_the_network_of_its_paper() -> None:
    """Width 2, ReLU, the mean over positions, a dense layer of 256 and ReLU."""
    extractor = CoordImpalaCNN(images(4, 30, 21), coord_layers=(), pool="avg", width=2)
    x = torch.rand(2, 4, 30, 21)
    dense = nn.Sequential(nn.Flatten(), extractor.linear)
    expected = impala(
        x,
        convs(extractor),
        nn.Sequential(nn.Unflatten(1, (64, 4 * 3)), Mean(), dense),
    )
    torch.testing.assert_close(extractor(x), expected)
    assert [conv.out_channels for conv in convs(extractor)] == [32] * 5 + [64] * 10
    assert extractor.features_dim == 256


class Mean(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.mean(-1)
