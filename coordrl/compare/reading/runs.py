"""The records of a comparison's input: runs, what was declared and what is missing.

Nothing is dropped silently: a run that cannot enter the statistics becomes a
:class:`Missing` with its reason.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from coordrl.compare.statistics.curves import WINDOW, Score

#: What `Run.points` says where each number is the return of one game.
GAMES = "whole games"
#: The game or algorithm of a run of which neither its path nor its log says it.
UNSTATED = "unstated"
#: The seed of such a run, until it gets a number.
UNSTATED_SEED = -1
#: What a comparison may be about: each run's score, or the mean of its learning curve.
Outcome = Literal["score", "sample_efficiency"]
#: What a study's scores and curves may be of: the games of training, or those of its evaluations.
Source = Literal["runs", "evaluations"]


class RunKey(NamedTuple):
    """What tells one run of a study from another."""

    game: str
    algorithm: str
    arm: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class AgentEvaluation:
    """Games that a trained agent played after its training, as ``agents.evaluate`` records them.

    :param deterministic: whether it took the most probable action, or drew one
    :param coordinates: whether its coordinates were switched on; None for one without any
    :param mean: their mean return
    :param reliance: how much its outputs change when the coordinates are switched off, the fields
        of :class:`coordrl.inspect.Reliance` as far as they are known
    """

    deterministic: bool
    coordinates: bool | None
    games: int
    mean: float
    env_kwargs: dict[str, Any]
    reliance: dict[str, float]


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """A finished run; runs of other tools have neither parameters nor provenance.

    :param name: its path, relative to the folder that is compared
    :param n_timesteps: its length
    :param protocol: how games were played, or None
    :param parameters: "total", "extractor" and "coordinates", or None
    :param reference_scores: "random" and "human", or None
    :param timing: "wall_seconds", "cpu_seconds" and "timesteps_per_second", or None
    :param provenance: versions, commit and whatever else was recorded, or empty
    :param points: what the numbers in `returns` are: "whole games", or means as some log has them
    :param timesteps: when each game ended, shape (games,)
    :param returns: unclipped returns of whole games, shape (games,)
    :param wall_seconds: since the start of the run when each game ended, shape (games,), or None
    :param score: over the last part of the run
    :param notes: what the reader should know of its files
    :param evaluations: games of the trained agent
    :param coordinate_maps: an image of its learned coordinate maps, or None
    """

    name: str
    key: RunKey
    n_timesteps: int
    points: str
    timesteps: NDArray[np.int64]
    returns: NDArray[np.float64]
    wall_seconds: NDArray[np.float64] | None
    score: Score
    notes: tuple[str, ...]
    timing: dict[str, float] | None
    protocol: str | None = None
    parameters: dict[str, float] | None = None
    reference_scores: dict[str, float] | None = None
    provenance: dict[str, Any] = field(default_factory=dict)
    evaluations: tuple[AgentEvaluation, ...] = ()
    coordinate_maps: Path | None = None


@dataclass(frozen=True)
class Missing:
    """A run that does not enter the statistics.

    :param name: its path, relative to the folder that is compared
    :param reason: why, in a few words
    :param key: what it would have been, where that is known
    :param given_up: whether it has ended for good: finished without a score, or failed
    """

    name: str
    reason: str
    key: RunKey | None
    given_up: bool = False


@dataclass(frozen=True)
class Sequential:
    """What a study declares that may stop before all its seeds have run.

    :param looks: seeds per arm at each look, the last being all
    :param seeds: in the order in which they are used
    :param futility: the predictive probability below which a comparison is given up; None: never
    """

    looks: tuple[int, ...]
    seeds: tuple[int, ...]
    futility: float | None


class Decision(NamedTuple):
    """What ``decisions.json`` records of a comparison at a look, from 1."""

    look: int
    game: str
    algorithm: str
    arm: str
    state: str


@dataclass(frozen=True)
class Declaration:
    """What ``study.json`` declares; the defaults hold for a folder without one.

    :param runs: folders of all expected runs, in the study's order
    :param baseline: the arm the others are compared with, or None
    :param paired: whether the paired sign-flip test is the primary one
    :param margin: the smallest difference that matters, as a share of the baseline's score
    :param window: the last part of the timesteps whose games make the score
    :param outcome: the primary one, which margins, tests and verdicts are about
    :param source: whose games are compared, those of training or those of the evaluations
    :param sequential: when the study looks at its runs, None for once all have ended
    :param decisions: what a sequential study has recorded of its looks
    :param note: free text for the report
    :param hash: of the study's file
    :param altered: whether ``study.json`` no longer says what its hash was taken of
    :param config: the study's file, as it was read
    :param arguments: what the command line was asked to read: names of folders and tables first,
        then options
    """

    name: str
    runs: tuple[str, ...] = ()
    baseline: str | None = None
    paired: bool = False
    margin: float = 0.1
    window: float = WINDOW
    outcome: Outcome = "score"
    source: Source = "runs"
    sequential: Sequential | None = None
    decisions: tuple[Decision, ...] = ()
    note: str | None = None
    hash: str | None = None
    altered: bool = False
    config: dict[str, Any] | None = None
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Study:
    """All runs that are compared.

    :param declared: by its ``study.json``
    :param keys: every run that was expected or found, in the study's order
    :param runs: those that enter the statistics
    :param missing: those that do not
    :param notes: what the reader should know of the files as a whole
    """

    declared: Declaration
    keys: tuple[RunKey, ...]
    runs: tuple[Run, ...]
    missing: tuple[Missing, ...]
    notes: tuple[str, ...] = ()
