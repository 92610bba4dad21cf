from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from stable_baselines3 import A2C, DQN, PPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.envs import FakeImageEnv
from stable_baselines3.common.logger import configure
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn

from coordrl import (
    CoordConv1d,
    CoordConv2d,
    CoordConvTranspose2d,
    coord_policy_kwargs,
    coordinate_grid,
)
from coordrl.inspect import (
    CoordInspection,
    coord_layers,
    coordinate_maps,
    coordinate_reliance,
    gradient_share,
    map_image,
    without_coordinates,
)


def model_of(algorithm: type[BaseAlgorithm], **extractor_kwargs: Any) -> BaseAlgorithm:
    env = FakeImageEnv(screen_height=40, screen_width=44, n_channels=1, discrete=True)
    extra: dict[str, Any] = {"buffer_size": 50} if algorithm is DQN else {"n_steps": 16}
    policy_kwargs = coord_policy_kwargs(algorithm, **extractor_kwargs)
    return algorithm("CnnPolicy", env, policy_kwargs=policy_kwargs, seed=0, **extra)


def observations() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (16, 1, 40, 44), dtype=np.uint8)


def test_a_map_is_the_convolution_of_the_coordinates() -> None:
    layer = CoordConv2d(2, 3, 1, bias=True)
    net = nn.Sequential(nn.Conv2d(1, 2, 3), layer)
    maps = coordinate_maps(net, torch.randn(4, 1, 8, 7))
    grid = coordinate_grid((6, 5))
    expected = torch.einsum("oc,chw->ohw", layer.coord_weight[..., 0, 0], grid)
    assert list(maps) == ["1"]
    torch.testing.assert_close(maps["1"], expected.detach())


def test_maps_of_other_kinds_of_layers() -> None:
    assert coordinate_maps(CoordConv1d(2, 3, 3), torch.zeros(1, 2, 9))[""].shape == (3, 7)
    transposed = CoordConvTranspose2d(2, 3, 2, stride=2)
    assert coordinate_maps(transposed, torch.zeros(1, 2, 4, 5))[""].shape == (3, 8, 10)


def test_maps_of_controls() -> None:
    x = torch.zeros(1, 2, 9, 9)
    constant = coordinate_maps(CoordConv2d(2, 3, 3, padding=1, code="constant"), x)[""]
    torch.testing.assert_close(constant, constant[:, :1, :1].expand_as(constant))
    layer = CoordConv2d(2, 3, 1, code="random_0")
    grid = coordinate_grid((9, 9), code="random_0")
    expected = torch.einsum("oc,chw->ohw", layer.coord_weight[..., 0, 0], grid)
    torch.testing.assert_close(coordinate_maps(layer, x)[""], expected.detach())


@pytest.mark.parametrize("algorithm", [A2C, DQN])
def test_maps_of_a_policy_need_no_example(algorithm: type[BaseAlgorithm]) -> None:
    maps = coordinate_maps(model_of(algorithm).policy)
    assert {tuple(m.shape) for m in maps.values()} == {(32, 9, 10), (64, 3, 4), (64, 1, 2)}


def test_without_coordinate_layers_there_is_nothing_to_show() -> None:
    with pytest.raises(ValueError, match="no CoordConv layer was reached"):
        coordinate_maps(model_of(A2C, coord_layers=()).policy)


def test_an_image_shows_the_sign_and_the_size() -> None:
    maps = torch.tensor([[[1.0, -0.5]], [[0.0, -1.0]], [[0.5, 0.0]]])
    image = map_image(maps)
    assert image.shape == (3, 5, 3)
    red, half_blue, white, blue = image[0, 0], image[0, 1], image[0, 3], image[0, 4]
    assert red.tolist() == [255, 0, 0]
    assert half_blue.tolist() == [128, 128, 255]
    assert white.tolist() == [255, 255, 255]
    assert blue.tolist() == [0, 0, 255]
    assert image[0, 2].tolist() == [128, 128, 128]  # between two filters
    assert map_image(torch.zeros(1, 2, 2)).min() == 255


