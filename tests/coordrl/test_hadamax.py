from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import nn

from coordrl import CoordConv2d, HadamaxCNN
from coordrl.coord_conv import CoordConvBase
from tests.coordrl.networks import check_onnx


def images(*shape: int) -> spaces.Box:
    return spaces.Box(0, 255, shape=shape, dtype=np.uint8)


def convs(extractor: HadamaxCNN) -> list[nn.Conv2d]:
    return [module for module in extractor.cnn.modules() if isinstance(module, nn.Conv2d)]


def same(length: int, size: int, stride: int) -> tuple[int, int]:
    """Return TensorFlow's padding "SAME" of an axis: before and behind."""
    total = max(0, (ceil(length / stride) - 1) * stride + size - length)
    return total // 2, total - total // 2


def conv(x: np.ndarray, layer: nn.Conv2d) -> np.ndarray:
    """Convolve an image (height, width, channels), a window at a time."""
    weight = layer.weight.detach().double().numpy()
    size = weight.shape[-1]
    padded = np.pad(x, [same(x.shape[0], size, 1), same(x.shape[1], size, 1), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(0, 1))
    assert layer.bias is not None
    return np.einsum("hwcij,ocij->hwo", windows, weight) + layer.bias.detach().double().numpy()


def norm(x: np.ndarray, layer: Any) -> np.ndarray:
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-6)
    return scaled * layer.weight.detach().numpy() + layer.bias.detach().numpy()


def gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def max_pool(x: np.ndarray, size: int, stride: int) -> np.ndarray:
    height, width, channels = x.shape
    (top, _), (left, _) = same(height, size, stride), same(width, size, stride)
    pooled = np.empty((ceil(height / stride), ceil(width / stride), channels))
    for i in range(pooled.shape[0]):
        for j in range(pooled.shape[1]):
            rows = slice(max(0, i * stride - top), i * stride - top + size)
            columns = slice(max(0, j * stride - left), j * stride - left + size)
            pooled[i, j] = x[rows, columns].max((0, 1))
    return pooled


def hadamax(image: np.ndarray, extractor: HadamaxCNN) -> np.ndarray:
    """Compute the encoder of the paper's PQN code for one image (channels, height, width)."""
    x = image.transpose(1, 2, 0)
    norms = [module for module in extractor.cnn.modules() if isinstance(module, nn.LayerNorm)]
    layers = list(zip(convs(extractor), norms, strict=True))
    for block, (size, stride) in enumerate([(4, 4), (2, 2), (3, 1)]):
        first, second = (gelu(norm(conv(x, c), n)) for c, n in layers[2 * block : 2 * block + 2])
        x = max_pool(first * second, size, stride)
    dense, last_norm, _ = extractor.linear
    features = dense.weight.detach().numpy() @ x.transpose(2, 0, 1).ravel()
    return gelu(norm(features + dense.bias.detach().numpy(), last_norm))


@pytest.mark.parametrize("shape", [(4, 36, 29), (3, 17, 48), (1, 84, 84)])
def test_is_the_network_of_the_papers_code(shape: tuple[int, ...]) -> None:
    extractor = HadamaxCNN(images(*shape))
    with torch.no_grad():
        for parameter in extractor.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))  # norms and biases too
    x = torch.rand(2, *shape)
    got = extractor(x).detach().numpy()
    for image, features in zip(x.numpy(), got, strict=True):
        np.testing.assert_allclose(features, hadamax(image, extractor), atol=1e-4)
    assert [c.out_channels for c in convs(extractor)] == [32, 32, 64, 64, 64, 64]


def test_weights_start_as_in_the_papers_code() -> None:
    extractor = HadamaxCNN(images(4, 84, 84))
    for layer in convs(extractor):
        fan = layer.weight[0].numel() + layer.weight.shape[0] * layer.weight[0, 0].numel()
        assert layer.weight.std().item() == pytest.approx((2 / fan) ** 0.5, rel=0.05)
        assert layer.bias is not None
        assert not layer.bias.any()
    dense = extractor.linear[0]
    assert dense.weight.shape == (512, 64 * 11 * 11)
    assert dense.weight.std().item() == pytest.approx((2 / 7744) ** 0.5, rel=0.01)


@pytest.mark.parametrize("code", ["coordinates", "constant", "fourier_2", "learned"])
def test_coordinates_change_no_shared_parameter_and_no_later_random_number(code: str) -> None:
    torch.manual_seed(0)
    plain, after_plain = HadamaxCNN(images(4, 30, 21)).state_dict(), torch.rand(5)
    torch.manual_seed(0)
    coord = HadamaxCNN(images(4, 30, 21), coord_layers="all", code=code)
    after_coord = torch.rand(5)
    extra = coord.state_dict().keys() - plain.keys()
    assert len(extra) == 6
    assert all(name.endswith("coord_weight") for name in extra)
    for name, parameter in plain.items():
        assert torch.equal(parameter, coord.state_dict()[name]), name
    assert torch.equal(after_plain, after_coord)
    assert coord(torch.rand(2, 4, 30, 21)).shape == (2, 512)


def test_convolutions_are_numbered_two_a_block() -> None:
    extractor = HadamaxCNN(images(4, 30, 21), coord_layers=(5, 0))
    numbers = [i for i, layer in enumerate(convs(extractor)) if isinstance(layer, CoordConv2d)]
    assert numbers == [0, 5]


def test_an_even_kernels_coordinates_are_padded_as_its_image() -> None:
    """One row less before than behind, as "SAME" means it."""
    extractor = HadamaxCNN(images(1, 30, 21), coord_layers=(0,))
    branch = extractor.cnn[0].branches[0]
    layer = branch.conv
    assert isinstance(layer, CoordConvBase)
    x = torch.rand(1, 1, 30, 21)
    plain = layer.to_concatenated()
    i, j = np.meshgrid(np.linspace(-1, 1, 30), np.linspace(-1, 1, 21), indexing="ij")
    channels = np.stack([x[0, 0].numpy(), i, j], axis=-1)
    assert isinstance(plain, nn.Conv2d)
    expected = conv(channels, plain)
    got = layer(x)[0, :, branch.first :, branch.first :].permute(1, 2, 0)
    np.testing.assert_allclose(got.detach().numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 84, 84), (3, 7, 50)])
def test_any_size_fits(shape: tuple[int, ...]) -> None:
    assert HadamaxCNN(images(*shape), 64)(torch.rand(2, *shape)).shape == (2, 64)


@pytest.mark.parametrize(
    ("space", "kwargs", "message"),
    [
        (spaces.Box(0.0, 1.0, (3, 20, 20)), {}, "needs images.*normalized_image=True"),
        (spaces.Discrete(2), {}, "needs images, a Box of shape"),
        (images(3, 20, 20), {"coord_layers": (6,)}, "numbered 0 to 5"),
        (images(3, 20, 20), {"coord_layers": (0,), "code": "x"}, "code='x' is unknown"),
    ],
)
def test_bad_arguments(space: Any, kwargs: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        HadamaxCNN(space, **kwargs)


@pytest.mark.parametrize("coord_layers", [(), "all"])
def test_onnx_runtime_computes_the_same(coord_layers: Any, tmp_path: Path) -> None:
    network = HadamaxCNN(images(4, 30, 21), 8, coord_layers=coord_layers).eval()
    path, x = tmp_path / "network.onnx", torch.rand(3, 4, 30, 21)
    batch = ({0: torch.export.Dim("batch", min=1)},)
    torch.onnx.export(network, (x,), path, dynamic_shapes=batch, dynamo=True, verbose=False)
    check_onnx(network, path, x, torch.rand(1, 4, 30, 21))
