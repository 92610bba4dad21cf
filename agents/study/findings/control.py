"""An A/A control: runs of one arm, split into two arms that cannot differ."""

from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from math import comb

import numpy as np

from coordrl.compare.comparing.arms import of_seeds
from coordrl.compare.comparing.cells import any_beats, contrast_of
from coordrl.compare.comparing.contrasts import correct
from coordrl.compare.comparing.results import ArmResult
from coordrl.compare.reading.runs import Study

#: Up to so many splits all are tried; of more, so many are drawn.
MOST_SPLITS = 1000


def control(study: Study, arm: ArmResult, random: float | None) -> Counter[str]:
    """Compare every half of an arm's runs with the other half, as a study of one game would.

    :param arm: of one game and algorithm, with at least two runs
    :param random: what random play scores there
    :return: how many splits have each verdict
    """
    seeds = {seed.seed for seed in arm.seeds}
    verdicts: Counter[str] = Counter()
    for chosen in _halves(sorted(seeds)):
        one, other = of_seeds(arm, chosen), of_seeds(arm, seeds - chosen)
        assert one is not None
        assert other is not None
        found = contrast_of(study, "one half", one, other, random)
        informative = random is None or any_beats([one, other], random)
        [decided] = correct([found], [informative], 1, pairs=False)
        verdicts[str(decided.verdict)] += 1
    return verdicts


def called_different(verdicts: Counter[str]) -> int:
    """Return how many splits were called better or worse: none of them is."""
    return verdicts["better"] + verdicts["worse"]


def _halves(seeds: list[int]) -> Iterator[set[int]]:
    half = len(seeds) // 2
    if comb(len(seeds), half) <= MOST_SPLITS:
        yield from map(set, combinations(seeds, half))
        return
    generator = np.random.default_rng(0)
    for _ in range(MOST_SPLITS):
        yield set(generator.permutation(seeds)[:half].tolist())
