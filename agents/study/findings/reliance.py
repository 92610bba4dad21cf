"""What the trained agents do with their coordinates, from the evaluations beside the records."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agents.play.evaluation import EVALUATION
from agents.study.findings.records import Record
from common.files import read_json
from coordrl.compare.comparing import words
from coordrl.compare.comparing.aggregates import Estimate
from coordrl.compare.statistics.two_arms import mean_interval
from coordrl.compare.writing.markdown import table

Cell = tuple[str, str, str]


@dataclass(frozen=True)
class Reliance:
    """Agents of a game, algorithm and arm, each evaluated with its coordinates on and off.

    Of every tuple a value is an agent's.

    :param changed: share of observations on which the greedy action changes when they are off
    :param kl: Kullback-Leibler divergence of the action distributions, nats, mean over observations
    :param returns: mean return with coordinates
    :param without: mean return of the same agent without
    """

    algorithm: str
    game: str
    arm: str
    changed: tuple[float, ...]
    kl: tuple[float, ...]
    returns: tuple[float, ...]
    without: tuple[float, ...]

    @property
    def lost(self) -> tuple[float, ...]:
        """The change of the mean return when they are switched off."""
        return tuple(b - a for a, b in zip(self.returns, self.without, strict=True))


def reliance_table(records: Sequence[Record]) -> str:
    """Return the table of the page; empty if no agent was evaluated."""
    rows = [
        (
            words.algorithm_text(found.algorithm),
            found.game,
            found.arm,
            str(len(found.returns)),
            _range_text(found.changed),
            _mean_text(found.kl),
            _mean_text(found.returns),
            _mean_text(found.without),
            words.estimate_text(
                Estimate(value=float(np.mean(found.lost)), interval=mean_interval(found.lost)),
                sign=True,
            ),
        )
        for found in reliances(records)
    ]
    columns = (
        *("algorithm", "game", "arm", "agents", "other action", "KL"),
        *("return", "return without", "difference (95 %)"),
    )
    return table(columns, rows, left=3) if rows else ""


def _range_text(values: Sequence[float]) -> str:
    return " to ".join(f"{value:.2f}" for value in (min(values), max(values)))


def _mean_text(values: Sequence[float]) -> str:
    return words.plus_minus(float(np.mean(values)), mean_interval(values))


def reliances(records: Sequence[Record]) -> list[Reliance]:
    """Return what was measured of the records' agents, game by game."""
    found = []
    for record in records:
        cells = _evaluated(record.folder)
        for cell in sorted(cells, key=lambda cell: (record.study.env.index(cell[1]), cell)):
            on, off = ([agent[switch] for agent in cells[cell]] for switch in (True, False))
            found.append(
                Reliance(
                    *cell,
                    _measured("greedy_changed", on),
                    _measured("kl", on),
                    tuple(each["mean"] for each in on),
                    tuple(each["mean"] for each in off),
                )
            )
    return found


def _measured(name: str, evaluations: Sequence[dict[str, Any]]) -> tuple[float, ...]:
    return tuple(each["reliance"][name] for each in evaluations)


def _evaluated(folder: Path) -> dict[Cell, list[dict[bool, Any]]]:
    """Return each agent's evaluations with drawn actions, by whether coordinates were on."""
    cells = defaultdict(list)
    for path in sorted(folder.rglob(EVALUATION)):
        told = read_json(path)
        drawn = {e["coordinates"]: e for e in told["evaluations"] if not e["deterministic"]}
        if drawn.keys() >= {True, False}:
            cells[told["algorithm"], told["game"], told["arm"]].append(drawn)
    return dict(cells)
