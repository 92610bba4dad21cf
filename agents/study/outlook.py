"""What can be known of a study before it trains: what may not be decided, or not be learned."""

import csv
from functools import cache
from pathlib import Path

from agents.run.config import RunConfig
from agents.study.config import StudyConfig
from coordrl.compare.statistics.attainability import unattainable


def warnings(study: StudyConfig, configs: list[RunConfig]) -> list[str]:
    """Say, a line each, why a study may end without an answer."""
    family = len(study.env) * len(study.algo) * (len(study.arms) - 1)
    powerless = unattainable(len(study.seeds), family, pairs=study.comparison.test == "paired")
    return [*([powerless] if powerless else []), *_not_learned(configs)]


def _not_learned(configs: list[RunConfig]) -> list[str]:
    """Name the games that public logs do not show to leave random play in so few timesteps."""
    planned = {(config.algo, config.env): config.n_timesteps for config in configs}
    return [
        f"{game}, {algo}: agents in public logs leave random play after {known:,} timesteps, and "
        f"{timesteps:,} are planned: there may be nothing to compare (the suites fast-ppo and "
        f"fast-a2c name games that are learned soon)"
        for (algo, game), timesteps in planned.items()
        if timesteps < (known := _rises_from().get((algo, game), 0))
    ]


@cache
def _rises_from() -> dict[tuple[str, str], int]:
    lines = Path(__file__).with_name("rises_from.csv").read_text().splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return {(row["algo"], row["game"]): int(row["timesteps"]) for row in rows}
