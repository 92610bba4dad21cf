import numpy as np
import torch
from gymnasium import spaces
from stable_baselines3.common.buffers import RolloutBuffer

from agents.acceleration.images import ImageRolloutBuffer

STEPS, ENVS = 6, 4
IMAGES = spaces.Box(0, 255, shape=(4, 12, 10), dtype=np.uint8)


def filled(kind: type[RolloutBuffer]) -> RolloutBuffer:
    buffer = kind(STEPS, IMAGES, spaces.Discrete(5), device="cpu", n_envs=ENVS)
    rng = np.random.default_rng(0)
    for _ in range(2):  # the second rollout replaces the first
        buffer.reset()
        for _ in range(STEPS):
            buffer.add(
                rng.integers(0, 256, (ENVS, *IMAGES.shape), dtype=np.uint8),
                rng.integers(0, 5, (ENVS, 1)),
                rng.random(ENVS),
                rng.random(ENVS) < 0.2,
                torch.from_numpy(rng.random((ENVS, 1))),
                torch.from_numpy(rng.random(ENVS)),
            )
    buffer.compute_returns_and_advantage(torch.zeros(ENVS, 1), np.zeros(ENVS))
    return buffer


def test_it_samples_what_sb3s_does_channels_last() -> None:
    np.random.seed(0)  # noqa: NPY002  (SB3 draws from it)
    expected = list(filled(RolloutBuffer).get(batch_size=8))
    np.random.seed(0)  # noqa: NPY002
    samples = list(filled(ImageRolloutBuffer).get(batch_size=8))
    assert len(samples) == len(expected) == 3
    for ours, theirs in zip(samples, expected, strict=True):
        for name, value in theirs._asdict().items():
            assert torch.equal(getattr(ours, name), value), name
        assert ours.observations.is_contiguous(memory_format=torch.channels_last)
