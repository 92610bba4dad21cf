"""The sample of observations is fair, whatever their number."""

import numpy as np
import pytest

from agents.play.evaluation import ObservationSample


def kept(size: int, stream: int, seed: int) -> list[int]:
    sample = ObservationSample(size, seed)
    for value in range(stream):
        sample({"observations": np.array([[-1], [value]]), "i": 1}, {})
    return sample.observations()[:, 0].tolist()


@pytest.mark.parametrize("stream", [1, 4, 5])
def test_a_short_stream_is_kept_whole(stream: int) -> None:
    assert kept(5, stream, seed=0) == list(range(stream))


def test_every_observation_is_kept_as_often() -> None:
    repeats = 2000
    counts = np.zeros(20)
    for seed in range(repeats):
        chosen = kept(5, 20, seed)
        assert len(set(chosen)) == 5
        counts[chosen] += 1
    # Binomial with p = 1/4: five standard deviations are .048.
    assert np.abs(counts / repeats - 0.25).max() < 0.05


def test_the_observation_is_copied() -> None:
    buffer = np.zeros((1, 3))
    sample = ObservationSample(2, seed=0)
    sample({"observations": buffer, "i": 0}, {})
    buffer += 1
    assert not sample.observations().any()
