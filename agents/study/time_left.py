"""How long a study will still take, from how fast its runs have been so far."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import harmonic_mean

from agents.run.config import RunConfig


@dataclass(frozen=True)
class Load:
    """What is left of a run, and how fast it goes.

    :param kind: Algorithm, arm and game: runs alike in all, or else in the first, are as fast
    :param timesteps_left: Timesteps that it still needs
    :param timesteps_per_second: Its rate, None while it has none
    """

    kind: tuple[str, str, str]
    timesteps_left: int
    timesteps_per_second: float | None = None


def kind_of(config: RunConfig) -> tuple[str, str, str]:
    """Return what a run's rate depends on most: algorithm, arm and game."""
    return config.algo, config.arm.name, config.env


def time_left(loads: Sequence[Load], n_processes: int) -> float | None:
    """Estimate the seconds until all runs have ended.

    :param loads: All runs, those that have ended among them: their rates count
    :param n_processes: How many run at a time
    :return: Seconds, None if no rate is known yet
    """
    if not any(load.timesteps_per_second for load in loads):
        return None
    rates = _Rates(loads)
    seconds = [load.timesteps_left / rates.of(load) for load in loads if load.timesteps_left > 0]
    return makespan(seconds, n_processes)


def makespan(durations: Iterable[float], n_processes: int) -> float:
    """Return when the last of several tasks ends, each begun as soon as a process is free.

    >>> makespan([3, 1, 1, 1], 2)
    3.0
    """
    ends = [0.0] * n_processes
    for duration in durations:
        heapq.heapreplace(ends, ends[0] + duration)
    return max(ends)


class _Rates:
    """Mean rates of runs alike in algorithm, arm and game; in the algorithm; at all."""

    def __init__(self, loads: Iterable[Load]) -> None:
        rates: dict[tuple[str, ...], list[float]] = {}
        for load in loads:
            if load.timesteps_per_second:
                for key in (load.kind, load.kind[:1], ()):
                    rates.setdefault(key, []).append(load.timesteps_per_second)
        self.means = {key: harmonic_mean(values) for key, values in rates.items()}

    def of(self, load: Load) -> float:
        keys = (load.kind, load.kind[:1], ())
        return load.timesteps_per_second or next(
            self.means[key] for key in keys if key in self.means
        )
