from pathlib import Path

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.policies import ActorCriticCnnPolicy
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor, NatureCNN
from torch import nn

from agents.acceleration.networks import convolutions, is_steady, replace_layers
from agents.acceleration.passes import Passes
from coordrl import CoordImpalaCNN, CoordNatureCNN, HadamaxCNN, KeypointCNN

FRAMES = spaces.Box(0, 255, shape=(4, 44, 44), dtype=np.uint8)


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


class Circular(CoordImpalaCNN):
    def __init__(self, observation_space: spaces.Box) -> None:
        super().__init__(observation_space, padding_mode="circular", pool="avg")


class Learned(CoordNatureCNN):
    def __init__(self, observation_space: spaces.Box) -> None:
        super().__init__(observation_space, code="learned")


class Doubling(NatureCNN):
    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        return 2 * super().forward(observations)


def policy(extractor: type[BaseFeaturesExtractor], **settings: bool) -> ActorCriticCnnPolicy:
    return ActorCriticCnnPolicy(
        FRAMES, spaces.Discrete(3), lambda _: 0.0, features_extractor_class=extractor, **settings
    )


@pytest.mark.parametrize(
    "extractor", [NatureCNN, CoordNatureCNN, CoordImpalaCNN, KeypointCNN, HadamaxCNN]
)
def test_extractors_of_ours_and_sb3s_are_steady(extractor: type[BaseFeaturesExtractor]) -> None:
    assert is_steady(extractor(FRAMES))


@pytest.mark.parametrize("extractor", [Noisy, Dropping, Repeating, Doubling])
def test_extractors_that_might_do_anything_are_not(extractor: type[BaseFeaturesExtractor]) -> None:
    assert not is_steady(extractor(FRAMES))


def test_each_convolution_is_found_with_the_relu_that_follows_it() -> None:
    network = CoordNatureCNN(FRAMES)
    assert convolutions(network) == [(network.cnn[i], network.cnn[i + 1]) for i in (0, 2, 4)]
    impala = convolutions(CoordImpalaCNN(FRAMES))
    assert [relu is not None for _, relu in impala] == 3 * [False, True, False, True, False]


def test_a_policy_that_is_saved_scales_its_images_itself(tmp_path: Path) -> None:
    network = policy(CoordNatureCNN)
    images = torch.randint(0, 256, (2, *FRAMES.shape), dtype=torch.uint8)
    before = network.extract_features(images)
    replace_layers(network, Passes(1))
    network.save(str(tmp_path / "policy.pth"))
    loaded = ActorCriticCnnPolicy.load(str(tmp_path / "policy.pth"), device="cpu")
    assert torch.equal(loaded.extract_features(images), before)


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize(
    "extractor",
    [
        *(NatureCNN, CoordNatureCNN, CoordImpalaCNN, KeypointCNN),
        *(HadamaxCNN, Circular, Learned, Dropping, Repeating, Doubling),
    ],
)
def test_replaced_layers_compute_the_same_and_images_are_scaled_once(
    extractor: type[BaseFeaturesExtractor], shared: bool
) -> None:
    network = policy(extractor, share_features_extractor=shared)
    network.set_training_mode(False)  # no dropout
    names = list(network.state_dict())
    images = torch.randint(0, 256, (2, *FRAMES.shape), dtype=torch.uint8)
    before = outputs_and_gradients(network, images)
    replace_layers(network, Passes(1))
    # Hadamax has two first convolutions, and of those that are not padded with zeros none is fast.
    assert network.normalize_images is (extractor in (Doubling, HadamaxCNN, Circular))
    for ours, theirs in zip(outputs_and_gradients(network, images), before, strict=True):
        # A bias before a spatial softmax changes nothing: its gradient is nought but for rounding.
        assert (ours - theirs).norm() <= 1e-4 * theirs.norm() + 1e-6
    assert list(network.state_dict()) == names


def outputs_and_gradients(
    network: ActorCriticCnnPolicy, images: torch.Tensor
) -> list[torch.Tensor]:
    network.zero_grad()
    values, log_prob, _ = network.evaluate_actions(images, torch.zeros(2))
    (values.sum() + log_prob.sum()).backward()
    gradients = [p.grad for p in network.features_extractor.parameters() if p.grad is not None]
    assert gradients
    return [values.detach(), log_prob.detach(), *gradients]
