from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3 import A2C, DQN, PPO, SAC
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.envs import FakeImageEnv
from stable_baselines3.common.logger import configure
from stable_baselines3.common.policies import MultiInputActorCriticPolicy
from stable_baselines3.sac.policies import SACPolicy
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

from coordrl import (
    CoordActorCriticPolicy,
    CoordCombinedExtractor,
    CoordConv1d,
    CoordConv2d,
    CoordConvTranspose2d,
    coord_policy_kwargs,
    coordinate_grid,
)
from coordrl.contrib import CoordMaskableActorCriticPolicy, CoordRecurrentActorCriticPolicy
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


def test_maps_of_a_single_sample_and_of_keyword_arguments() -> None:
    layer = CoordConv2d(2, 3, 3)
    x = torch.randn(1, 2, 9, 9)
    torch.testing.assert_close(coordinate_maps(layer, x[0])[""], coordinate_maps(layer, x)[""])

    class Up(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.up = CoordConvTranspose2d(2, 3, 2, stride=2)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            y: torch.Tensor = self.up(x, output_size=(9, 8))
            return y

    assert coordinate_maps(Up(), torch.zeros(1, 2, 4, 4))["up"].shape == (3, 9, 8)


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


def test_an_image_of_lines_and_of_volumes() -> None:
    assert map_image(torch.zeros(1, 7)).shape == (1, 7, 3)
    assert map_image(torch.zeros(1, 2, 5, 7)).shape == (10, 7, 3)


def pruned(layer: CoordConv2d) -> None:
    prune.l1_unstructured(layer, "coord_weight", 0.01)  # type: ignore[no-untyped-call]  # torch's own


def weight_normed(layer: CoordConv2d) -> None:
    parametrizations.weight_norm(layer, "coord_weight")


def parametrised(layer: CoordConv2d) -> None:
    parametrize.register_parametrization(layer, "coord_weight", nn.Tanh())


def computed_by_a_hook(layer: CoordConv2d) -> None:
    weight = layer.coord_weight.detach()
    del layer.coord_weight
    layer.register_forward_pre_hook(lambda layer, _: setattr(layer, "coord_weight", 2 * weight))


COMPUTED = [pruned, weight_normed, parametrised, computed_by_a_hook]


@pytest.mark.parametrize("compute", COMPUTED)
def test_switching_off_weights_that_are_computed(compute: Any) -> None:
    layer, x = CoordConv2d(2, 3, 3), torch.randn(1, 2, 6, 6)
    compute(layer)
    plain = torch.nn.functional.conv2d(x, layer.weight, layer.bias)
    expected = layer(x)
    state = {name: value.clone() for name, value in layer.state_dict().items()}
    assert not torch.allclose(expected, plain)
    with without_coordinates(layer):
        assert torch.equal(layer(x), plain)
        with without_coordinates(layer):
            pass
        assert torch.equal(layer(x), plain)
    assert torch.equal(layer(x), expected)
    for name, value in layer.state_dict().items():
        assert torch.equal(value, state[name])


@pytest.mark.parametrize("compute", [pruned, weight_normed, parametrised])
def test_the_share_of_the_gradient_of_weights_that_are_computed(compute: Any) -> None:
    layer = CoordConv2d(2, 3, 3)
    before = set(layer._parameters)
    compute(layer)
    layer(torch.randn(1, 2, 6, 6)).square().sum().backward()
    grads = {name: p.grad for name, p in layer.named_parameters() if p.grad is not None}
    ours = torch.cat([g.flatten() for name, g in grads.items() if name not in before])
    everything = torch.cat([g.flatten() for g in grads.values()])
    assert gradient_share(layer) == pytest.approx((ours.norm() / everything.norm()).item())


def test_a_network_that_was_traced_cannot_be_switched_off() -> None:
    net = nn.Sequential(CoordConv2d(2, 3, 3))
    traced = torch.jit.trace(net, torch.randn(1, 2, 6, 6))  # type: ignore[no-untyped-call]
    for graph in (torch.fx.symbolic_trace(net), traced):
        with pytest.raises(ValueError, match=r"0\.coord_weight belongs to a traced"):
            without_coordinates(graph).__enter__()


def test_a_compiled_network_is_switched_off() -> None:
    torch._dynamo.reset()
    net, x = nn.Sequential(CoordConv2d(2, 3, 3)), torch.randn(1, 2, 6, 6)
    compiled = torch.compile(net, backend="eager")
    expected = compiled(x)
    with without_coordinates(compiled):
        off = compiled(x)
    assert not torch.allclose(off, expected)
    assert torch.equal(compiled(x), expected)


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


@pytest.mark.parametrize("n", [1, None])
def test_a_single_observation_is_not_enough(n: int | None) -> None:
    few = observations()[:1] if n else observations()[0]
    with pytest.raises(ValueError, match=f"at least two observations, not {n or 'one'}"):
        coordinate_reliance(model_of(A2C).policy, few)


CAMERA = spaces.Box(0, 255, (1, 40, 44), np.uint8)


def policy_of(action_space: spaces.Space[Any], kind: Any = CoordActorCriticPolicy) -> Any:
    policy = kind(CAMERA, action_space, lambda _: 1e-3)
    for layer in coord_layers(policy).values():
        layer.coord_weight.data *= 50
    return policy


def distributions(policy: Any, observation: Any) -> Any:
    return policy.get_distribution(policy.obs_to_tensor(observation)[0]).distribution


@pytest.mark.parametrize(
    "action_space", [spaces.MultiDiscrete([3, 2, 4]), spaces.MultiBinary(5)], ids=str
)
def test_reliance_of_actions_with_several_components(action_space: spaces.Space[Any]) -> None:
    policy = policy_of(action_space)
    reliance = coordinate_reliance(policy, observations())
    with torch.no_grad():
        on, greedy = (
            distributions(policy, observations()),
            policy.predict(observations(), deterministic=True)[0],
        )
        with without_coordinates(policy):
            off, other = (
                distributions(policy, observations()),
                policy.predict(observations(), deterministic=True)[0],
            )
    assert reliance.greedy_changed == (greedy != other).any(1).mean()
    if isinstance(on, list):
        kl = sum(torch.distributions.kl_divergence(a, b) for a, b in zip(on, off, strict=True))
    else:
        kl = torch.distributions.kl_divergence(on, off).sum(1)
    assert isinstance(kl, torch.Tensor)
    assert reliance.kl == pytest.approx(kl.mean().item())
    assert reliance.action_change is None


def test_reliance_of_continuous_actions() -> None:
    policy = policy_of(spaces.Box(-1.0, 1.0, (3,)))
    reliance = coordinate_reliance(policy, observations())
    with torch.no_grad():
        on = distributions(policy, observations())
        with without_coordinates(policy):
            off = distributions(policy, observations())
    assert reliance.greedy_changed is None
    kl = ((on.mean - off.mean) / on.stddev).square().sum(1) / 2
    assert reliance.kl == pytest.approx(kl.mean().item(), rel=1e-4)
    change = (on.mean.clamp(-1, 1) - off.mean.clamp(-1, 1)).abs() / on.mean.clamp(-1, 1).std(0)
    assert reliance.action_change == pytest.approx(change.mean().item(), rel=1e-4)


def test_reliance_of_a_policy_with_neither_distribution_nor_discrete_actions() -> None:
    policy_kwargs = coord_policy_kwargs(SAC)
    policy = SACPolicy(CAMERA, spaces.Box(-1.0, 1.0, (2,)), lambda _: 1e-3, **policy_kwargs)
    reliance = coordinate_reliance(policy, observations())
    assert (reliance.greedy_changed, reliance.kl, reliance.value_change) == (None, None, None)
    assert reliance.action_change is not None
    assert reliance.action_change > 0


def test_reliance_on_dict_observations() -> None:
    space = spaces.Dict({"camera": CAMERA, "speed": spaces.Box(-1.0, 1.0, (2,))})
    policy = MultiInputActorCriticPolicy(
        space, spaces.Discrete(3), lambda _: 1e-3, features_extractor_class=CoordCombinedExtractor
    )
    speeds = np.zeros((16, 2), np.float32)
    reliance = coordinate_reliance(policy, {"camera": observations(), "speed": speeds})
    assert reliance.kl is not None
    assert reliance.kl > 0
    with pytest.raises(ValueError, match="at least two observations, not 1"):
        coordinate_reliance(policy, {"camera": observations()[:1], "speed": speeds[:1]})


def test_reliance_of_a_policy_with_action_masks() -> None:
    policy = policy_of(spaces.Discrete(3), CoordMaskableActorCriticPolicy)
    reliance = coordinate_reliance(policy, observations())
    assert reliance.kl is not None
    assert reliance.kl > 0


def test_a_recurrent_policy_is_not_measured() -> None:
    policy = policy_of(spaces.Discrete(3), CoordRecurrentActorCriticPolicy)
    with pytest.raises(ValueError, match="has a recurrent state"):
        coordinate_reliance(policy, observations())


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
