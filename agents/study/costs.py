"""What finished runs cost: wall and CPU time, timesteps a second."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from rich.table import Table

from agents.run.display import duration


@dataclass(frozen=True)
class Cost:
    """What a finished run cost, as its run.json says.

    :param game: Game
    :param algorithm: Algorithm
    :param arm: Arm
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

    :param record: Its run.json
    """
    timing = record.get("timing")
    if record.get("status") != "finished" or not timing:
        return None
    return Cost(
        record["game"],
        record["algorithm"],
        record["arm"],
        timing["wall_seconds"],
        timing["cpu_seconds"],
        timing["timesteps_per_second"],
    )


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
