"""How sequential studies do on made-up scores, by the code that decides real ones.

The rows of docs/statistics_tables.md on sequential studies, a line each.

python benchmarks/sequential.py [--studies 2000] [--tables NAME ...] [--json PATH]
"""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.simulations import SHAPES, Scores
from coordrl.compare.statistics.looks import Design
from coordrl.compare.statistics.sequential import default_looks
from coordrl.compare.statistics.simulated_looks import (
    MARGIN,
    claims,
    fixed_power,
    follow_scores,
    summary,
)

MAXIMUM = 16
FAMILIES = (1, 3, 6)
EFFECTS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
# What two arms' scores with the same seed share of their variance, where looks are paired.
CORRELATION = 0.5
# Two games with three arms beside the baseline each, and how far all of them are above random play
# in one of the two, in standard deviations between seeds: in the other they are far above.
CELLS, ARMS, FAR = 2, 3, 5.0
LEVELS = (0.0, 0.5, 1.0, 2.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--studies", type=int, default=2_000, help="simulated, a cell of a table")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=list(TABLES), metavar="NAME")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for row in simulated(options.studies, options.tables):
        rows.append(row)
        print(" ".join(f"{name}={_short(value)}" for name, value in row.items()), flush=True)
        if options.json:
            options.json.write_text(json.dumps(rows, indent=1) + "\n")


def simulated(studies: int, tables: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of tables."""
    for name in tables:
        for row in TABLES[name](studies):
            yield {"table": name, **row}


def false_alarms_table(studies: int) -> Iterator[dict[str, Any]]:
    for family in FAMILIES:
        for shape in SHAPES:
            yield false_alarms(shape, family, studies)


def paired_false_alarms_table(studies: int) -> Iterator[dict[str, Any]]:
    for family in FAMILIES:
        for shape in SHAPES:
            yield false_alarms(shape, family, studies, pairs=True)


def power_table(studies: int) -> Iterator[dict[str, Any]]:
    for family in FAMILIES:
        for effect in EFFECTS:
            yield power("normal", family, effect, studies)
    for shape in SHAPES:
        for effect in (1.0, 2.0):
            if shape != "normal":
                yield power(shape, 6, effect, studies)


def paired_power_table(studies: int) -> Iterator[dict[str, Any]]:
    for family in FAMILIES:
        for effect in EFFECTS:
            yield power("normal", family, effect, studies, pairs=True)


def uninformative_table(studies: int) -> Iterator[dict[str, Any]]:
    for effect in (0.0, 2.0):
        for level in LEVELS:
            yield uninformative(level, effect, studies)


def scores_of(
    shape: str, family: int, effect: float, studies: int, *, pairs: bool = False
) -> Scores:
    """Return scores of one cell, shape (studies, 1, 1 + family, seeds)."""
    cell = repr((shape, family, effect)).encode()
    generator = np.random.default_rng(list(cell))
    scores = SHAPES[shape](generator, (studies, 1, 1 + family, MAXIMUM))
    if pairs:
        shared = SHAPES[shape](generator, (studies, 1, 1, MAXIMUM))
        scores = (1 - CORRELATION) ** 0.5 * scores + CORRELATION**0.5 * shared
    scores[:, :, 1:] += effect
    return scores


def false_alarms(shape: str, family: int, studies: int, *, pairs: bool = False) -> dict[str, Any]:
    """Return how often a study of equal arms finds a difference if it takes all its looks."""
    looks = default_looks(MAXIMUM, family, pairs=pairs)
    design = Design(looks, family, pairs=pairs, futility=None)
    scores = scores_of(shape, family, 0.0, studies, pairs=pairs)
    begun = time.process_time()
    found = summary(design, 1, 0.0, follow_scores(design, scores, margin=0.0))
    return {
        "family": family,
        "looks": list(looks),
        "scores": shape,
        "sequential": found.any_found,
        "cpu_seconds": time.process_time() - begun,
    }


def power(
    shape: str, family: int, effect: float, studies: int, *, pairs: bool = False
) -> dict[str, Any]:
    """Return what a study does in which all arms differ from the baseline by an effect in sd."""
    looks = default_looks(MAXIMUM, family, pairs=pairs)
    design = Design(looks, family, pairs=pairs)
    scores = scores_of(shape, family, effect, studies, pairs=pairs)
    found = summary(design, 1, effect, follow_scores(design, scores, MARGIN))
    return {
        "family": family,
        "looks": list(looks),
        "scores": shape,
        "effect": effect,
        "power": found.power,
        "any_found": found.any_found,
        "seeds": found.seeds,
        "runs": found.runs / (MAXIMUM * (1 + family)),
        "fixed_power": fixed_power(design, scores[: max(200, studies // 4)]),
    }


def uninformative(level: float, effect: float, studies: int) -> dict[str, Any]:
    """Return what a study does that may stop as uninformative, or as futile, in one of two games.

    :param level: of all arms above random play in that game, in sd
    :param effect: of its other arms against its baseline, in sd; in the other game there is none
    """
    looks = default_looks(MAXIMUM, CELLS * ARMS)
    design = Design(looks, CELLS * ARMS)
    generator = np.random.default_rng(list(repr((level, effect)).encode()))
    scores = generator.normal(size=(studies, CELLS, 1 + ARMS, MAXIMUM))
    scores[:, 0] += level
    scores[:, 0, 1:] += effect
    scores[:, 1] += FAR
    courses = follow_scores(design, scores, MARGIN, random=0.0)
    claimed = np.array([claims(design, study) for study in courses])
    seeds = np.array([[looks[len(course) - 1] for course in study] for study in courses])
    stops = [course[-1].state for study in courses for course in study[:ARMS]]
    return {
        "looks": list(looks),
        "level": level,
        "effect": effect,
        "false": float((claimed if effect == 0 else claimed[:, ARMS:]).any(axis=1).mean()),
        "power": float(claimed[:, :ARMS].mean()),
        "uninformative": stops.count("uninformative") / len(stops),
        "futile": stops.count("futile") / len(stops),
        "seeds": float(seeds[:, :ARMS].mean()),
        "seeds_far": float(seeds[:, ARMS:].mean()),
    }


TABLES: dict[str, Callable[[int], Iterator[dict[str, Any]]]] = {
    "false-alarms": false_alarms_table,
    "power": power_table,
    "paired-false-alarms": paired_false_alarms_table,
    "paired-power": paired_power_table,
    "uninformative": uninformative_table,
}


def _short(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value).replace(" ", "")


if __name__ == "__main__":
    main()
