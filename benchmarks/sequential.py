"""How sequential studies do on made-up scores, by the code that decides real ones.

The rows of docs/statistics_tables.md on sequential studies, a line each.

python benchmarks/sequential.py [--studies 2000] [--json PATH]
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.simulations import SHAPES, Scores
from coordrl.compare.statistics.looks import Design
from coordrl.compare.statistics.sequential import default_looks
from coordrl.compare.statistics.simulated_looks import MARGIN, fixed_power, follow_scores, summary

MAXIMUM = 16
FAMILIES = (1, 3, 6)
EFFECTS = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--studies", type=int, default=2_000, help="simulated, a cell of a table")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for row in simulated(options.studies):
        rows.append(row)
        print(" ".join(f"{name}={_short(value)}" for name, value in row.items()), flush=True)
        if options.json:
            options.json.write_text(json.dumps(rows, indent=1) + "\n")


def simulated(studies: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of all tables, the false alarms first."""
    for family in FAMILIES:
        for shape in SHAPES:
            yield false_alarms(shape, family, studies)
    for family in FAMILIES:
        for effect in EFFECTS:
            yield power("normal", family, effect, studies)
    for shape in SHAPES:
        for effect in (1.0, 2.0):
            if shape != "normal":
                yield power(shape, 6, effect, studies)


def scores_of(shape: str, family: int, effect: float, studies: int) -> Scores:
    """Return scores of one cell, shape (studies, 1, 1 + family, seeds)."""
    cell = repr((shape, family, effect)).encode()
    generator = np.random.default_rng(list(cell))
    scores = SHAPES[shape](generator, (studies, 1, 1 + family, MAXIMUM))
    scores[:, :, 1:] += effect
    return scores


def false_alarms(shape: str, family: int, studies: int) -> dict[str, Any]:
    """Return how often a study of equal arms finds a difference if it takes all its looks."""
    looks = default_looks(MAXIMUM, family)
    design = Design(looks, family, futility=None)
    scores = scores_of(shape, family, 0.0, studies)
    begun = time.process_time()
    found = summary(design, 1, 0.0, follow_scores(design, scores, margin=0.0))
    return {
        "table": "false alarms",
        "family": family,
        "looks": list(looks),
        "scores": shape,
        "sequential": found.any_found,
        "cpu_seconds": time.process_time() - begun,
    }


def power(shape: str, family: int, effect: float, studies: int) -> dict[str, Any]:
    """Return what a study does in which all arms differ from the baseline by an effect in sd."""
    looks = default_looks(MAXIMUM, family)
    design = Design(looks, family)
    scores = scores_of(shape, family, effect, studies)
    found = summary(design, 1, effect, follow_scores(design, scores, MARGIN))
    return {
        "table": "power",
        "family": family,
        "looks": list(looks),
        "scores": shape,
        "effect": effect,
        "power": found.power,
        "seeds": found.seeds,
        "runs": found.runs / (MAXIMUM * (1 + family)),
        "fixed_power": fixed_power(design, scores[: max(200, studies // 4)]),
    }


def _short(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value).replace(" ", "")


if __name__ == "__main__":
    main()
