"""A random sample of the observations that an agent sees while it is evaluated."""

from typing import Any

import numpy as np
import numpy.typing as npt


class ObservationSample:
    """Keeps every observation with the same probability, however many come (Vitter's algorithm R).

    It is a callback of SB3's ``evaluate_policy``, which calls it once a step and environment.

    :param size: Observations to keep at most
    :param seed: Seed of the choice
    """

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        self.seen = 0
        self._random = np.random.default_rng(seed)
        self._kept: list[npt.NDArray[Any]] = []

    def __call__(self, local: dict[str, Any], _global: dict[str, Any]) -> None:
        """Keep the observation that the agent has just acted on, or not."""
        self.seen += 1
        place = len(self._kept) if self.seen <= self.size else self._random.integers(self.seen)
        if place < self.size:
            observation = local["observations"][local["i"]].copy()
            self._kept[place : place + 1] = [observation]

    def observations(self) -> npt.NDArray[Any]:
        """Return the sample, shape (up to ``size``, *observation shape)."""
        return np.array(self._kept)