def test_switching_off_is_undone_also_after_an_error() -> None:
    layer, x = CoordConv2d(2, 3, 3), torch.randn(1, 2, 6, 6)
    expected = layer(x).detach()
    plain = torch.nn.functional.conv2d(x, layer.weight, layer.bias)
    with torch.no_grad():
        layer(x)  # keeps a map, which must not be used inside
        with without_coordinates(layer):
            assert torch.equal(layer(x), plain)
        assert torch.equal(layer(x), expected)
        with pytest.raises(RuntimeError), without_coordinates(layer):
            layer(torch.zeros(1, 5, 6, 6))  # a wrong number of channels
        assert torch.equal(layer(x), expected)


@pytest.mark.parametrize("algorithm", [A2C, PPO, DQN])
def test_reliance(algorithm: type[BaseAlgorithm]) -> None:
    model = model_of(algorithm)
    weak = coordinate_reliance(model.policy, observations())
    for layer in coord_layers(model.policy).values():
        layer.coord_weight.data *= 50
    strong = coordinate_reliance(model.policy, observations())
    assert 0 <= weak.greedy_changed <= strong.greedy_changed <= 1
    if algorithm is DQN:
        assert strong.kl is strong.value_change is None
    else:
        assert weak.kl is not None
        assert strong.kl is not None
        assert weak.value_change is not None
        assert strong.value_change is not None
        assert 0 < weak.kl < strong.kl
        assert 0 < weak.value_change < strong.value_change


def test_a_policy_that_ignores_coordinates_does_not_rely_on_them() -> None:
    reliance = coordinate_reliance(model_of(A2C, coord_init="zeros").policy, observations())
    assert (reliance.greedy_changed, reliance.kl, reliance.value_change) == (0, 0, 0)


def test_a_single_observation_is_not_enough() -> None:
    with pytest.raises(ValueError, match="at least two observations"):
        coordinate_reliance(model_of(A2C).policy, observations()[:1])


def test_the_share_of_the_gradient() -> None:
    net = nn.Sequential(CoordConv2d(1, 2, 1), nn.Conv2d(2, 1, 1))
    assert gradient_share(net) is None
    net(torch.randn(2, 1, 5, 5)).square().sum().backward()
    layer = net[0]
    assert isinstance(layer, CoordConv2d)
    grads = [p.grad.flatten() for p in net.parameters()]  # type: ignore[union-attr]
    expected = layer.coord_weight.grad.norm() / torch.cat(grads).norm()  # type: ignore[union-attr]
    assert gradient_share(net) == pytest.approx(expected.item())
    assert gradient_share(layer) is not None


@pytest.mark.parametrize("algorithm", [A2C, PPO, DQN])
def test_the_callback_records_shares_and_images(
    algorithm: type[BaseAlgorithm], tmp_path: Path
) -> None:
    model = model_of(algorithm)
    if isinstance(model, DQN):
        model.learning_starts = 4
    model.set_logger(configure(str(tmp_path), ["tensorboard", "csv"]))
    before = {name: p.detach().clone() for name, p in model.policy.named_parameters()}
    callback = CoordInspection(image_freq=16)
    callback.init_callback(model)
    callback.on_training_start({}, {})
    callback.on_rollout_start()
    for name, parameter in model.policy.named_parameters():
        assert torch.equal(parameter, before[name])
    model.learn(64, callback=CoordInspection(image_freq=16), log_interval=1)
    model.logger.dump(64)
    model.logger.close()
    events = EventAccumulator(str(tmp_path), size_guidance={"images": 0})
    events.Reload()
    shares = [event.value for event in events.Scalars("coord/gradient_share")]
    assert all(0 < share < 1 for share in shares)
    assert len([tag for tag in events.Tags()["images"] if tag.startswith("coord/maps/")]) >= 3
