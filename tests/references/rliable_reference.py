"""
Reference values of rliable 1.2.0, which needs an older pandas than this project.

Run in an environment of its own, from the repository's root:

    python3 -m venv /tmp/rliable
    /tmp/rliable/bin/pip install 'rliable==1.2.0' 'pandas<3'
    /tmp/rliable/bin/python tests/references/rliable_reference.py

It writes the scores it made up and what rliable says of them to ``rliable.json`` beside itself.
"""

import importlib.metadata
import json
from pathlib import Path

import numpy as np
from rliable import library, metrics

REPETITIONS = 10_000
TAU = [-0.1, 0.0, 0.25, 0.5, 1.0, 2.0, 5.0]
METRICS = {
    "mean": metrics.aggregate_mean,
    "median": metrics.aggregate_median,
    "iqm": metrics.aggregate_iqm,
    "optimality_gap": metrics.aggregate_optimality_gap,
}


def main() -> None:
    np.random.seed(0)  # noqa: NPY002 (rliable draws from numpy's global state)
    cases = [case(*sizes) for sizes in ((3, 2), (5, 6), (8, 5), (10, 7))]
    record = {
        "versions": {
            name: importlib.metadata.version(name) for name in ("rliable", "arch", "scipy")
        },
        "repetitions": REPETITIONS,
        "tau": TAU,
        "cases": cases,
    }
    Path(__file__).with_name("rliable.json").write_text(json.dumps(record, indent=1) + "\n")


def case(seeds: int, games: int) -> dict[str, object]:
    """Return human-normalised scores of two arms, skewed and with ties, and rliable's answers."""
    generator = np.random.default_rng([seeds, games])
    level = generator.lognormal(-0.7, 1.2, size=games)
    x = np.round(level * generator.lognormal(0.2, 0.5, size=(seeds, games)) - 0.1, 2)
    y = np.round(level * generator.lognormal(0.0, 0.5, size=(seeds, games)) - 0.1, 2)
    return {
        "x": x.tolist(),
        "y": y.tolist(),
        "metrics": estimates({"x": x}, lambda s: np.array([f(s) for f in METRICS.values()])),
        "improvement": estimates({"x": (x, y)}, metrics.probability_of_improvement),
        "profile": estimates({"x": x}, lambda s: library.score_distributions(s, TAU)),
    }


def estimates(scores: dict[str, object], statistic: object) -> dict[str, object]:
    """Return rliable's point estimates and stratified percentile intervals."""
    points, intervals = library.get_interval_estimates(scores, statistic, reps=REPETITIONS)
    return {"value": np.atleast_1d(points["x"]).tolist(), "interval": intervals["x"].tolist()}


if __name__ == "__main__":
    main()
