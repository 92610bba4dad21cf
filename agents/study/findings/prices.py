"""What the studies have cost, and what the large one will at such rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agents.study.config import parse_study, read_study_file
from agents.study.costs import makespan
from agents.study.findings.records import Record

#: Cores for which the large study's days are told: a laptop's, a workstation's, ten nodes of 32.
CORES = (2, 16, 320)


@dataclass(frozen=True)
class Price:
    """What the large study costs with one algorithm.

    :param milliseconds: of processor time for a timestep, by arm, as measured
    :param hours: of one core, for all runs
    :param days: with each of :data:`CORES`, a run on each at a time
    """

    algorithm: str
    runs: int
    milliseconds: dict[str, float]
    hours: float
    days: tuple[float, ...]


def prices(records: Sequence[Record]) -> list[Price]:
    """Return the price with each algorithm that has been measured.

    Arms that have not run yet count as the slowest one that has.
    """
    study = parse_study(read_study_file(Path("atari-paper")), "atari-paper")
    assert isinstance(study.n_timesteps, int)
    found = []
    for algorithm in study.algo:
        measured = _milliseconds(records, algorithm)
        if not measured:
            continue
        slowest = max(measured.values())
        seconds = [
            measured.get(arm, slowest) / 1000 * study.n_timesteps
            for _ in range(len(study.env) * len(study.seeds))
            for arm in study.arms
        ]
        days = tuple(makespan(seconds, cores) / 86_400 for cores in CORES)
        found.append(Price(algorithm, len(seconds), measured, sum(seconds) / 3600, days))
    return found


def _milliseconds(records: Sequence[Record], algorithm: str) -> dict[str, float]:
    """Return the mean processor time of a timestep, by arm."""
    runs = [run for record in records for run in record.runs if run.key.algorithm == algorithm]
    found = {}
    for arm in dict.fromkeys(run.key.arm for run in runs):
        timed = [(run.timing, run.n_timesteps) for run in runs if run.key.arm == arm]
        known = [(timing["cpu_seconds"], n) for timing, n in timed if timing is not None]
        if known:
            found[arm] = 1000 * sum(seconds for seconds, _ in known) / sum(n for _, n in known)
    return found
