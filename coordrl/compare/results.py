"""What a comparison finds: plain records, which the report, tables and plots only show."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coordrl.compare.runs import Missing, Plan
from coordrl.compare.statistics import Interval, Verdict


@dataclass(frozen=True, kw_only=True)
class SeedResult:
    """One run.

    :param seed: its seed
    :param run: its folder
    :param score: mean return over the last part of the run
    :param games: games in that mean
    :param sample_efficiency: mean of its learning curve
    """

    seed: int
    run: str
    score: float
    games: int
    sample_efficiency: float


@dataclass(frozen=True, kw_only=True, eq=False)
class ArmCurve:
    """The learning curves of an arm; arrays over the grid have the shape (points,).

    :param timesteps: the grid
    :param seeds: one curve a seed, in the order of the arm's seeds, shape (seeds, points)
    :param carried: where a seed's curve repeats its last value, shape (seeds, points)
    :param mean: over seeds; NaN until every seed has finished a game
    :param lower: lower end of the t interval of the mean; NaN for a single seed
    :param upper: upper end
    """

    timesteps: NDArray[np.int64]
    seeds: NDArray[np.float64]
    carried: NDArray[np.bool_]
    mean: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class ArmResult:
    """One arm of one game and algorithm.

    :param arm: its name
    :param seeds: its finished runs, at least one, in the order of their seeds
    :param mean: mean score
    :param sd: standard deviation of the scores between seeds; None for one seed
    :param interval: t interval of the mean score; None for one seed
    :param sample_efficiency: mean over seeds
    :param sample_efficiency_interval: its t interval; None for one seed
    :param parameters: "total", "extractor" and "coordinates", if recorded
    :param timesteps_per_second: mean over the runs that recorded it, or None
    :param wall_seconds: mean over the runs that recorded it, or None
    :param curve: its learning curves
    """

    arm: str
    seeds: tuple[SeedResult, ...]
    mean: float
    sd: float | None
    interval: Interval | None
    sample_efficiency: float
    sample_efficiency_interval: Interval | None
    parameters: dict[str, float] | None
    timesteps_per_second: float | None
    wall_seconds: float | None
    curve: ArmCurve

    @property
    def scores(self) -> list[float]:
        """The scores, one a seed."""
        return [seed.score for seed in self.seeds]


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """An arm against the baseline; the numbers are None where they are undefined.

    :param arm: the arm
    :param seeds: seeds of the arm and of the baseline that the tests used
    :param difference: mean score of the arm minus that of the baseline
    :param interval: its t interval (Welch's, or the paired one)
    :param sd: standard deviation between seeds (paired: of the differences), to plan with
    :param margin: the smallest difference that matters, in points of the game
    :param p_value: of the primary test, permutation or sign-flip
    :param p_holm: the same corrected for the family
    :param p_t: of the t-test beside it (Welch's, or the paired one)
    :param p_equivalence: of the two one-sided tests, corrected for the family
    :param p_possible: the smallest corrected p-value that any scores could have given
    :param correlation: between both arms over their common seeds
    :param seeds_needed: per arm, for a difference as large as the margin; only for an
        inconclusive verdict
    :param verdict: None if one of the two has no finished run
    :param notes: what the reader should know
    """

    arm: str
    seeds: tuple[int, int]
    difference: float | None = None
    interval: Interval | None = None
    sd: float | None = None
    margin: float | None = None
    p_value: float | None = None
    p_holm: float | None = None
    p_t: float | None = None
    p_equivalence: float | None = None
    p_possible: float | None = None
    correlation: float | None = None
    seeds_needed: int | None = None
    verdict: Verdict | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """All arms of one game and algorithm.

    :param game: the game
    :param algorithm: the algorithm
    :param protocol: how games were played, or None
    :param n_timesteps: the length of each run
    :param random_score: published score of random play, or None
    :param human_score: published score of human play, or None
    :param informative: whether some arm is shown to beat random play, or random is unknown
    :param arms: the baseline first, if it has finished runs
    :param contrasts: every other arm against the baseline
    """

    game: str
    algorithm: str
    protocol: str | None
    n_timesteps: int
    random_score: float | None
    human_score: float | None
    informative: bool
    arms: tuple[ArmResult, ...]
    contrasts: tuple[Contrast, ...]

    @property
    def title(self) -> str:
        """Game and algorithm, for people."""
        return f"{self.game}, {self.algorithm.upper()}"

    def rows(self) -> list[tuple[str, ArmResult | None, Contrast | None]]:
        """Return every arm with its results and its contrast, the baseline first."""
        arms = {arm.arm: arm for arm in self.arms}
        contrasts = {contrast.arm: contrast for contrast in self.contrasts}
        names = dict.fromkeys([*(name for name in arms if name not in contrasts), *contrasts])
        return [(name, arms.get(name), contrasts.get(name)) for name in names]


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """All that was found.

    :param plan: what the study declared
    :param baseline: the arm that the others are compared with
    :param arms: all arms, the baseline first
    :param family: how many tests Holm's correction is for
    :param headline: the finding in a sentence
    :param findings: a sentence for each contrast
    :param groups: every game and algorithm with a finished run
    :param missing: runs that did not enter
    :param notes: what the reader should know of runs that did
    :param provenance: for each recorded fact, its values and how many runs have each
    """

    plan: Plan
    baseline: str
    arms: tuple[str, ...]
    family: int
    headline: str
    findings: tuple[str, ...]
    groups: tuple[Group, ...]
    missing: tuple[Missing, ...]
    notes: tuple[str, ...]
    provenance: dict[str, dict[str, int]]

    def contrasts(self) -> list[tuple[Group, Contrast]]:
        """Return every contrast with its game and algorithm."""
        return [(group, contrast) for group in self.groups for contrast in group.contrasts]

    def all_notes(self) -> list[str]:
        """Return the notes of runs and of contrasts."""
        return [*self.notes] + [
            f"{group.title}: {note}" for group, found in self.contrasts() for note in found.notes
        ]
