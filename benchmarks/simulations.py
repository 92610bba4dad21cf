"""How often the comparison's statistics are right, on made-up scores whose truth is known.

Verdicts are those of reports, with Holm's correction over a family of four, many studies at once
(tests/compare/test_simulations.py holds them against whole comparisons); intervals are compared
with what they are intervals of.

    python benchmarks/simulations.py [--studies 2000] [--json PATH]
"""

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coordrl.compare.statistics.many_games import (
    GameScores,
    mean_difference,
    percentiles,
    probability_of_improvement,
)
from coordrl.compare.statistics.permutation import permutation_p_values
from coordrl.compare.statistics.two_arms import ALPHA, CONFIDENCE, decide, holm, t_half_width, welch

Scores = NDArray[np.float64]

SEEDS = (3, 5, 8, 10)
# Seeds of an arm and of another whose scores vary three times less.
UNEQUAL = ((5, 5), (8, 8), (16, 16), (5, 8), (8, 5), (4, 8))
# What baselines score above 0, in standard deviations between seeds.
LEVEL = 5.0
# The family: two algorithms, and two arms beside each baseline.
ALGORITHMS = 2
ARMS = 3
# Bootstrap samples in simulations, and seeds that stand for infinitely many.
REPETITIONS = 1_000
MANY = 20_001


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--studies", type=int, default=4_000, help="simulated, a cell of a table")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    options = parser.parse_args()
    tables: dict[str, Any] = {}
    for title, rows, columns, simulate in TABLES:
        print(f"\n{title}\n{'scores':<14}", *(f"{column!s:>8}" for column in columns))
        tables[title] = {}
        for row in rows:
            shares = [simulate(row, column, options.studies) for column in columns]
            tables[title][row] = shares
            print(f"{row:<14}", *(f"{share:8.3f}" for share in shares), flush=True)
    if options.json:
        options.json.write_text(json.dumps(tables, indent=1) + "\n")


def _lognormal(generator: np.random.Generator, size: tuple[int, ...]) -> Scores:
    mean, variance = exp(0.75**2 / 2), (exp(0.75**2) - 1) * exp(0.75**2)
    return (generator.lognormal(0, 0.75, size) - mean) / variance**0.5


def _beta(a: float, b: float) -> Callable[[np.random.Generator, tuple[int, ...]], Scores]:
    mean, variance = a / (a + b), a * b / ((a + b) ** 2 * (a + b + 1))
    return lambda generator, size: (generator.beta(a, b, size) - mean) / variance**0.5


def _failing(generator: np.random.Generator, size: tuple[int, ...]) -> Scores:
    learnt = generator.random(size) < 0.7
    return (learnt - 0.7 + generator.normal(0, 0.05, size)) / (0.21 + 0.05**2) ** 0.5


#: Scores of seeds with mean 0 and standard deviation 1.
SHAPES: dict[str, Callable[[np.random.Generator, tuple[int, ...]], Scores]] = {
    "normal": lambda generator, size: generator.normal(size=size),
    "skewed": _lognormal,  # a few seeds score far more
    "heavy-tailed": lambda generator, size: generator.standard_t(3, size) / 3**0.5,
    "bounded": _beta(0.5, 0.5),  # most seeds near the lowest or the highest score
    "ceiling": _beta(5, 0.5),  # most seeds near the highest score, as in Pong
    "failing": _failing,  # three of ten seeds learn nothing
}


def false_verdicts(shape: str, seeds: int, studies: int) -> float:
    """Return the share of studies of equal arms in which some arm is better or worse."""
    scores = _scores(_generator(shape, seeds), shape, (studies, seeds))
    found = verdicts(scores)
    return float(np.isin(found, ("better", "worse")).any(axis=1).mean())


def false_with_unequal_spreads(shape: str, seeds: tuple[int, int], studies: int) -> float:
    """Return how often arms of equal means are told apart where one's scores vary three times more.

    :param seeds: of that arm, and of the other
    """
    generator = _generator(shape, seeds)
    x, y = (SHAPES[shape](generator, (2 * studies, number)) for number in seeds)
    return float(np.mean(permutation_p_values(3 * x, y) <= ALPHA))


