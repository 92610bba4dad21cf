from pathlib import Path

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.policies import ActorCriticCnnPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor, NatureCNN
from torch import nn

from agents.acceleration.networks import convolutions, divide_weights, steady_extractors
from coordrl import CoordImpalaCNN, CoordNatureCNN

FRAMES = spaces.Box(0, 255, shape=(4, 84, 84), dtype=np.uint8)


class Noise(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + torch.randn_like(x)


class Noisy(NatureCNN):
    def __init__(self, observation_space: spaces.Box) -> None:
        super().__init__(observation_space)
        self.cnn.insert(2, Noise())


class Dropping(NatureCNN):
    def __init__(self, observation_space: spaces.Box) -> None:
        super().__init__(observation_space)
        self.linear.append(nn.Dropout())


class Repeating(NatureCNN):
    def __init__(self, observation_space: spaces.Box) -> None:
        super().__init__(observation_space)
        again = nn.Conv2d(64, 64, 1)
        for layer in (again, nn.ReLU(), again):
            self.cnn.insert(5, layer)


class Doubling(NatureCNN):
    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(observations)


def policy(extractor: type[BaseFeaturesExtractor], **settings: bool) -> ActorCriticCnnPolicy:
    return ActorCriticCnnPolicy(
        FRAMES, spaces.Discrete(3), lambda _: 0.0, features_extractor_class=extractor, **settings
    )


@pytest.mark.parametrize("extractor", [NatureCNN, CoordNatureCNN, CoordImpalaCNN])
@pytest.mark.parametrize("shared", [True, False])
def test_extractors_of_ours_and_sb3s_are_steady(
    extractor: type[BaseFeaturesExtractor], shared: bool
) -> None:
    found = policy(extractor, share_features_extractor=shared)
    assert len(steady_extractors(found)) == (1 if shared else 2)


@pytest.mark.parametrize("extractor", [Noisy, Dropping, Repeating, Doubling])
def test_extractors_that_might_do_anything_are_not(extractor: type[BaseFeaturesExtractor]) -> None:
    assert not steady_extractors(policy(extractor))


def test_each_convolution_is_found_with_the_relu_that_follows_it() -> None:
    network = CoordNatureCNN(FRAMES)
    assert convolutions(network) == [(network.cnn[i], network.cnn[i + 1]) for i in (0, 2, 4)]
    impala = convolutions(CoordImpalaCNN(FRAMES))
    assert [relu is not None for _, relu in impala] == 3 * [False, True, False, True, False]


def test_a_policy_that_is_saved_scales_its_images_itself(tmp_path: Path) -> None:
    network = policy(CoordNatureCNN)
    images = torch.randint(0, 256, (2, *FRAMES.shape), dtype=torch.uint8)
    before = network.extract_features(images)
    divide_weights(network)
    network.save(str(tmp_path / "policy.pth"))
    loaded = ActorCriticCnnPolicy.load(str(tmp_path / "policy.pth"), device="cpu")
    assert torch.equal(loaded.extract_features(images), before)


@pytest.mark.parametrize("extractor", [NatureCNN, CoordNatureCNN, CoordImpalaCNN, Doubling])
def test_images_are_scaled_once(extractor: type[BaseFeaturesExtractor]) -> None:
    network = policy(extractor)
    images = torch.randint(0, 256, (2, *FRAMES.shape), dtype=torch.uint8)
    before = network.extract_features(images)
    divide_weights(network)
    assert network.normalize_images is (extractor is Doubling)
    torch.testing.assert_close(network.extract_features(images), before, rtol=1e-4, atol=1e-4)
