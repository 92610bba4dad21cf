import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from safetensors.torch import save_file
from stable_baselines3.common.torch_layers import (
    BaseFeaturesExtractor,
    CombinedExtractor,
    NatureCNN,
)
from torch import nn
from torch.nn import functional as F  # noqa: N812  (torch's name for it)

from coordrl import (
    CoordCombinedExtractor,
    CoordConv2d,
    CoordImpalaCNN,
    CoordNatureCNN,
    HadamaxCNN,
    KeypointCNN,
)

FRAMES = spaces.Box(0, 255, shape=(4, 84, 84), dtype=np.uint8)
FLOATS = spaces.Box(0.0, 1.0, shape=(4, 84, 84))
SPEED = spaces.Box(-1.0, 1.0, shape=(2,))


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


@pytest.mark.parametrize(("pool", "reduce"), [("avg", torch.mean), ("max", torch.amax)])
def test_pooling_replaces_the_big_dense_layer(pool: Any, reduce: Any) -> None:
    extractor = CoordNatureCNN(FRAMES, pool=pool)
    assert sum(p.numel() for p in extractor.linear.parameters()) == 64 * 512 + 512
    x = torch.rand(2, 4, 84, 84)
    maps = extractor.cnn[:-1](x)
    assert maps.shape == (2, 64, 7, 7)
    torch.testing.assert_close(extractor.cnn(x), reduce(maps, (2, 3)))
    assert extractor(x).shape == (2, 512)


@pytest.mark.parametrize("pool", [None, "avg"])
def test_coordinates_change_no_shared_parameter_and_no_later_random_number(pool: Any) -> None:
    torch.manual_seed(0)
    plain, after_plain = CoordNatureCNN(FRAMES, pool=pool, coord_layers=()), torch.rand(5)
    torch.manual_seed(0)
    coord, after_coord = CoordNatureCNN(FRAMES, pool=pool), torch.rand(5)
    for name, parameter in plain.state_dict().items():
        assert torch.equal(parameter, coord.state_dict()[name]), name
    assert torch.equal(after_plain, after_coord)


def test_all_is_every_layer() -> None:
    extractor = CoordNatureCNN(FRAMES, coord_layers="all")
    assert all(isinstance(extractor.cnn[i], CoordConv2d) for i in (0, 2, 4))


def test_unknown_pool() -> None:
    with pytest.raises(ValueError, match="pool='mean' is unknown: use one of avg, max, or None"):
        CoordNatureCNN(FRAMES, pool="mean")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "space", [SPEED, FLOATS, spaces.Discrete(3), spaces.Dict({"camera": FRAMES})]
)
def test_what_is_no_image_names_what_is_needed(space: Any) -> None:
    with pytest.raises(ValueError, match=r"needs images, a Box of shape .* uint8 .*CoordCombined"):
        CoordNatureCNN(space)


def test_normalised_images() -> None:
    assert CoordNatureCNN(FLOATS, normalized_image=True)(torch.rand(1, 4, 84, 84)).shape == (1, 512)


@pytest.mark.parametrize("with_two", [False, True])
def test_combined_shares_its_initial_parameters_with_sb3s(with_two: bool) -> None:
    parts: dict[str, Any] = {"camera": FRAMES, "speed": SPEED, "gear": spaces.Discrete(5)}
    if with_two:
        parts["map"] = spaces.Box(0, 255, shape=(1, 36, 50), dtype=np.uint8)
    space = spaces.Dict(parts)
    torch.manual_seed(0)
    plain, after_plain = CombinedExtractor(space), torch.rand(5)
    torch.manual_seed(0)
    coord, after_coord = CoordCombinedExtractor(space), torch.rand(5)
    assert coord.features_dim == plain.features_dim
    extra = set(coord.state_dict()) - set(plain.state_dict())
    assert len(extra) == 3 * (1 + with_two)
    assert all(name.endswith("coord_weight") for name in extra)
    for name, parameter in plain.state_dict().items():
        assert torch.equal(parameter, coord.state_dict()[name]), name
    assert torch.equal(after_plain, after_coord)