def power(shape: str, seeds: int, studies: int) -> float:
    """Return the share of studies of one arm that find it to be 2 sd better."""
    scores = _scores(_generator(shape, seeds), shape, (studies, seeds))[:, :1, :2]
    scores[:, 0, 1] += 2
    return float(np.mean(verdicts(scores)[:, 0] == "better"))


def power_among_four(shape: str, seeds: int, studies: int) -> float:
    """Return the share of studies of four arms that find the one that is 2 sd better."""
    scores = _scores(_generator(shape, seeds), shape, (studies, seeds))
    scores[:, 0, 1] += 2
    return float(np.mean(verdicts(scores)[:, 0] == "better"))


def verdicts(scores: Scores) -> NDArray[np.str_]:
    """Return the verdicts of many studies, as `compare` would, but for equivalence.

    What it calls equivalent is inconclusive here, and what it calls negligible better or worse.

    :param scores: of both algorithms' arms, shape (studies, algorithms, arms, seeds)
    :return: of the first algorithm's arms, then of the second's, shape (studies, tests)
    """
    seeds = scores.shape[-1]
    arms, baselines = np.broadcast_arrays(scores[:, :, 1:], scores[:, :, :1])
    p_values = permutation_p_values(arms.reshape(-1, seeds), baselines.reshape(-1, seeds))
    differences = (arms.mean(axis=-1) - baselines.mean(axis=-1)).reshape(len(scores), -1)
    return np.array(
        [
            [_verdict(d, p) for d, p in zip(of_study, holm(p_of_study), strict=True)]
            for of_study, p_of_study in zip(
                differences, p_values.reshape(differences.shape).tolist(), strict=True
            )
        ]
    )


def _verdict(difference: float, p_holm: float) -> str:
    return decide(
        difference,
        0.0,
        informative=True,
        interval=None,
        p_difference=p_holm,
        p_equivalence=None,
        p_possible=0.0,
    )


def _scores(generator: np.random.Generator, shape: str, size: tuple[int, int]) -> Scores:
    """Return scores of `size` (studies, seeds), shape (studies, algorithms, arms, seeds)."""
    studies, seeds = size
    return LEVEL + SHAPES[shape](generator, (studies, ALGORITHMS, ARMS, seeds))


def difference_coverage(shape: str, seeds: int, studies: int, *, spread: float = 1.0) -> float:
    """Return how often Welch's interval holds the difference of two arms.

    :param spread: standard deviation of one arm in those of the other
    """
    generator = _generator(shape, seeds)
    x, y = SHAPES[shape](generator, (2, 2 * studies, seeds))
    intervals = [
        found.interval() for a, b in zip(spread * x, y, strict=True) if (found := welch(a, b))
    ]
    return float(np.mean([low <= 0 <= high for low, high in intervals]))


def unequal_coverage(shape: str, seeds: int, studies: int) -> float:
    """Return the same where one arm's scores vary three times as much."""
    return difference_coverage(shape, seeds, studies, spread=3.0)


def mean_coverage(shape: str, seeds: int, studies: int) -> float:
    """Return how often the t interval of an arm's mean holds it."""
    samples = SHAPES[shape](_generator(shape, seeds), (seeds, 50 * studies))
    return float(np.mean(np.abs(samples.mean(axis=0)) <= t_half_width(samples, CONFIDENCE)))


def false_equivalence(shape: str, seeds: int, studies: int) -> float:
    """Return how often arms that differ by just the margin are called equivalent.

    The margin is a tenth of what the baseline scored, as in studies, and so varies itself.
    """
    generator = _generator(shape, seeds)
    level = 100.0  # a margin of 10 sd, so that the test has power
    x, y = level + SHAPES[shape](generator, (2, 2 * studies, seeds))
    found = [(welch(1.1 * level - level + a, b), 0.1 * b.mean()) for a, b in zip(x, y, strict=True)]
    return float(np.mean([d is not None and d.p_equivalence(m) <= ALPHA for d, m in found]))


STATISTICS = ("mean", "median", "IQM", "gap", "improvement", "IQM diff.", "mean diff.")


