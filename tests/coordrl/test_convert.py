"""Conversion of torch models."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import CombinedExtractor
from torch import nn
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils import parametrizations, prune

from coordrl import (
    Conversion,
    CoordConv2d,
    CoordImpalaCNN,
    CoordNatureCNN,
    to_coordconv,
)
from tests.coordrl.networks import ResNet


def names(result: Conversion) -> list[str]:
    return [layer.names[0] for layer in result.layers]


def two_convs() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3))


@pytest.mark.parametrize("n_axes", [1, 2, 3])
@pytest.mark.parametrize("transposed", [False, True])
def test_every_kind_of_convolution_keeps_its_parameters_and_its_function(
    n_axes: int, transposed: bool
) -> None:
    kind = getattr(nn, f"Conv{'Transpose' if transposed else ''}{n_axes}d")
    model = nn.Sequential(nn.Identity(), kind(4, 6, 3, stride=2, padding=1, groups=2))
    before = dict(model.named_parameters())
    x = torch.randn(2, 4, *range(5, 5 + n_axes))
    expected = model(x)
    state = torch.get_rng_state()
    result = to_coordconv(model, with_r=True, coord_init="zeros")
    assert torch.equal(state, torch.get_rng_state())
    assert result.module is model
    assert type(model[1]).__name__ == f"Coord{kind.__name__}"
    assert torch.equal(model(x), expected)
    after = dict(model.named_parameters())
    assert all(after[name] is parameter for name, parameter in before.items())
    assert set(after) - set(before) == {"1.coord_weight"}
    assert (
        result.extra_parameters == after["1.coord_weight"].numel() == (n_axes + 1) * 6 * 3**n_axes
    )


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("first", ["conv1"]),
        ("all", ["conv1", *(f"layer1.{i}.conv{j}" for i in (0, 1) for j in (1, 2))]),
        (lambda name, conv: "downsample" in name, ["layer2.0.downsample.0"]),
        (
            lambda name, conv: conv.stride == (2, 2) and conv.kernel_size == (3, 3),
            ["layer2.0.conv1"],
        ),
    ],
)
def test_where_on_a_resnet_that_trains(where: Any, expected: list[str]) -> None:
    model = ResNet()
    result = to_coordconv(model, where)
    assert names(result)[:5] == expected
    assert len(result.layers) == (10 if where == "all" else 1)
    assert all(model.get_submodule(name).coord_weight.numel() for name in names(result))
    before = [layer.layer.coord_weight.detach().clone() for layer in result.layers]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(torch.randn(4, 3, 64, 48)).square().sum().backward()
    optimizer.step()
    for layer, old in zip(result.layers, before, strict=True):
        assert not torch.equal(layer.layer.coord_weight, old), layer.names


@pytest.mark.parametrize("code", ["constant", "random_2"])
def test_controls_in_place_of_coordinates(code: str) -> None:
    result = to_coordconv(two_convs(), "all", code=code)
    assert [layer.layer.code for layer in result.layers] == [code, code]
    assert str(result).count(f"code={code}") == 2


def test_a_convolution_itself_gives_a_new_module() -> None:
    conv = nn.Conv2d(3, 4, 3)
    result = to_coordconv(conv)
    assert isinstance(result.module, CoordConv2d)
    assert result.module.weight is conv.weight
    assert "the module: CoordConv2d(3, 4" in str(result)


def test_a_shared_convolution_is_swapped_once_and_everywhere() -> None:
    shared = nn.Conv2d(3, 3, 3)
    model = nn.ModuleDict({"a": nn.Sequential(shared), "b": nn.Sequential(shared, shared)})
    result = to_coordconv(model, "all")
    assert [layer.names for layer in result.layers] == [("a.0", "b.0", "b.1")]
    layers = {part for part in model.modules() if isinstance(part, _ConvNd)}
    assert layers == {result.layers[0].layer}
    assert str(result) == (
        "1 now CoordConv, 54 more parameters:\n"
        "  a.0: CoordConv2d(3, 3, kernel_size=(3, 3), stride=(1, 1), with_r=False), +54 "
        "(also b.0, b.1)"
    )


def make_lazy() -> nn.Module:
    return nn.LazyConv2d(4, 3)


def make_parametrized() -> nn.Module:
    return parametrizations.weight_norm(nn.Conv2d(4, 4, 3))


def make_pruned() -> nn.Module:
    return prune.random_unstructured(nn.Conv2d(4, 4, 3), "weight", 0.5)  # type: ignore[no-any-return,no-untyped-call]  # torch's own


def make_hooked(register: str) -> nn.Module:
    conv = nn.Conv2d(4, 4, 3)
    getattr(conv, register)(lambda *_: None)
    return conv


HOOKS = [
    "register_forward_hook",
    "register_forward_pre_hook",
    "register_full_backward_hook",
    "register_full_backward_pre_hook",
    "register_state_dict_post_hook",
    "register_state_dict_pre_hook",
    "register_load_state_dict_pre_hook",
    "register_load_state_dict_post_hook",
]


def make_changed(change: Any) -> nn.Module:
    conv = nn.Conv2d(4, 4, 3)
    change(conv)
    return conv


CHANGED = [
    (lambda conv: setattr(conv, "forward", conv.forward), "has forward of its own"),
    (lambda conv: setattr(conv, "_conv_forward", abs), "has _conv_forward of its own"),
    (lambda conv: conv.register_buffer("mask", torch.ones(4)), "has mask of its own"),
    (lambda conv: conv.register_parameter("gain", conv.bias), "has gain of its own"),
    (lambda conv: conv.add_module("adapter", nn.Linear(4, 4)), "has adapter of its own"),
    (lambda conv: setattr(conv, "tag", "stem"), "has tag of its own"),
    (
        lambda conv: setattr(conv, "weight", nn.Parameter(conv.weight[:2])),
        "has a weight of another shape",
    ),
]


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (make_lazy, "LazyConv2d, not one of torch's own"),
        (make_parametrized, "ParametrizedConv2d, not one of torch's own"),
        (make_pruned, "weight that is computed"),
        *[(partial(make_hooked, register), "has hooks") for register in HOOKS],
        *[(partial(make_changed, change), why) for change, why in CHANGED],
        (lambda: CoordConv2d(4, 4, 3), "has coordinates already"),
    ],
)
def test_what_is_not_a_plain_convolution_is_left_and_reported(make: Any, why: str) -> None:
    left = make()
    model = nn.Sequential(left, nn.Conv2d(4, 4, 3))
    with pytest.raises(ValueError, match=f"nothing to convert: 0, because it.*{why}"):
        to_coordconv(model)
    result = to_coordconv(model, "all")
    assert model[0] is left
    assert names(result) == ["1"]
    assert why in result.left["0"]
    assert f"left as it is: 0, because {result.left['0']}" in str(result)


class Squeeze(nn.Module):
    """A convolution, then weights for its channels from their means."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout(0.5))
        self.gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(4, 2, 1), nn.Conv2d(2, 4, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv(x)
        weighted: torch.Tensor = x * self.gate(x).sigmoid()
        return weighted


@pytest.mark.parametrize("code", ["coordinates", "constant"])
def test_an_example_shows_which_convolutions_have_no_use_for_coordinates(code: str) -> None:
    model, example = Squeeze(), torch.rand(2, 3, 9, 9)
    state = torch.get_rng_state()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    result = to_coordconv(model, "all", code=code, example=example)
    assert torch.equal(state, torch.get_rng_state())
    assert model.training
    assert model.conv.training
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in before.items())
    if code == "constant":  # a second bias works in a single pixel too
        assert len(result.layers) == 3
        return
    assert names(result) == ["conv.0"]
    assert list(result.left) == ["gate.1", "gate.2"]
    assert "gate.2, because its inputs are single pixels, whose coordinates are all 0" in str(
        result
    )
    assert len(to_coordconv(Squeeze(), "all").layers) == 3


