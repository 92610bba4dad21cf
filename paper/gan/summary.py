"""The table, the comparisons, and what they say of the paper's claim."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean as mean

from coordrl.compare.statistics.families import Comparison, Samples, compare
from paper.gan.networks import ARMS
from paper.gan.training import RECIPES
from paper.study import Run, Table

MEASURES = (
    *("spread", "red", "blue", "difference", "tv"),
    *("there", "valid", "valid_spread", "pair", "distinct"),
    *("path_valid", "path_jump", "path_area"),
)
SHOWN = (*RECIPES, "vae")
"""The last is no GAN: its trainings are shown, and decide nothing."""
TABLE = Table({"canvas": None, "recipe": SHOWN, "arm": ARMS}, MEASURES)
ENOUGH_VALID = 0.1
"""Of the pictures of the arm with the larger spread: with fewer its spread says nothing."""
MARGIN = 0.1
"""Nats: the smallest difference that matters. The paper's are .17 and .24."""
RULE = (
    "Written before the trainings were run. The outcome is spread: the mean of the entropies "
    "of where red and blue objects are, in nats, the paper's measure. For each recipe, the "
    "spread of CoordConv (in both networks) is compared with that of the plain networks by "
    "the exact unpaired permutation test and by two one-sided tests for equivalence, both "
    "with Holm's correction for the two recipes; a difference matters from .1. The claim, "
    "less mode collapse, is reproduced if CoordConv is better with both recipes; reproduced "
    "only with the paper's recipe if it is better with that one and not with the stable one; "
    "not reproduced if with the paper's recipe it is shown to be equivalent, worse, or better"
    " by less than .1; undecided otherwise. Entropy rewards noise: a recipe is uninformative, "
    "and counts for neither side, if less than a tenth of the pictures of its arm with the larger "
    "spread is valid (mean over seeds). A network that paints nothing has a spread of 0, like one "
    "that paints one picture. A training whose loss is no longer a number has failed, and while "
    "any training is missing nothing is decided."
)


def comparisons(runs: Sequence[Run]) -> list[Comparison]:
    """Compare CoordConv in both networks with plain ones, for each recipe."""
    family = []
    for recipe in RECIPES:
        plain = TABLE.scores(runs, recipe=recipe, arm="plain")
        coordconv = TABLE.scores(runs, recipe=recipe, arm="coord-gd")
        if min(len(plain), len(coordconv)) > 1:
            larger = "coord-gd" if mean(coordconv) > mean(plain) else "plain"
            valid = mean(TABLE.scores(runs, "valid", recipe=recipe, arm=larger))
            enough = valid >= ENOUGH_VALID
            family.append(Samples(f"{recipe} recipe", plain, coordconv, MARGIN, enough))
    # Entropies near 0 have no ratio that would say anything.
    found = compare(family) if family else []
    return [replace(one, ratio=None, ratio_interval=None) for one in found]


def claim(found: Sequence[Comparison]) -> str:
    """Return the verdict on the paper's claim, as the rule has it."""
    if len(found) != len(RECIPES):
        return "undecided"
    papers, stable = found
    if papers.verdict == "better":
        also = stable.verdict == "better"
        return "reproduced" if also else "reproduced only with the paper's recipe"
    decided = papers.verdict in ("equivalent", "worse", "negligible")
    return "not reproduced" if decided else "undecided"


def answer(claimed: str) -> str:
    """Answer the page's question in a sentence."""
    return f"The paper reports less mode collapse with CoordConv. By the rule below: {claimed}."
