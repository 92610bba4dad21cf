from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.torch_layers import NatureCNN

from coordrl import KeypointCNN, SpatialSoftmax
from tests.coordrl.networks import check_onnx

FRAMES = spaces.Box(0, 255, shape=(4, 52, 44), dtype=np.uint8)


def expected_positions(maps: np.ndarray, temperature: float) -> np.ndarray:
    """Compute them one channel and one pixel at a time."""
    n, channels, height, width = maps.shape
    positions = np.zeros((n, 2 * channels))
    for sample in range(n):
        for channel in range(channels):
            total = row = column = 0.0
            for i in range(height):
                for j in range(width):
                    weight = np.exp(maps[sample, channel, i, j] / temperature)
                    total += weight
                    row += weight * (2 * i / (height - 1) - 1)
                    column += weight * (2 * j / (width - 1) - 1)
            positions[sample, 2 * channel : 2 * channel + 2] = row / total, column / total
    return positions


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_is_the_mean_position_under_the_softmax(temperature: float) -> None:
    maps = torch.randn(2, 3, 5, 4, dtype=torch.float64)
    got = SpatialSoftmax(temperature).double()(maps)
    np.testing.assert_allclose(
        got.detach().numpy(), expected_positions(maps.numpy(), temperature), atol=1e-6
    )


def test_the_same_everywhere_is_the_centre_and_a_peak_its_place() -> None:
    maps = torch.zeros(1, 2, 5, 9)
    maps[0, 1, 4, 2] = 50.0
    torch.testing.assert_close(SpatialSoftmax()(maps), torch.tensor([[0.0, 0.0, 1.0, -0.5]]))


def test_a_single_pixel_is_the_centre() -> None:
    assert SpatialSoftmax()(torch.randn(2, 3, 1, 1)).abs().max() == 0


def test_the_temperature_is_learned() -> None:
    softmax = SpatialSoftmax(2.0)
    softmax(torch.randn(1, 2, 4, 4)).square().sum().backward()
    assert softmax.log_temperature.grad is not None
    assert softmax.log_temperature.grad != 0


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_that_is_none(temperature: float) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        KeypointCNN(FRAMES, temperature=temperature)


def test_its_convolutions_start_as_nature_cnns() -> None:
    torch.manual_seed(0)
    plain = NatureCNN(FRAMES).state_dict()
    torch.manual_seed(0)
    ours = KeypointCNN(FRAMES)
    for name, parameter in ours.cnn.state_dict().items():
        if name != "5.log_temperature":
            assert torch.equal(parameter, plain[f"cnn.{name}"]), name
    x = torch.rand(2, 4, 52, 44)
    maps = ours.cnn[:5](x)
    assert maps.min() < 0
    positions = torch.tensor(expected_positions(maps.detach().numpy(), 1.0), dtype=torch.float32)
    torch.testing.assert_close(ours.cnn(x), positions, atol=1e-5, rtol=1e-5)
    assert ours(x).shape == (2, 512)


@pytest.mark.parametrize("code", ["coordinates", "learned"])
def test_coordinates_change_no_shared_parameter_and_no_later_random_number(code: str) -> None:
    torch.manual_seed(0)
    plain, after_plain = KeypointCNN(FRAMES).state_dict(), torch.rand(5)
    torch.manual_seed(0)
    coord = KeypointCNN(FRAMES, coord_layers="all", code=code).state_dict()
    after_coord = torch.rand(5)
    assert len(coord.keys() - plain.keys()) == 3
    for name, parameter in plain.items():
        assert torch.equal(parameter, coord[name]), name
    assert torch.equal(after_plain, after_coord)


@pytest.mark.parametrize("shape", [(4, 36, 36), (1, 36, 200), (3, 210, 160)])
def test_any_size_that_fits(shape: tuple[int, ...]) -> None:
    space = spaces.Box(0, 255, shape=shape, dtype=np.uint8)
    assert KeypointCNN(space)(torch.zeros(2, *shape)).shape == (2, 512)


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (spaces.Box(0, 255, (4, 84, 35), np.uint8), r"at least 36x36 pixels.*\(4, 84, 35\)"),
        (spaces.Discrete(3), "needs images"),
    ],
)
def test_what_it_does_not_take(space: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        KeypointCNN(space)


def test_onnx_runtime_computes_the_same(tmp_path: Path) -> None:
    network, path = KeypointCNN(FRAMES, 8).eval(), tmp_path / "network.onnx"
    batch = ({0: torch.export.Dim("batch", min=1)},)
    x = torch.rand(3, 4, 52, 44)
    torch.onnx.export(network, (x,), path, dynamic_shapes=batch, dynamo=True, verbose=False)
    check_onnx(network, path, x, torch.rand(1, 4, 52, 44))