@pytest.mark.parametrize(
    ("module", "where", "message"),
    [
        (nn.Linear(2, 2), "all", "Linear has no convolution"),
        (two_convs(), lambda name, conv: False, "where selects none of 0, 2"),
        (two_convs(), "last", """where='last' is unknown: use "first", "all" or a function"""),
        ("model", "all", "str is not a torch module: of an SB3 model, give model.policy"),
    ],
)
def test_nothing_to_convert(module: Any, where: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        to_coordconv(module, where)


def test_an_unknown_coord_init_changes_nothing() -> None:
    model = two_convs()
    with pytest.raises(ValueError, match="coord_init"):
        to_coordconv(model, "all", coord_init="ones")  # type: ignore[arg-type]
    assert type(model[0]) is nn.Conv2d


def test_the_impala_resnet_becomes_its_coordinate_twin() -> None:
    space = spaces.Box(0, 255, (4, 30, 20), np.uint8)
    model = CoordImpalaCNN(space, coord_layers=())
    result = to_coordconv(model.cnn, "all")
    assert len(result.layers) == 15
    assert model.state_dict().keys() == CoordImpalaCNN(space).state_dict().keys()


def test_first_is_the_first_of_each_image_of_a_dict() -> None:
    image = spaces.Box(0, 255, (3, 40, 44), np.uint8)
    extractor = CombinedExtractor(spaces.Dict({"left": image, "right": image}))
    result = to_coordconv(extractor)
    assert names(result) == ["extractors.left.cnn.0", "extractors.right.cnn.0"]


def test_a_nature_cnn_converted_is_the_extractor_of_the_same_name() -> None:
    space = spaces.Box(0, 255, (4, 40, 44), np.uint8)
    converted = CoordNatureCNN(space, coord_layers=())
    to_coordconv(converted, "all")
    assert converted.state_dict().keys() == CoordNatureCNN(space).state_dict().keys()
