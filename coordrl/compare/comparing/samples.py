"""Scores of an arm over games, and the bootstrap samples that all their statistics share."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np

from coordrl.compare.comparing.aggregates import Estimate
from coordrl.compare.statistics.many_games import (
    REPETITIONS,
    Array,
    GameScores,
    normalised,
    percentiles,
)
from coordrl.compare.statistics.two_arms import Interval


class Sample:
    """Scores of an arm over some games.

    :param resampled: the weights of bootstrap samples, shape (repetitions, scores)
    """

    def __init__(self, scores: GameScores, resampled: Array) -> None:
        self.scores = scores
        self.weights = scores.weights()
        self.resampled = resampled

    def estimate(self, statistic: Callable[[Array], Array]) -> Estimate:
        """Return a statistic, given as a function of the weights, with its interval."""
        return estimate(statistic(self.weights), statistic(self.resampled))

    @cached_property
    def iqm(self) -> Array:
        """The interquartile mean."""
        return self.scores.iqm(self.weights)

    @cached_property
    def resampled_iqm(self) -> Array:
        """That of each bootstrap sample, shape (repetitions,)."""
        return self.scores.iqm(self.resampled)


class ArmGames:
    """All games of an arm; the bootstrap draws once, and any part of the games uses its draws.

    :param games: the scores of each game, one a seed
    """

    def __init__(self, games: Mapping[str, Array], generator: np.random.Generator) -> None:
        self.games = games
        self._all = GameScores(tuple(games.values()))
        self._resampled = self._all.resampled(REPETITIONS, generator)

    def over(
        self, games: Sequence[str], references: Mapping[str, tuple[float, float]] | None = None
    ) -> Sample:
        """Return the scores of some games.

        :param games: their names, at least one
        :param references: random and human score of each game, to normalise by; without them
            scores stay as they are
        """
        scores = [self.games[game] for game in games]
        if references is not None:
            pairs = zip(games, scores, strict=True)
            scores = [normalised(values, *references[game]) for game, values in pairs]
        position = {game: k for k, game in enumerate(self.games)}
        part = self._all.part(self._resampled, [position[game] for game in games])
        return Sample(GameScores(tuple(scores)), part)


def estimate(value: Array, samples: Array) -> Estimate:
    """Return a statistic with its percentile interval.

    :param value: the statistic, a single number
    :param samples: that of each bootstrap sample, shape (repetitions,)
    """
    low, high = percentiles(samples)
    return Estimate(value=float(value), interval=Interval(float(low), float(high)))
