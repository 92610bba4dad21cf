"""What holds over the games of a comparison: plain records, as those of :mod:`.results`."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coordrl.compare.statistics.two_arms import Interval


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number and how surely it is known.

    :param value: the point estimate
    :param interval: its 95 % interval; None where it is undefined
    """

    value: float
    interval: Interval | None


@dataclass(frozen=True, kw_only=True, eq=False)
class Profile:
    """A performance profile: the share of runs above each score, every game weighing the same.

    Arrays are over :attr:`Aggregate.tau` and have its shape (points,).

    :param values: shares, in [0, 1]
    :param lower: lower end of the pointwise 95 % bootstrap band
    """

    values: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class AggregateArm:
    """One arm over the games; scores are (score - random) / (human - random), so human play is 1.

    Without human scores in at least two games all but the rank are None.

    :param mean: mean over the games
    :param median: median over the games of the mean score
    :param iqm: interquartile mean over games and seeds: the mean of the middle half
    :param optimality_gap: mean shortfall from human play, max(0, 1 - score); lower is better
    :param rank: mean over the games of its rank by mean score, 1 being the best of all arms
    """

    arm: str
    mean: Estimate | None = None
    median: Estimate | None = None
    iqm: Estimate | None = None
    optimality_gap: Estimate | None = None
    profile: Profile | None = None
    rank: Estimate | None = None


@dataclass(frozen=True, kw_only=True)
class AggregateContrast:
    """An arm against the baseline over all games in which both have runs.

    :param probability_of_improvement: that a run of the arm scores above a run of the baseline
        in a game drawn at random; ties count half
    :param iqm_difference: human-normalised IQM of the arm minus that of the baseline, or None
    :param mean_difference: mean human-normalised score of the arm minus that of the baseline,
        with a t interval (all others are bootstrap intervals), or None
    :param wins: games in which the arm's mean lies above the baseline's by more than the margin
    :param ties: the other games, those in which no arm beats random play among them
    :param losses: games in which it lies below by more than the margin
    :param better: games with the verdict "better"
    :param worse: games with the verdict "worse"
    """

    arm: str
    games: int
    probability_of_improvement: Estimate | None
    iqm_difference: Estimate | None
    mean_difference: Estimate | None
    wins: int
    ties: int
    losses: int
    better: int
    worse: int

    @property
    def summary(self) -> str:
        """The counts in words, as the CoordConv paper gives them."""
        return f"better in {self.wins} of {self.games} games, worse in {self.losses}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Aggregate:
    """One algorithm over its games, at least two.

    :param games: those with a random and a human score and with runs of all arms; fewer than
        two, and nothing is human-normalised
    :param left_out: the other games, each with the reason
    :param arms: those with finished runs, the baseline first
    :param contrasts: every other arm against the baseline; empty if that has no finished runs
    :param tau: the human-normalised scores at which profiles are evaluated, ascending,
        shape (points,); empty without profiles
    :param repetitions: of the stratified bootstrap
    :param notes: what the reader should know
    """

    algorithm: str
    games: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]
    arms: tuple[AggregateArm, ...]
    contrasts: tuple[AggregateContrast, ...]
    tau: NDArray[np.float64]
    repetitions: int
    seed: int
    notes: tuple[str, ...] = ()
