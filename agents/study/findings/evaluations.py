"""What was measured of the trained agents, in the evaluations beside the records."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np

from agents.play.evaluation import EVALUATION
from agents.study.findings.records import Record
from common.files import read_json
from coordrl.compare.comparing import words
from coordrl.compare.comparing.aggregates import Estimate
from coordrl.compare.statistics.two_arms import mean_interval

#: Algorithm, game and arm.
Cell = tuple[str, str, str]
#: An agent's evaluations with drawn actions, by whether its coordinates were on; None without any.
Drawn = dict[bool | None, dict[str, Any]]


def evaluations(record: Record) -> dict[Cell, list[Drawn]]:
    """Return what was measured of each agent that was evaluated, game by game and arm by arm."""
    cells = defaultdict(list)
    for path in sorted(record.folder.rglob(EVALUATION)):
        told = read_json(path)
        drawn = {one["coordinates"]: one for one in told["evaluations"] if not one["deterministic"]}
        cells[told["algorithm"], told["game"], told["arm"]].append(drawn)
    games, arms = record.study.env, record.study.arms
    return dict(sorted(cells.items(), key=lambda item: _place(item[0], games, arms)))


def _place(cell: Cell, games: Sequence[str], arms: Sequence[str]) -> tuple[int, int]:
    return games.index(cell[1]), arms.index(cell[2])


def mean_text(values: Sequence[float]) -> str:
    """Return a mean over agents with half of its interval."""
    return words.plus_minus(float(np.mean(values)), mean_interval(values))


def change_text(before: Sequence[float], after: Sequence[float]) -> str:
    """Return the mean of each agent's own change, with its interval."""
    changes = [b - a for a, b in zip(before, after, strict=True)]
    estimate = Estimate(value=float(np.mean(changes)), interval=mean_interval(changes))
    return words.estimate_text(estimate, sign=True)
