"""What a comparison finds: plain records, which the report, tables and plots only show."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coordrl.compare.comparing.aggregates import Aggregate
from coordrl.compare.reading.runs import UNSTATED, AgentEvaluation, Declaration, Missing
from coordrl.compare.statistics.looks import Look, State
from coordrl.compare.statistics.two_arms import Interval, Size, Verdict


@dataclass(frozen=True, kw_only=True)
class SeedResult:
    """One run.

    :param run: its folder
    :param score: mean return over the last part of the run
    :param games: games in that mean
    :param sample_efficiency: mean of its learning curve
    :param outcome: of both the one that the comparison is about
    :param evaluations: games of the trained agent
    :param coordinate_maps: path of an image of its learned coordinate maps, or None
    """

    seed: int
    run: str
    score: float
    games: int
    sample_efficiency: float
    outcome: float
    evaluations: tuple[AgentEvaluation, ...] = ()
    coordinate_maps: str | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class ArmCurve:
    """The learning curves of an arm; arrays over the grid have the shape (points,).

    :param timesteps: the grid
    :param seeds: one curve a seed, in the order of the arm's seeds, shape (seeds, points)
    :param carried: where a seed's curve repeats its last value, shape (seeds, points)
    :param mean: over seeds; NaN until every seed has finished a game
    :param lower: lower end of the t interval of the mean; NaN for a single seed
    :param wall_seconds: mean over seeds since the start; None where some run did not record it
    """

    timesteps: NDArray[np.int64]
    seeds: NDArray[np.float64]
    carried: NDArray[np.bool_]
    mean: NDArray[np.float64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    wall_seconds: NDArray[np.float64] | None


@dataclass(frozen=True, kw_only=True, eq=False)
class ArmResult:
    """One arm of one game and algorithm.

    :param seeds: its finished runs, at least one, in the order of their seeds
    :param mean: mean outcome
    :param sd: standard deviation of the outcomes between seeds; None for one seed
    :param interval: t interval of the mean outcome; None for one seed
    :param score: mean score over seeds, whatever the comparison is about
    :param score_interval: its t interval; None for one seed
    :param sample_efficiency: mean over seeds
    :param sample_efficiency_interval: its t interval; None for one seed
    :param parameters: "total", "extractor" and "coordinates", if recorded
    :param timesteps_per_second: mean over the runs that recorded it, or None
    :param wall_seconds: mean over the runs that recorded it, or None
    :param cpu_seconds: mean over the runs that recorded it, or None
    """

    arm: str
    seeds: tuple[SeedResult, ...]
    mean: float
    sd: float | None
    interval: Interval | None
    score: float
    score_interval: Interval | None
    sample_efficiency: float
    sample_efficiency_interval: Interval | None
    parameters: dict[str, float] | None
    timesteps_per_second: float | None
    wall_seconds: float | None
    cpu_seconds: float | None
    curve: ArmCurve

    @property
    def outcomes(self) -> list[float]:
        """The outcomes, one a seed."""
        return [seed.outcome for seed in self.seeds]


@dataclass(frozen=True, kw_only=True)
class LookResult(Look):
    """A look at a comparison of a sequential study.

    :param planned: seeds per arm that were declared for this look
    :param seeds: of the arm and of the baseline that were there
    :param difference: mean outcome of the arm minus that of the baseline, or None
    :param interval: its repeated confidence interval: the intervals of all looks hold at once
    """

    planned: int
    seeds: tuple[int, int]
    difference: float | None
    interval: Interval | None


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """An arm against the baseline; the numbers are None where they are undefined.

    In a sequential study they are those of its last look.

    :param seeds: seeds of the arm and of the baseline that the tests used
    :param difference: mean outcome of the arm minus that of the baseline
    :param interval: its t interval (Welch's, or the paired one); in a sequential study the
        repeated one
    :param interval_fixed: in a sequential study the 95 % interval as if nobody had looked before
    :param sd: standard deviation between seeds (paired: of the differences), to plan with
    :param margin: the smallest difference that matters, in points of the game
    :param p_value: of the primary test, permutation or sign-flip
    :param p_sequential: in a sequential study, the same corrected for all looks
    :param p_holm: the same corrected for the family
    :param p_t: of the t-test beside it (Welch's, or the paired one)
    :param p_equivalence: of the two one-sided tests, corrected for the family
    :param p_possible: the smallest corrected p-value that any scores could have given
    :param correlation: between both arms over their common seeds
    :param seeds_needed: per arm, for a difference as large as the margin; only for an
        inconclusive verdict
    :param verdict: None if one of the two has no finished run
    :param size: of the difference of a better or worse arm, as its interval shows it
    :param looks: those that a sequential study has taken
    :param notes: what the reader should know
    :param secondary: of the scores, uncorrected, where the comparison is about another outcome
    """

    arm: str
    seeds: tuple[int, int]
    difference: float | None = None
    interval: Interval | None = None
    interval_fixed: Interval | None = None
    sd: float | None = None
    margin: float | None = None
    p_value: float | None = None
    p_sequential: float | None = None
    p_holm: float | None = None
    p_t: float | None = None
    p_equivalence: float | None = None
    p_possible: float | None = None
    correlation: float | None = None
    seeds_needed: int | None = None
    verdict: Verdict | None = None
    size: Size | None = None
    looks: tuple[LookResult, ...] = ()
    notes: tuple[str, ...] = ()
    secondary: "Contrast | None" = None

    @property
    def look_seeds(self) -> int | None:
        """Seeds per arm that were declared for its last look in a sequential study."""
        return self.looks[-1].planned if self.looks else None

    @property
    def state(self) -> State | None:
        """How it stands in a sequential study; None before its first look, and in others."""
        return self.looks[-1].state if self.looks else None


@dataclass(frozen=True, kw_only=True)
class Reach:
    """When the runs of an arm reach a threshold.

    :param timesteps: the first point of each seed's curve that lies at or above the threshold,
        in timesteps, in the order of the arm's seeds; None where it never does
    """

    arm: str
    timesteps: tuple[int | None, ...]

    @property
    def reached(self) -> int:
        """How many seeds get there."""
        return sum(when is not None for when in self.timesteps)

    @property
    def median(self) -> float | None:
        """The median over all seeds in timesteps; None unless more than half get there."""
        whens = [np.inf if when is None else when for when in self.timesteps]
        middle = float(np.median(whens))
        return middle if np.isfinite(middle) else None


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A return, and when each arm reaches it.

    :param share: of the way from the start to the baseline's score
    :param level: the return there
    :param reaches: one for each arm with finished runs, in the group's order
    """

    share: float
    level: float
    reaches: tuple[Reach, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Group:
    """All arms of one game and algorithm.

    :param protocol: how games were played, or None
    :param n_timesteps: the length of each run
    :param points: what curves and scores are means of (see
        :class:`coordrl.compare.reading.runs.Run`)
    :param random_score: published score of random play, or None
    :param human_score: published score of human play, or None
    :param informative: whether some arm is shown to beat random play, or random is unknown
    :param arms: the baseline first, if it has finished runs
    :param contrasts: every other arm against the baseline
    :param thresholds: when each arm reaches shares of the baseline's score
    """

    game: str
    algorithm: str
    protocol: str | None
    n_timesteps: int
    points: str
    random_score: float | None
    human_score: float | None
    informative: bool
    arms: tuple[ArmResult, ...]
    contrasts: tuple[Contrast, ...]
    thresholds: tuple[Threshold, ...] = ()

    @property
    def title(self) -> str:
        """Game and algorithm, for people."""
        if self.algorithm == UNSTATED:
            return self.game
        return f"{self.game}, {self.algorithm.upper()}"

    def rows(self) -> list[tuple[str, ArmResult | None, Contrast | None]]:
        """Return every arm with its results and its contrast, the baseline first."""
        arms = {arm.arm: arm for arm in self.arms}
        contrasts = {contrast.arm: contrast for contrast in self.contrasts}
        names = dict.fromkeys([*(name for name in arms if name not in contrasts), *contrasts])
        return [(name, arms.get(name), contrasts.get(name)) for name in names]


@dataclass(frozen=True, kw_only=True)
class SequentialResult:
    """How far a sequential study is.

    :param looks: seeds per arm at each look
    :param weights: the share of the level that each look gets for differences
    :param levels: the largest p-value that is significant at each look, for the comparison that
        Holm's method takes first, and for the one that it takes last
    :param taken: looks that have been taken
    :param live: comparisons that go on
    :param runs: that the study declares
    :param needed: of these, the runs that its looks have used
    """

    looks: tuple[int, ...]
    weights: tuple[float, ...]
    levels: tuple[tuple[float, ...], tuple[float, ...]]
    taken: int
    live: int
    runs: int
    needed: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """All that was found.

    :param declared: by the study; "plan" in comparison.json
    :param baseline: the arm that the others are compared with
    :param arms: all arms, the baseline first
    :param family: how many tests Holm's correction is for
    :param seeds_to_attain: seeds per arm from which the corrected tests can be significant at
        all; None if no number is enough
    :param headline: the finding in a sentence
    :param findings: a sentence for each contrast
    :param groups: every game and algorithm with a finished run
    :param missing: runs that did not enter
    :param notes: what the reader should know of runs that did
    :param provenance: for each recorded fact, its values and how many runs have each
    :param aggregates: one for each algorithm with two games or more
    :param sequential: of a sequential study
    """

    declared: Declaration
    baseline: str
    arms: tuple[str, ...]
    family: int
    seeds_to_attain: int | None
    headline: str
    findings: tuple[str, ...]
    groups: tuple[Group, ...]
    missing: tuple[Missing, ...]
    notes: tuple[str, ...]
    provenance: dict[str, dict[str, int]]
    aggregates: tuple[Aggregate, ...] = ()
    sequential: SequentialResult | None = None

    def contrasts(self) -> list[tuple[Group, Contrast]]:
        """Return every contrast with its game and algorithm."""
        return [(group, contrast) for group in self.groups for contrast in group.contrasts]

    def all_notes(self) -> list[str]:
        """Return the notes of runs and of contrasts."""
        return [*self.notes] + [
            f"{group.title}: {note}" for group, found in self.contrasts() for note in found.notes
        ]
