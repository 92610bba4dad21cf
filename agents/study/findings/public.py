"""The baseline's curves beside those of public logs."""

import csv
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from agents.study.findings.records import Record
from coordrl.compare.comparing import words
from coordrl.compare.statistics.curves import final_score
from coordrl.compare.statistics.two_arms import Interval, mean_interval
from coordrl.compare.writing.markdown import table

#: Timesteps over which the public means look back, and between the points that are compared.
WINDOW = 100_000
#: Their sources, and what people call them.
SOURCES = {"rl-trained-agents": "RL Zoo", "openai-baselines": "Baselines"}


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


def public_table(records: Sequence[Record]) -> str:
    """Return the table of the page, and how many points lie where one more run would."""
    rows = []
    inside: defaultdict[str, defaultdict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for point in (point for record in records for point in points(record)):
        expected = point.one_more_run
        for source, value in point.public.items():
            if expected is not None:
                found = expected.low <= value <= expected.high
                inside[words.algorithm_text(point.algorithm)][SOURCES[source]].append(found)
        beside = [point.public.get(source) for source in SOURCES]
        rows.append(
            (
                words.algorithm_text(point.algorithm),
                point.game,
                f"{point.timestep:,}",
                str(len(point.runs)),
                words.plus_minus(point.mean, mean_interval(point.runs)),
                f"{words.number_text(expected.low)} to {words.number_text(expected.high)}"
                if expected
                else words.NONE,
                *(words.number_text(value) for value in beside),
                *(
                    words.number_text(None if value is None else point.mean - value, sign=True)
                    for value in beside
                ),
            )
        )
    names = SOURCES.values()
    differences = (f"minus {name}" for name in names)
    header = (
        "algorithm",
        "game",
        "timesteps",
        "runs",
        "standard",
        "one more run",
        *names,
        *differences,
    )
    told = []
    for algorithm, sources in inside.items():
        counts = (f"{sum(found)} of {len(found)} of {name}" for name, found in sources.items())
        told.append(f"{algorithm}, points that lie where one more run would: {', '.join(counts)}.")
    return "\n".join([table(header, rows, left=2), "", *told])
