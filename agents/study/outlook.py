"""What can be known of a study before it trains: what may not be decided, or not be learned."""

import csv
from functools import cache
from pathlib import Path

from agents.run.config import RunConfig
from agents.study.config import StudyConfig
from coordrl.compare.statistics.attainability import unattainable
from coordrl.compare.statistics.permutation import ALPHA
from coordrl.compare.statistics.sequential import nominal_levels


def warnings(study: StudyConfig, configs: list[RunConfig]) -> list[str]:
    """Say, a line each, why a study may end without an answer."""
    powerless = unattainable(len(study.seeds), study.family, pairs=study.pairs)
    return [*([powerless] if powerless else []), *_looks(study), *_not_learned(configs)]


def _looks(study: StudyConfig) -> list[str]:
    """Name the looks at which no difference could be shown."""
    if study.looks is None or not study.family:
        return []
    levels = nominal_levels(study.looks, ALPHA / study.family, pairs=study.pairs)
    blind = [n for n, level in zip(study.looks, levels, strict=True) if not level]
    if len(blind) == len(study.looks):
        return ["no look can show a difference: give more seeds, fewer looks or fewer comparisons"]
    if not blind:
        return []
    listed = ", ".join(map(str, blind))
    return [f"looks at {listed} seeds per arm cannot show a difference, only that it is futile"]


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
