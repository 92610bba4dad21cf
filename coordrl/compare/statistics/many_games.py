"""Statistics of one arm's scores over several games, and their stratified bootstrap.

Source: R. Agarwal et al., "Deep reinforcement learning at the edge of the statistical
precipice" (NeurIPS 2021). With as many seeds in every game, all estimates equal those of its
library, rliable 1.2.0; with unequal seeds, games weigh the same here, whatever seeds they have.

Every statistic takes scores and *weights* that sum to 1. A bootstrap sample is the same scores
under other weights (how often each was drawn), so thousands of samples are one matrix.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coordrl.compare.statistics.two_arms import CONFIDENCE, Difference, is_constant

#: Bootstrap samples; the ends of a 95 % interval then vary by about 0.03 standard errors.
REPETITIONS = 10_000
#: The seed of the bootstrap.
BOOTSTRAP_SEED = 0

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class GameScores:
    """The scores of an arm, game after game.

    :param games: one array a game, each of shape (seeds of that game,)
    """

    games: tuple[Array, ...]

    @property
    def values(self) -> Array:
        """All scores, shape (scores,)."""
        return np.concatenate(self.games)

    def weights(self) -> Array:
        """Return 1 / (seeds of the game * games) for each score, shape (scores,)."""
        return np.concatenate([np.full(g.size, 1 / (g.size * len(self.games))) for g in self.games])

    def resampled(self, repetitions: int, generator: np.random.Generator) -> Array:
        """Draw seeds with replacement within each game.

        :param repetitions: bootstrap samples
        :return: the weights of each sample, shape (repetitions, scores)
        """
        counts = [_counts(g.size, repetitions, generator) for g in self.games]
        return np.concatenate(counts, axis=1) * self.weights()

    def part(self, weights: Array, games: Sequence[int]) -> Array:
        """Return the weights (..., their scores) of games by position, from those of all scores."""
        ends = np.cumsum([g.size for g in self.games])
        columns = [np.arange(ends[k] - self.games[k].size, ends[k]) for k in games]
        return weights[..., np.concatenate(columns)] * (len(self.games) / len(games))

    def game_means(self, weights: Array) -> Array:
        """Return the mean score of each game, shape (..., games), for weights (..., scores)."""
        starts = np.cumsum([0, *(g.size for g in self.games[:-1])])
        sums: Array = np.add.reduceat(weights * self.values, starts, axis=-1)
        return sums * len(self.games)

    def mean(self, weights: Array) -> Array:
        """Return the mean over games of the mean score, shape (...,)."""
        return weights @ self.values

    def median(self, weights: Array) -> Array:
        """Return the median over games of the mean score, shape (...,)."""
        return np.asarray(np.median(self.game_means(weights), axis=-1))

    def iqm(self, weights: Array) -> Array:
        """Return the interquartile mean, shape (...,): of the scores without a quarter at each end.

        Of N scores floor(N / 4) are cut at each end, as `scipy.stats.trim_mean` does.
        """
        values = self.values
        order = np.argsort(values, kind="stable")
        cut = (values.size // 4) / values.size
        below = np.clip(np.cumsum(weights[..., order], axis=-1), cut, 1 - cut)
        kept = np.diff(below, axis=-1, prepend=cut)
        return np.asarray(kept @ values[order] / (1 - 2 * cut))

    def optimality_gap(self, weights: Array) -> Array:
        """Return the mean of max(0, 1 - score), shape (...,)."""
        return weights @ np.maximum(0.0, 1.0 - self.values)

    def profile(self, weights: Array, tau: Array) -> Array:
        """Return the share of scores above each tau, shape (..., points)."""
        return weights @ (self.values[:, None] > tau).astype(np.float64)


def _counts(size: int, repetitions: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Return how often each of `size` seeds is drawn in `size` draws, shape (repetitions, size)."""
    drawn = generator.integers(size, size=(repetitions, size))
    cells = drawn + size * np.arange(repetitions)[:, None]
    return np.bincount(cells.ravel(), minlength=cells.size).reshape(cells.shape)


def normalised(scores: ArrayLike, random: float, human: float) -> Array:
    """Return (score - random) / (human - random): 0 for random and 1 for human play."""
    return (np.asarray(scores, dtype=np.float64) - random) / (human - random)


def probability_of_improvement(
    x: GameScores, y: GameScores, weights_x: Array, weights_y: Array
) -> Array:
    """Return the probability that a score of x exceeds one of y in a game drawn at random.

    The mean over games of the Mann-Whitney statistic U / (n m); ties count half.

    :param x: scores of one arm
    :param y: scores of the other in the same games
    :param weights_x: of the scores of x, shape (..., scores of x)
    :param weights_y: of the scores of y, shape (..., scores of y)
    :return: shape (...,)
    """
    total = np.zeros(weights_x.shape[:-1])
    i = j = 0
    for a, b in zip(x.games, y.games, strict=True):
        above = (a[:, None] > b) + 0.5 * (a[:, None] == b)
        of_a, of_b = weights_x[..., i : i + a.size], weights_y[..., j : j + b.size]
        total += ((of_a @ above) * of_b).sum(axis=-1)
        i, j = i + a.size, j + b.size
    return total * len(x.games)


def mean_ranks(means: Array) -> Array:
    """Return the mean over games of each arm's rank, 1 being the best; equal means share ranks.

    :param means: mean scores, shape (arms, ..., games)
    :return: shape (arms, ...)
    """
    ranks = [
        0.5 + ((means > mine) + 0.5 * (means == mine)).sum(axis=0)  # mine equals itself
        for mine in means
    ]
    averaged: Array = np.mean(ranks, axis=-1)
    return averaged


def mean_difference(x: GameScores, y: GameScores) -> Difference | None:
    """Return the mean over games of mean(x) - mean(y), with Welch's error and degrees of freedom.

    Of G games, each arm of each contributes its v = variance / (seeds * G^2): se^2 is the sum of
    all v, and df = se^4 / sum(v^2 / (seeds - 1)) (Welch 1947, Satterthwaite 1946). For one game
    this is :func:`coordrl.compare.statistics.two_arms.welch`.

    :param x: scores of one arm
    :param y: scores of the other in the same games
    :return: the difference; None where a game has a single seed, or no score varies
    """
    samples = [*x.games, *y.games]
    if any(s.size < 2 for s in samples) or all(is_constant(s) for s in samples):
        return None
    parts = np.array([s.var(ddof=1) / s.size for s in samples]) / len(x.games) ** 2
    squared = float(parts.sum())
    df = squared**2 / sum(float(p) ** 2 / (s.size - 1) for p, s in zip(parts, samples, strict=True))
    value = np.mean([a.mean() - b.mean() for a, b in zip(x.games, y.games, strict=True)])
    return Difference(float(value), squared**0.5, df)


def percentiles(samples: Array) -> Array:
    """Return the lower and the upper end of the 95 % percentile interval, shape (2, ...).

    :param samples: a statistic of each bootstrap sample, shape (repetitions, ...)
    """
    tail = (1 - CONFIDENCE) / 2
    return np.asarray(np.quantile(samples, [tail, 1 - tail], axis=0))