def games_coverage(games: int) -> Callable[[str, int, int], float]:
    """Return what tells how often intervals over so many games hold what they estimate."""
    return lambda name, seeds, studies: _games_coverage(games, seeds, studies // 4)[name]


@cache
def _games_coverage(games: int, seeds: int, studies: int) -> dict[str, float]:
    """Simulate two arms, one a tenth better, in games of all shapes, levels and spreads."""
    generator = _generator(games, seeds)
    level = generator.lognormal(-0.5, 1.0, size=games)
    truth = _truth(*_two_arms(level, MANY, generator))
    hits = dict.fromkeys(STATISTICS, 0)
    for _ in range(studies):
        x, y = _two_arms(level, seeds, generator)
        for name, (low, high) in _intervals(x, y, generator).items():
            hits[name] += low <= truth[name] <= high
    return {name: count / studies for name, count in hits.items()}


def _two_arms(level: Scores, seeds: int, generator: np.random.Generator) -> list[GameScores]:
    shapes = [list(SHAPES.values())[game % len(SHAPES)] for game in range(len(level))]
    return [
        GameScores(
            tuple(
                mean * (better + 0.3 * shape(generator, (seeds,)))
                for shape, mean in zip(shapes, level, strict=True)
            )
        )
        for better in (1.1, 1.0)
    ]


def _truth(x: GameScores, y: GameScores) -> dict[str, float]:
    of_x, of_y = x.weights(), y.weights()
    return {
        "mean": float(x.mean(of_x)),
        "median": float(x.median(of_x)),
        "IQM": float(x.iqm(of_x)),
        "gap": float(x.optimality_gap(of_x)),
        "improvement": float(np.mean(x.values > y.values)),
        "IQM diff.": float(x.iqm(of_x) - y.iqm(of_y)),
        "mean diff.": float(x.mean(of_x) - y.mean(of_y)),
    }


def _intervals(
    x: GameScores, y: GameScores, generator: np.random.Generator
) -> dict[str, Sequence[float]]:
    of_x, of_y = x.resampled(REPETITIONS, generator), y.resampled(REPETITIONS, generator)
    samples = {
        "mean": x.mean(of_x),
        "median": x.median(of_x),
        "IQM": x.iqm(of_x),
        "gap": x.optimality_gap(of_x),
        "improvement": probability_of_improvement(x, y, of_x, of_y),
        "IQM diff.": x.iqm(of_x) - y.iqm(of_y),
    }
    difference = mean_difference(x, y)
    intervals = {name: tuple(percentiles(drawn)) for name, drawn in samples.items()}
    return intervals | {"mean diff.": difference.interval() if difference else (0.0, 0.0)}


def _generator(*cell: object) -> np.random.Generator:
    return np.random.default_rng(list(repr(cell).encode()))


#: Titles, what the rows are, the columns, and what gives a number.
TABLES: list[tuple[str, Iterable[str], Sequence[Any], Callable[[str, Any, int], float]]] = [
    (
        "false better or worse in a null study, family of 4 (at most .05)",
        SHAPES,
        SEEDS,
        false_verdicts,
    ),
    (
        "false better or worse alone, equal means, spreads 3 to 1, by the seeds of the wide and of "
        "the narrow arm (.05)",
        SHAPES,
        UNEQUAL,
        false_with_unequal_spreads,
    ),
    ("power for an arm that is 2 sd better, alone (.8 at 8 seeds)", SHAPES, SEEDS, power),
    ("power for an arm that is 2 sd better, one of 4", SHAPES, SEEDS, power_among_four),
    (
        "coverage of the interval of a difference, same spread (.95)",
        SHAPES,
        SEEDS,
        difference_coverage,
    ),
    (
        "coverage of the interval of a difference, spreads 3 to 1 (.95)",
        SHAPES,
        SEEDS,
        unequal_coverage,
    ),
    ("coverage of the interval of an arm's mean (.95)", SHAPES, SEEDS, mean_coverage),
    ("false equivalence at a difference of the margin (.05)", SHAPES, SEEDS, false_equivalence),
    ("coverage over 6 games (.95)", STATISTICS, SEEDS, games_coverage(6)),
    ("coverage over 26 games (.95)", STATISTICS, SEEDS, games_coverage(26)),
]


if __name__ == "__main__":
    main()
