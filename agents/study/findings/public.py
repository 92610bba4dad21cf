"""The baseline's curves beside those of public logs."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from agents.study.findings.records import Record
from coordrl.compare.statistics.curves import final_score
from coordrl.compare.statistics.two_arms import Interval, mean_interval

#: Timesteps over which the public means look back, and between the points that are compared.
WINDOW = 100_000
#: Their sources, and what people call them.
SOURCES = {"rl-trained-agents": "RL Zoo", "openai-baselines": "Baselines"}
#: That which has a single run of each game.
ONE_RUN = "rl-trained-agents"


@dataclass(frozen=True)
class Point:
    """Mean returns of a game at a timestep.

    :param runs: the baseline's return in each finished run
    :param public: that of each source that has the game
    """

    game: str
    algorithm: str
    timestep: int
    runs: tuple[float, ...]
    public: dict[str, float]

    @property
    def mean(self) -> float:
        """The baseline's mean over its runs."""
        return float(np.mean(self.runs))

    @property
    def one_more_run(self) -> Interval | None:
        """Where one more run would lie with 95 %: t(n - 1) * sd * sqrt(1 + 1 / n) from the mean."""
        interval = mean_interval(self.runs)
        if interval is None:
            return None
        half = (interval.high - self.mean) * float(np.sqrt(len(self.runs) + 1))
        return Interval(self.mean - half, self.mean + half)


def points(record: Record) -> Iterator[Point]:
    """Return the baseline's returns at every timestep that public logs are compared at."""
    for group, arm in record.baselines():
        names = {seed.run for seed in arm.seeds}
        runs = [run for run in record.runs if run.name in names]
        for timestep in range(WINDOW, group.n_timesteps + 1, WINDOW):
            scores = [
                final_score(run.timesteps, run.returns, timestep, WINDOW / timestep) for run in runs
            ]
            known = tuple(score.mean for score in scores if score is not None)
            public = _at(group.algorithm, group.game, timestep)
            if known and public:
                yield Point(group.game, group.algorithm, timestep, known, public)


def _at(algorithm: str, game: str, timestep: int) -> dict[str, float]:
    """Return what each source has, between its points by interpolation."""
    found = {}
    for source in SOURCES:
        curve = _curves().get((source, algorithm, game), [])
        if curve:
            timesteps, returns = zip(*curve, strict=True)
            found[source] = float(np.interp(timestep, timesteps, returns))
    return found


@cache
def _curves() -> dict[tuple[str, str, str], list[tuple[int, float]]]:
    curves: dict[tuple[str, str, str], list[tuple[int, float]]] = {}
    lines = Path(__file__).with_name("public_curves.csv").read_text().splitlines()
    for row in csv.DictReader(line for line in lines if not line.startswith("#")):
        curve = curves.setdefault((row["source"], row["algo"], row["game"]), [])
        curve.append((int(row["timestep"]), float(row["mean_return"])))
    return curves