def test_combined_takes_the_options_of_the_image_extractor() -> None:
    space = spaces.Dict({"camera": FLOATS, "speed": SPEED})
    extractor = CoordCombinedExtractor(
        space,
        32,
        True,
        coord_layers=(0,),
        with_r=True,
        code="constant",
        coord_init="zeros",
        pool="max",
    )
    assert "code=constant" in repr(extractor)
    added = [n for n, _ in extractor.named_parameters() if n.endswith("coord_weight")]
    assert added == ["extractors.camera.cnn.0.coord_weight"]
    observations = {"camera": torch.rand(3, 4, 84, 84), "speed": torch.rand(3, 2)}
    assert extractor(observations).shape == (3, 34)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (FRAMES, "needs Dict observations, not Box.* use CoordNatureCNN"),
        (spaces.Dict({"speed": SPEED}), "needs an image among the observations"),
        (spaces.Dict({"camera": FLOATS}), "needs an image .*normalize_images=False"),
        (
            spaces.Dict({"camera": spaces.Box(0, 255, (3, 20, 84), np.uint8)}),
            r"at least 36x36 pixels.*\(3, 20, 84\)",
        ),
    ],
)
def test_combined_names_what_is_needed(space: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CoordCombinedExtractor(space)


def control(code: str, pool: Any = None) -> CoordNatureCNN:
    torch.manual_seed(0)
    return CoordNatureCNN(FRAMES, code=code, pool=pool)


@pytest.mark.parametrize("pool", [None, "avg"])
@pytest.mark.parametrize("code", ["constant", "random_0"])
def test_controls_start_with_the_parameters_of_coordinates(code: str, pool: Any) -> None:
    coord, other = control("coordinates", pool).state_dict(), control(code, pool).state_dict()
    assert coord.keys() == other.keys()
    for name, parameter in coord.items():
        assert torch.equal(parameter, other[name]), name


@pytest.mark.parametrize(
    ("code", "varies"), [("coordinates", True), ("random_0", True), ("constant", False)]
)
def test_a_constant_image_looks_the_same_everywhere_to_constants_only(
    code: str, varies: bool
) -> None:
    network = control(code).cnn[:-1]
    for depth in (2, 4, 6):
        maps = network[:depth](torch.full((1, 4, 84, 84), 0.5))
        assert ((maps - maps[..., :1, :1]).abs().max().item() > 1e-4) == varies


@pytest.mark.parametrize(
    ("code", "differs"), [("coordinates", True), ("random_0", True), ("constant", False)]
)
def test_an_object_moved_by_the_stride_pools_to_the_same_features_with_constants_only(
    code: str, differs: bool
) -> None:
    images = torch.zeros(2, 4, 84, 84)
    images[0, :, 40:44, 40:44] = 1.0
    images[1, :, 48:52, 32:36] = 1.0
    here, there = control(code, "avg")(images)
    assert ((here - there).abs().max().item() > 1e-5) == differs


FEATURES = """
import numpy as np, torch
from gymnasium import spaces
from safetensors.torch import load_file
from coordrl import CoordNatureCNN

torch.set_num_threads(1)
torch.manual_seed(7)
extractor = CoordNatureCNN(spaces.Box(0, 255, (4, 84, 84), np.uint8), code="random_0")
extractor.load_state_dict(load_file("weights.safetensors"))
torch.save(extractor(torch.linspace(0, 1, 4 * 84 * 84).view(1, 4, 84, 84)).detach(), "features.pt")
"""


def test_fixed_random_maps_are_the_same_in_another_process_that_loads_the_weights(
    tmp_path: Path,
) -> None:
    extractor = control("random_0")
    save_file(extractor.state_dict(), tmp_path / "weights.safetensors")
    subprocess.run([sys.executable, "-c", FEATURES], cwd=tmp_path, check=True)
    expected = extractor(torch.linspace(0, 1, 4 * 84 * 84).view(1, 4, 84, 84))
    assert torch.equal(torch.load(tmp_path / "features.pt"), expected)


def test_an_unknown_code() -> None:
    with pytest.raises(ValueError, match="code='ones' is unknown"):
        CoordNatureCNN(FRAMES, code="ones")


def hooked(kind: type[BaseFeaturesExtractor]) -> tuple[BaseFeaturesExtractor, Any, list[nn.Conv2d]]:
    """Make an extractor, observations for it, and list its convolutions."""
    space: spaces.Space[Any] = spaces.Box(0, 255, shape=(4, 36, 44), dtype=np.uint8)
    torch.manual_seed(0)
    observations: Any = torch.rand(2, 4, 36, 44, requires_grad=True)
    if kind is CoordCombinedExtractor:
        space = spaces.Dict({"camera": space, "speed": SPEED})
        observations = {"camera": observations, "speed": torch.rand(2, 2)}
    extractor = kind(space)
    return extractor, observations, [m for m in extractor.modules() if isinstance(m, nn.Conv2d)]


KINDS = [CoordNatureCNN, CoordCombinedExtractor, CoordImpalaCNN, KeypointCNN, HadamaxCNN]


@pytest.mark.parametrize("kind", KINDS)
def test_a_forward_hook_sees_what_a_convolution_computes(kind: type[BaseFeaturesExtractor]) -> None:
    extractor, observations, convs = hooked(kind)
    seen: dict[nn.Module, Any] = {}
    for conv in convs:
        conv.register_forward_hook(lambda conv, x, output: seen.update({conv: (x, output)}))
    extractor(observations)
    assert list(seen) == convs
    for conv, (x, output) in seen.items():
        assert torch.equal(output, conv.forward(*x))
        assert output.min() < 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_backward_hook_sees_the_gradient_of_what_a_convolution_computes(
    kind: type[BaseFeaturesExtractor],
) -> None:
    extractor, observations, convs = hooked(kind)
    outputs: list[torch.Tensor] = []
    hooks = [conv.register_forward_hook(lambda *seen: outputs.append(seen[2])) for conv in convs]
    expected = torch.autograd.grad(extractor(observations).sum(), outputs)
    for hook in hooks:
        hook.remove()
    seen: dict[nn.Module, torch.Tensor] = {}
    for conv in convs:
        conv.register_full_backward_hook(lambda conv, _, grads: seen.update({conv: grads[0]}))
    extractor(observations).sum().backward()
    for conv, gradient in zip(convs, expected, strict=True):
        torch.testing.assert_close(seen[conv], gradient)
        assert gradient.abs().max() > 0


def test_grad_cam_by_hand() -> None:
    extractor, images, (*_, last) = hooked(CoordNatureCNN)
    seen: list[torch.Tensor] = []
    last.register_forward_hook(lambda *hook: seen.append(hook[2].detach().clone()))
    last.register_full_backward_hook(lambda *hook: seen.append(hook[2][0]))
    extractor(images)[:, 0].sum().backward()
    activations, gradients = seen
    leaf = activations.requires_grad_()
    dense = extractor.get_submodule("linear.0")
    assert isinstance(dense, nn.Linear)
    features = F.relu(F.linear(F.relu(leaf).flatten(1), dense.weight, dense.bias))
    (expected,) = torch.autograd.grad(features[:, 0].sum(), leaf)
    torch.testing.assert_close(gradients, expected)
    assert gradients.abs().max() > 0
