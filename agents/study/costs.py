"""What finished runs cost, and how long the others will still take at such rates."""

import heapq
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, harmonic_mean
from typing import Any

from rich.table import Table

from agents.run.config import RunConfig
from agents.run.display import duration
from agents.run.records import Timing


@dataclass(frozen=True)
class Cost:
    """What a finished run cost, as its run.json says.

    :param wall_seconds: Wall time of training, over all attempts
    :param cpu_seconds: CPU time of its process, training
    :param timesteps_per_second: Mean rate
    """

    game: str
    algorithm: str
    arm: str
    wall_seconds: float
    cpu_seconds: float
    timesteps_per_second: float


def cost_of(record: dict[str, Any]) -> Cost | None:
    """Read what a run cost, None unless it is finished.

    :param record: Its :class:`agents.run.records.RunRecord`
    """
    timing = record.get("timing")
    if record["status"] != "finished" or not timing:
        return None
    names = (record["game"], record["algorithm"], record["arm"])
    return Cost(*names, *(timing[name] for name in Timing.model_fields))


def cost_table(costs: Iterable[Cost]) -> Table:
    """Make a table of means a run, with the sum of all runs at its end."""
    costs = list(costs)
    groups: dict[tuple[str, str, str], list[Cost]] = {}
    for cost in costs:
        groups.setdefault((cost.game, cost.algorithm, cost.arm), []).append(cost)
    table = Table("game", "algorithm", "arm", box=None)
    for column in ("runs", "wall time", "CPU time", "timesteps/s"):
        table.add_column(column, justify="right")
    for names, group in groups.items():
        table.add_row(
            *names,
            str(len(group)),
            duration(fmean(cost.wall_seconds for cost in group)),
            duration(fmean(cost.cpu_seconds for cost in group)),
            f"{fmean(cost.timesteps_per_second for cost in group):,.0f}",
        )
    wall, cpu = sum(cost.wall_seconds for cost in costs), sum(cost.cpu_seconds for cost in costs)
    table.add_row("sum", "", "", str(len(costs)), duration(wall), duration(cpu))
    return table


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


def makespan(seconds: Iterable[float], n_processes: int) -> float:
    """Return when the last of several tasks ends, each begun as soon as a process is free.

    >>> makespan([3, 1, 1, 1], 2)
    3.0
    """
    ends = [0.0] * n_processes
    for each in seconds:
        heapq.heapreplace(ends, ends[0] + each)
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
